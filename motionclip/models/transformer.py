"""The paper's transformer motion auto-encoder (Tevet et al. 2022), deterministic encoder and decoder.

Layout of its input and output, as in the official code: (batch, 25, 6, frames) — 24 joint rotations as 6D, then
a row of three values and three zeros. A config says whether this follows the project (y up, a rotation's first two
columns, the root's path in the last row) or the authors' checkpoints (z up as in AMASS, a rotation's first two rows, in
the last row the right ankle).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from ..motion import skeleton
from ..motion.features import (
    canonical,
    features_motions,
    from_6d,
    from_features,
    in_order,
    motion_features,
    to_6d,
    to_features,
)
from ..motion.foot_contact import grounded
from ..motion.motion import Motion
from ..motion.root_path import path_of
from ..motion.windows import window_starts, windows_at
from .interface import Edit

ROWS = skeleton.NUM_JOINTS + 1
FADE = 10  # frames in which a part of a chain gives way to the next one
UPS = ("y", "z")
PATH, ANKLE = "path", "ankle"  # what the 25th row holds
FRONT, OWN, ALIGNED = "front", "own", "aligned"  # where bodies face
_RIGHT_ANKLE = skeleton.JOINT_INDEX["right_ankle"]
_Y_TO_Z = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])  # a y-up vector, seen with z up


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of a MotionTransformer; the defaults are the paper's, but for the tower. The rest is as in ModelSettings.

    Attributes:
        normalised: whether latents have unit length, as MiniLM's do. In the official code they have any length.
        up: the axis that points up in its frames.
        rows: whether a rotation's six numbers are its first two rows; else they are its first two columns.
        row_25: what the 25th row holds. "path": the root's path. "ankle": what the authors' parser writes there, the
            right ankle relative to the pelvis, minus its first frame. Then no path is known; it is computed from the
            contact of the feet with the floor.
        heading: where the bodies that it encodes face. "front": they are turned to start facing +z. "own": as recorded.
            "aligned": as --align_pose_frontview turns them in the authors' code, so that the root's rotation in the
            first frame is none. Decoded bodies always face +z.
    """

    known_share = 0.0  # there is no noise to set out from

    architecture: str = "transformer"
    tower: str | None = "minilm"
    latent: int = 384
    feedforward: int = 1024
    layers: int = 8
    heads: int = 4
    dropout: float = 0.1
    window: int = 60
    draws: int = 1  # a text has one motion: there is no noise
    normalised: bool = True
    up: str = "y"
    rows: bool = False
    row_25: str = PATH
    heading: str = FRONT

    def __post_init__(self) -> None:
        if self.row_25 not in (PATH, ANKLE):
            raise ValueError(f"row_25: must be {PATH} or {ANKLE}, not {self.row_25!r}")
        if self.up not in UPS:
            raise ValueError(f"up: must be one of {', '.join(UPS)}, not {self.up!r}")
        if self.heading not in (FRONT, OWN, ALIGNED):
            raise ValueError(f"heading: must be {FRONT}, {OWN} or {ALIGNED}, not {self.heading!r}")
        if self.heading == ALIGNED and (self.up, self.row_25) != ("y", ANKLE):
            raise ValueError(f"heading: {ALIGNED} goes with up = y and row_25 = {ANKLE}")
        if not self.heads or self.latent % self.heads:
            raise ValueError(f"heads: {self.heads} do not divide the latent's {self.latent} numbers")

    @property
    def keeps_heading(self) -> bool:
        """Whether the encoder sees motions as they face."""
        return self.heading == OWN


@functools.lru_cache(maxsize=8)
@torch.inference_mode(False)  # it is kept, and may be asked for first while a model is used and then while it learns
def _positions(frames: int, width: int) -> torch.Tensor:
    """(frames, 1, width) sinusoidal positions (Vaswani et al. 2017)."""
    position = torch.arange(frames)[:, None]
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.zeros(frames, 1, width)
    table[:, 0, 0::2] = torch.sin(position * rate)
    table[:, 0, 1::2] = torch.cos(position * rate)
    return table


class PositionalEncoding(nn.Module):
    """Adds positions to a sequence."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(frames, batch, width) → the same shape."""
        return self.dropout(x + _positions(len(x), x.shape[-1]).to(x))


