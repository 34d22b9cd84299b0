"""The losses of both models: what each term sees, and what it must not see."""

import dataclasses

import pytest
import torch
from conftest import synthetic_motion

from motionclip.models.flow import FlowConfig, FlowModel
from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.motion.windows import cut_windows
from motionclip.training import losses as losses_module
from motionclip.training.dataset import Batch
from motionclip.training.losses import Alignment, flow_losses, transformer_losses
from motionclip.viz.bodies import WoodenBody

SMALL = TransformerConfig(latent=32, feedforward=32, layers=1, heads=2, dropout=0.0)


class OneText:
    """A pool in which all is said by one text."""

    def draw(self, clip, mirrored, paraphrased, generator):
        return torch.ones(len(clip), 32)


@torch.no_grad()
def losses(model, body):
    features = cut_windows(synthetic_motion("walk", 60), 60, 60)
    nothing = torch.zeros(1, dtype=torch.long)
    batch = Batch(features, nothing, nothing, nothing.bool())
    values = transformer_losses(model, batch, Alignment(OneText(), body=body), torch.Generator())
    return {name: float(loss) for name, loss in values.items()}


@pytest.mark.parametrize("body", [None, "wooden"])
@pytest.mark.parametrize("up", ["y", "z"])
def test_body_points_are_compared_without_the_path(up, body):
    torch.manual_seed(0)
    model = MotionTransformer(dataclasses.replace(SMALL, up=up)).eval()
    surface = WoodenBody() if body else None
    before = losses(model, surface)
    with torch.no_grad():
        model.decoder.finallayer.bias[-6:-3] += 5.0  # every frame five metres away
    after = losses(model, surface)
    assert after["rc"] > before["rc"] + 1
    assert after["rcxyz"] == pytest.approx(before["rcxyz"], rel=1e-4)
    with torch.no_grad():
        model.decoder.finallayer.bias[:6] += torch.tensor([0.0, 3, 0, -3, 0, 0])
    assert losses(model, surface)["rcxyz"] != pytest.approx(after["rcxyz"], rel=1e-3)


# --- The flow's losses.

TINY = FlowConfig(
    latent=16,
    components=12,
    frequencies=6,
    encoder_width=8,
    encoder_blocks=1,
    encoder_hidden=8,
    flow_width=16,
    flow_hidden=16,
    flow_blocks=1,
    flow_condition=8,
)


def test_the_flows_loss_is_the_velocitys_squared_error_up_to_a_factor_of_time():
    torch.manual_seed(0)
    velocity = FlowModel(TINY).velocity
    torch.nn.init.normal_(velocity.outward.weight)
    data, noise, z = torch.randn(12), torch.randn(12), torch.randn(1, 16)
    for t in (0.0, 0.3, 0.9):
        time, x = torch.tensor([t]), (1 - t) * noise + t * data
        error = velocity(x[None], t, velocity.modulations(time[:, None], z)) - (data - noise)
        loss = velocity.loss(data[None], noise[None], time, z)
        assert torch.allclose(loss, (t**2 + (1 - t) ** 2) * error.square(), rtol=1e-4, atol=1e-5)


class Pool:
    """Texts of a batch: which each clip has, one for each of three actions, and which actions are near the first."""

    def __init__(self, captions, prototypes):
        self.captions, self.prototypes = captions, prototypes
        self.near = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)

    def draw_mixed(self, clip, mirrored, general, generator):
        return self.captions

    def draw_prototypes(self, general, generator):
        return self.prototypes

    def labels(self, clip, mirrored):
        return torch.zeros(len(clip), dtype=torch.long)


def unit_rows(*shape, seed=0):
    return torch.nn.functional.normalize(torch.randn(shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.fixture
def flow():
    """A small flow, and a function: the texts' latents → its losses for 30 windows of one action."""
    torch.manual_seed(0)
    windows = torch.cat([cut_windows(synthetic_motion("walk", 60, seed), 60, 60) for seed in range(30)])
    model = FlowModel(TINY)
    model.basis.fit(windows, 0)
    nothing = torch.zeros(len(windows), dtype=torch.long)
    batch = Batch(windows, nothing, nothing, nothing.bool())

    def losses_of(captions, prototypes):
        return flow_losses(model, batch, Alignment(Pool(captions, prototypes)), torch.Generator().manual_seed(0))

    return model, losses_of


def test_an_action_that_is_right_as_well_is_no_wrong_answer(flow):
    prototypes = unit_rows(3, 16).requires_grad_()
    flow[1](unit_rows(30, 16), prototypes)["action"].backward()
    own, near, other = prototypes.grad.norm(dim=-1)
    assert own > 0 and other > 0 and near == 0


def test_a_caption_that_says_the_same_is_no_wrong_answer(flow):
    alike = flow[1](unit_rows(1, 16).expand(30, -1), unit_rows(3, 16))
    different = flow[1](unit_rows(30, 16), unit_rows(3, 16))
    assert float(alike["caption"].detach()) == pytest.approx(0, abs=1e-6) and different["caption"] > 0.5


def test_the_flow_does_not_move_the_encoder(flow):
    model, losses_of = flow
    torch.nn.init.normal_(model.velocity.outward.weight)
    torch.nn.init.normal_(model.velocity.blocks[0].modulation.weight)  # so that the condition matters
    losses_of(unit_rows(30, 16), unit_rows(3, 16))["flow"].backward()
    assert model.velocity.latent[0].weight.grad.norm() > 0
    assert all(weight.grad is None for weight in model.encoder.parameters())


def test_the_flow_learns_from_latents_from_texts_and_without_a_condition(flow, monkeypatch):
    model, losses_of = flow
    torch.nn.init.constant_(model.velocity.null, 7.0)
    monkeypatch.setattr(losses_module, "CONDITION_DROPOUT", 0.5)
    seen = []
    monkeypatch.setattr(model.velocity, "loss", lambda x, noise, t, z: seen.append(z) or (0 * x).square())
    captions = unit_rows(30, 16)
    losses_of(captions, unit_rows(3, 16))
    (condition,), dropped = seen, (seen[0] == 7).all(dim=-1)
    assert 8 <= dropped.sum() <= 22
    near_text = torch.nn.functional.cosine_similarity(condition, captions, dim=-1)[~dropped] > 0.9
    encoded = torch.arange(30)[~dropped] < 10  # a third of the batch
    assert near_text[~encoded].all() and not near_text[encoded].any()
