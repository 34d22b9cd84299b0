"""The paper's losses: what each of them sees."""

import dataclasses

import pytest
import torch
from conftest import synthetic_motion

from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.motion.windows import cut_windows
from motionclip.training.dataset import Batch
from motionclip.training.losses import Alignment, transformer_losses
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