class Encoder(nn.Module):
    """Encodes motions: the latent is the output at a learned first token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        # On the CPU at once: while shapes are checked on "meta", random numbers would import a second of torch.
        self.muQuery = nn.Parameter(torch.randn(1, config.latent, device="cpu"))
        self.sigmaQuery = nn.Parameter(torch.randn(1, config.latent, device="cpu"))  # its output is unused
        self.skelEmbedding = nn.Linear(6 * ROWS, config.latent)
        self.sequence_pos_encoder = PositionalEncoding(config.dropout)
        layer = nn.TransformerEncoderLayer(
            config.latent, config.heads, config.feedforward, config.dropout, activation="gelu"
        )
        self.seqTransEncoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Encode motions.

        Args:
            x: (batch, 25, 6, frames) of the config's layout.
            mask: (batch, frames) bool, False for padding.

        Returns:
            (batch, latent) latents.
        """
        frames = self.skelEmbedding(x.permute(3, 0, 1, 2).flatten(2))
        tokens = torch.stack([self.muQuery, self.sigmaQuery]).expand(-1, len(x), -1)
        attended = torch.cat([mask.new_ones(len(x), 2), mask], dim=1)
        states = self.sequence_pos_encoder(torch.cat([tokens, frames]))
        return self.seqTransEncoder(states, src_key_padding_mask=~attended)[0]


