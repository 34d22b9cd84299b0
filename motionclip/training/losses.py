"""The losses of both models: named, weighted terms for one batch of windows, body points among them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from ..models.flow import FlowModel
from ..models.transformer import MotionTransformer
from ..motion import skeleton
from ..viz.bodies import Body
from .dataset import Batch
from .frames import FrameTower
from .text_pool import TextPool

TEMPERATURE = 0.07
NEAR_DUPLICATE = 0.95
GENERAL = 0.4  # share of texts of the action, not of the clip
CONDITION_NOISE = 0.03
CONDITION_DROPOUT = 0.1
ENCODED_SHARE = 3  # one window in three is encoded
LABEL_SMOOTHING = 0.05
JITTER = 0.01  # added to the features that the encoder learns from


@dataclass(frozen=True)
class Alignment:
    """What latents are aligned with, and how much each counts. A weight of 0 leaves it out.

    Attributes:
        texts: embeddings of texts.
        frames: embeddings of rendered frames, for an image tower.
        text_weight: the weight of the texts.
        image_weight: the weight of the frames.
        body: with one, body points are its vertices, as in the paper; without, the joints.
    """

    texts: TextPool
    frames: FrameTower | None = None
    text_weight: float = 1.0
    image_weight: float = 0.0
    body: Body | None = None

    def images(
        self, z: torch.Tensor, batch: Batch, mine: torch.Tensor, generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """The loss for rendered frames: 1 − cosine of latents to frames of their windows.

        Args:
            z: (len(mine), D) latents.
            batch: the whole batch.
            mine: numbers of the latents' windows.
            generator: of everything random.

        Returns:
            The weighted scalar "image"; nothing without an image tower.
        """
        if self.frames is None or not self.image_weight:
            return {}
        seen = self.frames.draw(batch, mine.cpu(), generator).to(z.device)
        return {"image": self.image_weight * (1 - functional.cosine_similarity(z, seen, dim=-1).mean())}


def flow_losses(
    model: FlowModel, batch: Batch, alignment: Alignment, generator: torch.Generator, part: tuple[int, int] = (0, 1)
) -> dict[str, torch.Tensor]:
    """The encoder's alignment and the flow's matching error for one batch.

    The first part of the batch (a third) is encoded: its latents are aligned with text and condition the flow; the
    rest is conditioned on text, so that both are interchangeable as the decoder's input. Everything random is drawn for
    the whole batch, the large tensors on their device, so that processes together compute what one process would.

    Args:
        model: the model, its basis fitted.
        batch: windows of the whole batch.
        alignment: what latents are aligned with, and the weights of that.
        generator: of everything random but dropout and large tensors.
        part: (rank, number) of the processes; each takes its share of the batch.

    Returns:
        Weighted scalars, whose sum is minimised: "flow"; while the encoder learns also "action", "caption", "cosine"
        and, with an image tower, "image".
    """
    pool, text = alignment.texts, alignment.text_weight
    size, device = len(batch.clip), batch.features.device
    with torch.autocast(device.type, enabled=False):  # rounded, the motion to be learned would jitter
        coefficients = model.basis.project(batch.features)
    captions = pool.draw_mixed(batch.clip, batch.mirrored, GENERAL, generator)
    prototypes = pool.draw_prototypes(GENERAL, generator)
    labels = pool.labels(batch.clip, batch.mirrored)
    noise = torch.randn_like(coefficients)
    t = torch.randn(size, generator=generator).sigmoid().to(device)
    condition_noise = CONDITION_NOISE * torch.randn_like(captions)
    dropped = (torch.rand(size, generator=generator) < CONDITION_DROPOUT).to(device)

    mine = _share(size, part).to(device)
    encoded = mine[mine < size // ENCODED_SHARE]
    aligning = model.encoder.head.weight.requires_grad
    if aligning:
        jitter = JITTER * torch.randn_like(batch.features[: size // ENCODED_SHARE])
        views = model.views(coefficients[encoded], jitter[encoded])
        z = views[0]
    else:
        model.encoder.eval()
        z = model.encode_coefficients(coefficients[encoded])
    condition = captions[mine].clone()
    condition[mine < size // ENCODED_SHARE] = z.detach()
    condition = functional.normalize(condition + condition_noise[mine], dim=-1)
    condition = torch.where(dropped[mine, None], model.velocity.null, condition)
    deviations = model.basis.deviations
    weights = (deviations / deviations.mean()).clamp(0.2, 4)
    losses = {"flow": (weights * model.velocity.loss(coefficients[mine], noise[mine], t[mine], condition)).mean()}
    if aligning:
        similarity = captions[encoded] @ captions.T
        own = torch.arange(size, device=device) == encoded[:, None]
        contrast = (views @ captions.T / TEMPERATURE).masked_fill((similarity > NEAR_DUPLICATE) & ~own, -torch.inf)
        # An action that is right as well is no wrong answer.
        near = pool.near[labels[encoded]]
        shown = (views @ prototypes.T / TEMPERATURE).masked_fill(near, -1e4).flatten(0, 1)
        times = len(views)
        losses |= alignment.images(z, batch, encoded, generator)
        losses |= {
            "action": text * _cross_entropy(shown, labels[encoded].repeat(times), near.repeat(times, 1)),
            "caption": 0.5 * text * functional.cross_entropy(contrast.flatten(0, 1), encoded.repeat(times)),
            "cosine": text * (1 - (views * captions[encoded]).sum(-1).mean()),
        }
    return losses


def transformer_losses(
    model: MotionTransformer,
    batch: Batch,
    alignment: Alignment,
    generator: torch.Generator,
    part: tuple[int, int] = (0, 1),
) -> dict[str, torch.Tensor]:
    """The paper's losses for one batch. Arguments as for `flow_losses`.

    Returns:
        Weighted scalars, whose sum is minimised: "rc" (rotations and root), "rcxyz" (body points without the path),
        "vel" (velocities), each × 100, and with their weights "cosine" (texts) and "image".
    """
    mine = _share(len(batch.clip), part)
    captions = alignment.texts.draw(batch.clip, batch.mirrored, 0.0, generator)[mine]
    x = model.layout(batch.features[mine])
    mask = torch.ones(len(x), x.shape[-1], dtype=torch.bool, device=x.device)
    z = model.encode(x, mask)
    y = model.decode(z, mask)
    points, wanted = (_points(model, frames.float(), alignment.body) for frames in (y, x))
    losses = {
        "rc": 100 * functional.mse_loss(y, x),
        "rcxyz": 100 * functional.mse_loss(points, wanted),
        "vel": 100 * functional.mse_loss(y.diff(dim=-1), x.diff(dim=-1)),
    }
    if alignment.text_weight:
        losses["cosine"] = alignment.text_weight * (1 - functional.cosine_similarity(z, captions, dim=-1).mean())
    return losses | alignment.images(z, batch, mine, generator)


def _points(model: MotionTransformer, x: torch.Tensor, body: Body | None) -> torch.Tensor:
    """(batch, 25, 6, frames) → (batch, frames, points, 3): the body's vertices, or the joints, about the pelvis.

    Without the path, as in the paper's runs (`--no-vertstrans`): with it, the path would be nearly all of the error.
    """
    rotations = model.rotations(x)
    flat = rotations.flatten(0, 1)
    at = flat.new_zeros(len(flat), 3)
    points = skeleton.forward_kinematics(flat, at) if body is None else body.vertices(flat, at)
    return points.unflatten(0, rotations.shape[:2])


def _share(size: int, part: tuple[int, int]) -> torch.Tensor:
    """Indices of this process's windows: every ranks-th, so that each has as many encoded ones."""
    rank, ranks = part
    return torch.arange(rank, size, ranks)


def _cross_entropy(scores: torch.Tensor, labels: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
    """Smoothed cross-entropy of (N, actions) scores; `near` (N, actions) bool are left out of it."""
    logs = scores.log_softmax(-1)
    smooth = logs.masked_fill(near, 0).sum(-1) / (~near).sum(-1)
    own = logs.gather(1, labels[:, None])[:, 0]
    return -((1 - LABEL_SMOOTHING) * own + LABEL_SMOOTHING * smooth).mean()
