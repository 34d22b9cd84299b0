"""The authors' checkpoints: what is imported, what it gives, and what is refused."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from typer.testing import CliRunner

from motionclip import MotionCLIP
from motionclip.cli import app
from motionclip.errors import TowerMismatch
from motionclip.models.official import import_official
from motionclip.models.transformer import MotionTransformer, TransformerConfig

GOLDEN = Path(__file__).resolve().parents[2] / "shared/golden"


def official_state(latent=64, layers=2, seed=0):
    """A state dict as the authors' code saves it, at random weights, CLIP and leftovers included."""
    torch.manual_seed(seed)
    model = MotionTransformer(TransformerConfig(latent=latent, feedforward=96, layers=layers))
    state = dict(model.state_dict())
    for part in ("encoder", "decoder"):
        state[f"{part}.sequence_pos_encoder.pe"] = torch.zeros(5000, 1, latent)  # a table that can be computed
    state["decoder.actionBiases"] = torch.randn(1, latent)
    state["clip_model.logit_scale"] = torch.ones(())
    return model.eval(), state


@pytest.fixture
def checkpoint(tmp_path):
    _, state = official_state()
    torch.save(state, tmp_path / "checkpoint_0100.pth.tar")
    return tmp_path / "checkpoint_0100.pth.tar"


def test_an_imported_checkpoint_computes_what_the_original_does(tmp_path, checkpoint):
    result = CliRunner().invoke(app, ["import-official", str(checkpoint), str(tmp_path / "model")])
    assert result.exit_code == 0, result.output
    assert "can't take text" in result.output  # its latent isn't CLIP's
    mc = MotionCLIP.from_pretrained(tmp_path / "model")
    original, _ = official_state()
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 25, 6, 50, generator=generator)
    mask = torch.arange(50) < torch.tensor([50, 20, 41])[:, None]
    with torch.no_grad():
        z = mc.model.encode(x, mask)
        assert (z - original.encode(x, mask)).abs().max() < 1e-5
        assert (mc.model.decode(z, mask) - original.decoder(z, mask)).abs().max() < 1e-5
    with pytest.raises(TowerMismatch, match="can't take text"):
        mc.generate("walk")


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the authors' golden files are not beside this checkout")
def test_an_imported_checkpoint_gives_what_the_authors_code_gave(monkeypatch):
    """Golden: a checkpoint of their code at random weights, and what their code returned for it."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).resolve().parent.parent / "benchmarks"), *sys.path])
    from official import differences

    found = differences(GOLDEN / "checkpoint.pth.tar", GOLDEN / "expected.npz")
    assert set(found) == {"z", "reconstruction", "generation"}
    assert max(found.values()) < 1e-5, found


def test_an_imported_model_does_what_needs_no_text(tmp_path, checkpoint):
    import_official(checkpoint, tmp_path / "model")
    mc = MotionCLIP.from_pretrained(tmp_path / "model")
    a, b = synthetic_motion("walk", 60), synthetic_motion("squat", 75)
    assert mc.encode_motion([a, b]).shape == (2, 64)
    assert len(mc.interpolate(a, b, steps=3)) == 3
    same = mc.edit(a, b, a, strength=0)
    assert np.abs(same.joints() - a.joints()).max() < 1e-3
    assert len(mc.reconstruct(b)) == 75


def test_amass_bodies_come_out_upright(tmp_path):
    """A decoder that always answers with a standing body in AMASS's frame, z up, gives one that stands on our floor."""
    model, state = official_state()
    rotation = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # AMASS: upright is a quarter turn about x
    six = torch.cat([rotation[0], rotation[1]])  # by rows, as pytorch3d does it
    bias = torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(25)
    bias[:6] = six
    bias[-6:] = 0
    state["decoder.finallayer.weight"] = torch.zeros_like(state["decoder.finallayer.weight"])
    state["decoder.finallayer.bias"] = bias
    torch.save(state, tmp_path / "c.pth.tar")
    import_official(tmp_path / "c.pth.tar", tmp_path / "model")
    mc = MotionCLIP.from_pretrained(tmp_path / "model")
    joints = mc.decode(torch.zeros(1, 64), frames=10)[0].joints()
    assert joints[0, 15, 1] > 1.4  # the head
    assert abs(joints[..., 1].min()) < 0.1
    assert joints[0, 10, 2] > joints[0, 7, 2]  # toes ahead of ankles: facing +z


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda s: s.pop("encoder.muQuery"), r"encoder\.muQuery.*missing"),
        (lambda s: s.update({"decoder.extra": torch.ones(1)}), r"decoder\.extra.*unknown"),
        (lambda s: s.update({"encoder.skelEmbedding.weight": torch.ones(64, 72)}), "72 numbers per frame"),
        (lambda s: s.update({"encoder.muQuery": torch.ones(12, 64)}), "muQuery.*shape"),
        (lambda s: s.update({"encoder.muQuery": torch.full((1, 64), torch.nan)}), "not finite"),
        (lambda s: s.update({"epoch": 3}), "names and tensors"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_named(tmp_path, spoil, complaint):
    _, state = official_state()
    spoil(state)
    torch.save(state, tmp_path / "bad.pth.tar")
    with pytest.raises(ValueError, match=complaint) as failure:
        import_official(tmp_path / "bad.pth.tar", tmp_path / "model")
    assert "bad.pth.tar" in str(failure.value)
    assert not (tmp_path / "model").exists()


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def test_a_checkpoint_is_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"encoder.muQuery": Trap()}, tmp_path / "trap.pth.tar")
    (tmp_path / "torn.pth.tar").write_bytes((tmp_path / "trap.pth.tar").read_bytes()[:100])
    for name in ("trap", "torn"):
        result = CliRunner().invoke(app, ["import-official", f"{name}.pth.tar", "model"])
        assert result.exit_code == 1 and name in result.output
    assert not (tmp_path / "trapped").exists()
    assert CliRunner().invoke(app, ["import-official", "nowhere.pth.tar", "model"]).exit_code == 1


def test_heads_must_divide_the_latent(tmp_path, checkpoint):
    with pytest.raises(ValueError, match="heads: 5"):
        import_official(checkpoint, tmp_path / "model", heads=5)