class Decoder(nn.Module):
    """Decodes latents; masked frames are zero."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.sequence_pos_encoder = PositionalEncoding(config.dropout)
        layer = nn.TransformerDecoderLayer(
            config.latent, config.heads, config.feedforward, config.dropout, activation="gelu"
        )
        self.seqTransDecoder = nn.TransformerDecoder(layer, config.layers)
        self.finallayer = nn.Linear(config.latent, 6 * ROWS)
        self._begun: tuple[tuple[object, ...], torch.Tensor] | None = None

    def forward(self, z: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Decode latents.

        Args:
            z: (batch, latent) latents.
            mask: (batch, frames) bool, False for padding.

        Returns:
            (batch, 25, 6, frames) of the config's layout; padding is zero.
        """
        queries = self.sequence_pos_encoder(z.new_zeros(mask.shape[1], *z.shape))
        return self._frames(self.seqTransDecoder(queries, z[None], tgt_key_padding_mask=~mask), mask)

    def infer(self, z: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Decode without dropout, and compute only what depends on the latent.

        Attention to a single memory token is that token's value, whatever the query is. The first layer's
        self-attention sees only positions, so that its result serves every latent of the same length.

        Args:
            z: (batch, latent) latents.
            mask: (batch, frames) bool.

        Returns:
            (batch, 25, 6, frames), as `forward`.
        """
        padding = None if mask.all() else ~mask
        layers = self.seqTransDecoder.layers
        x = self._first(layers[0], mask, padding)
        for number, layer in enumerate(layers):
            if number:
                x = self._attend(layer, x, padding)
            attention = layer.multihead_attn
            start = 2 * attention.embed_dim  # of the values' part, after the queries' and the keys'
            value = functional.linear(z, attention.in_proj_weight[start:], attention.in_proj_bias[start:])
            x = layer.norm2(x + attention.out_proj(value)[:, None])
            x = layer.norm3(x + layer.linear2(layer.activation(layer.linear1(x))))
        return self._frames(x.transpose(0, 1), mask)

    def _first(
        self, layer: nn.TransformerDecoderLayer, mask: torch.Tensor, padding: torch.Tensor | None
    ) -> torch.Tensor:
        weight = layer.self_attn.in_proj_weight
        positions = _positions(mask.shape[1], weight.shape[1]).to(weight).transpose(0, 1)
        if padding is not None:
            return self._attend(layer, positions.expand(len(mask), -1, -1), padding)
        if weight.is_inference():  # a copy made for a moment, whose changes aren't counted
            return self._attend(layer, positions, None)
        made_for = (mask.shape[1], weight.device, weight.dtype, weight._version, weight.data_ptr())
        if self._begun is None or self._begun[0] != made_for:
            self._begun = (made_for, self._attend(layer, positions, None))
        return self._begun[1]

    @staticmethod
    def _attend(layer: nn.TransformerDecoderLayer, x: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        """Self-attention on (batch, frames, latent): torch's own copies queries, keys and values into another order."""
        attention = layer.self_attn
        projected = functional.linear(x, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = projected.unflatten(-1, (3, attention.num_heads, attention.head_dim)).permute(2, 0, 3, 1, 4)
        attended = None if padding is None else ~padding[:, None, None]
        mixed = functional.scaled_dot_product_attention(q, k, v, attended)
        return layer.norm1(x + attention.out_proj(mixed.transpose(1, 2).flatten(2)))

    def _frames(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.finallayer(states).unflatten(-1, (ROWS, 6))
        return (x * mask.T[..., None, None]).permute(1, 2, 3, 0)


class MotionTransformer(nn.Module):
    """The paper's model behind the interface of all models, see `MotionModel`."""

    has_basis = False

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Encode motions.

        Args:
            x: (batch, 25, 6, frames) of the config's layout.
            mask: (batch, frames) bool, False for padding.

        Returns:
            (batch, latent) latents, not normalised.
        """
        return self.encoder(x, mask)

    def decode(self, z: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Decode latents; without gradients, as by `Decoder.infer`.

        Args:
            z: (batch, latent) latents.
            mask: (batch, frames) bool, False for padding.

        Returns:
            (batch, 25, 6, frames) of the config's layout; padding is zero.
        """
        if self.training or torch.is_grad_enabled():
            return self.decoder(z, mask)
        return self.decoder.infer(z, mask)

    @torch.inference_mode()
    def encode_windows(self, windows: torch.Tensor) -> torch.Tensor:
        """Encode windows.

        Args:
            windows: (batch, frames, 149) features that start facing +z, or as recorded with heading "own".

        Returns:
            (batch, latent) latents.
        """
        return torch.cat([self._ruled(self.encode(x, _all_frames(x))) for x in self.layout(windows).split(128)])

    @torch.inference_mode()
    def encode_motions(self, motions: Sequence[Motion]) -> torch.Tensor:
        """Encode motions, each as the mean over windows of at most `window` frames, half of it apart.

        Args:
            motions: of any length.

        Returns:
            (motions, latent) latents.
        """
        latents = []
        for motion in motions:
            starts = window_starts(len(motion), self.config.window, self.config.window // 2)
            windows = windows_at(motion_features(motion), starts, self.config.window, self.config.keeps_heading)
            latents.append(self.encode_windows(windows).mean(0))
        return self._ruled(torch.stack(latents))

    @torch.inference_mode()
    def decode_motions(self, z: torch.Tensor, frames: int, seed: int | Sequence[int] = 0) -> list[Motion]:
        """Decode latents into motions. The decoder is deterministic: the seed changes nothing.

        Args:
            z: (N, latent), or (N, windows, latent), of which the mean is decoded.
            frames: the length of each motion.
            seed: ignored.

        Returns:
            N motions.
        """
        return features_motions(self.decode_features(z, frames, seed))

    def decode_distinct(self, z: torch.Tensor, frames: int, seed: int) -> list[Motion]:
        """The same as `decode_motions`: this decoder has no noise."""
        return self.decode_motions(z, frames, seed)

    @torch.inference_mode()
    def decode_features(
        self,
        z: torch.Tensor,
        frames: int,
        seed: int | Sequence[int] = 0,
        noise: object = None,
        origin: torch.Tensor | None = None,
        known: object = None,
    ) -> torch.Tensor:
        """Decode latents. All arguments but these are the interface's; this decoder ignores them.

        Args:
            z: (N, latent), or (N, windows, latent), of which the mean is decoded.
            frames: the length of each motion.

        Returns:
            (N, frames, 149) features that start facing +z.
        """
        z = z if z.ndim == 2 else z.mean(1)
        decoded = [
            self.features(self.decode(part, torch.ones(len(part), frames, dtype=torch.bool))) for part in z.split(128)
        ]
        return grounded(canonical(torch.cat(decoded)))

    def decode_chain(
        self, z: torch.Tensor, frames: Sequence[int], seeds: Sequence[int], known: object = None
    ) -> torch.Tensor:
        """Decode one motion of several parts, which are cross-faded.

        Args:
            z: (parts, latent), a latent for each part.
            frames: the length of each part.
            seeds: ignored: this decoder has one motion for a latent.
            known: ignored.

        Returns:
            (all frames, 149) features.
        """
        parts = [self.decode_features(one, length + FADE)[0] for one, length in zip(z[:, None], frames, strict=True)]
        return grounded(in_order(parts, [FADE] * (len(parts) - 1))[0][: sum(frames)])

    def edit_features(self, z: torch.Tensor, noise: object, frames: int, edit: Edit) -> torch.Tensor:
        """Decode a motion's own latent and N changed ones. That is the paper's edit; other guidance has no effect here.

        Args:
            z: (1, latent), the motion's latent.
            noise: ignored.
            frames: the length.
            edit: the changes.

        Returns:
            (1 + N, frames, 149) features.
        """
        return self.decode_features(torch.cat([z, edit.changed.flatten(0, 1)]), frames)

    def coefficients(self, windows: torch.Tensor) -> None:
        """None: this decoder has one motion for a latent."""

    def window_starts(self, frames: int) -> list[int]:
        """One window, however long: this model decodes any length from one latent."""
        return [0]

    def invert(self, motion: Motion) -> tuple[torch.Tensor, None]:
        """Find the latent of a motion.

        Args:
            motion: of any length.

        Returns:
            (1, latent), and None, since this model has no noise.
        """
        return self.encode_motions([motion]), None

    @torch.inference_mode()
    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """Encode and decode windows.

        Args:
            windows: (batch, frames, 149) features.

        Returns:
            Features of the same shape.
        """
        decoded = []
        for x in self.layout(windows).split(128):
            mask = _all_frames(x)
            decoded.append(self.features(self.decode(self.encode(x, mask), mask)))
        return torch.cat(decoded)

    def layout(self, windows: torch.Tensor) -> torch.Tensor:
        """Lay features out as this model's config says.

        Args:
            windows: (batch, frames, 149) features.

        Returns:
            (batch, 25, 6, frames).
        """
        rotations, row = from_features(windows)
        if self.config.heading == ALIGNED:
            rotations = _with_root(rotations[:, :1, :1].mT @ rotations[:, :, :1], rotations)
        if self.config.row_25 == ANKLE:
            row = skeleton.forward_kinematics(rotations, torch.zeros_like(row))[..., _RIGHT_ANKLE, :]
            row = row - row[..., :1, :]
        if self.config.up == "z":
            turn = _Y_TO_Z.to(rotations)
            rotations = _with_root(turn @ rotations[..., :1, :, :], rotations)
            row = row @ turn.T
            row = row - row[..., :1, :]
        six = to_6d(rotations.transpose(-1, -2) if self.config.rows else rotations)
        return torch.cat([six, functional.pad(row, (0, 3))[..., None, :]], dim=-2).permute(0, 2, 3, 1)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Compute features from this model's layout.

        Args:
            x: (batch, 25, 6, frames).

        Returns:
            (batch, frames, 149) features.
        """
        return to_features(*self.pose(x))

    def pose(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read poses and the path from this model's layout.

        Args:
            x: (batch, 25, 6, frames).

        Returns:
            Rotations (batch, frames, 24, 3, 3), joint to parent, and translation (batch, frames, 3) in metres, y up.
        """
        rotations = self.rotations(x)
        if self.config.row_25 == ANKLE:
            return rotations, path_of(rotations)
        translation = x[:, skeleton.NUM_JOINTS, :3].transpose(1, 2)
        return rotations, translation @ _Y_TO_Z.to(x) if self.config.up == "z" else translation

    def rotations(self, x: torch.Tensor) -> torch.Tensor:
        """Read rotations from this model's layout.

        Args:
            x: (batch, 25, 6, frames).

        Returns:
            (batch, frames, 24, 3, 3), joint to parent, y up.
        """
        rotations = from_6d(x[:, : skeleton.NUM_JOINTS].permute(0, 3, 1, 2))
        if self.config.rows:
            rotations = rotations.transpose(-1, -2)
        if self.config.up == "z":
            rotations = _with_root(_Y_TO_Z.to(x).T @ rotations[..., :1, :, :], rotations)
        return rotations

    def _ruled(self, z: torch.Tensor) -> torch.Tensor:
        return functional.normalize(z, dim=-1) if self.config.normalised else z


def _with_root(root: torch.Tensor, rotations: torch.Tensor) -> torch.Tensor:
    """(..., 24, 3, 3) rotations with another root, (..., 1, 3, 3)."""
    return torch.cat([root, rotations[..., 1:, :, :]], dim=-3)


def _all_frames(x: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(x), x.shape[-1], dtype=torch.bool)
