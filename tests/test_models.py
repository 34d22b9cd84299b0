"""The two model families, their building blocks, and the interface that they share."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from conftest import synthetic_motion

from motionclip.errors import ModelFolderError
from motionclip.models import storage
from motionclip.models.basis import MotionBasis
from motionclip.models.flow import FlowConfig, FlowModel
from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.motion.features import features_motion
from motionclip.motion.windows import cut_windows

SMALL_FLOW = FlowConfig(
    components=32, flow_width=64, flow_hidden=96, flow_blocks=2, encoder_width=32, encoder_hidden=32
)
SMALL_TRANSFORMER = TransformerConfig(latent=64, feedforward=96, layers=2)


def windows():
    return torch.cat(
        [
            cut_windows(synthetic_motion(kind, 90, seed), 60, 5)
            for kind in ("walk", "squat", "wave left hand")
            for seed in range(4)
        ]
    )


@pytest.fixture(scope="module")
def flow():
    torch.manual_seed(0)
    model = FlowModel(SMALL_FLOW)
    model.basis.fit(windows())
    for parameter in model.velocity.parameters():  # a field that does something, without training
        torch.nn.init.normal_(parameter, std=0.03)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def transformer():
    torch.manual_seed(0)
    return MotionTransformer(SMALL_TRANSFORMER).eval().requires_grad_(False)


def test_basis_holds_what_it_was_fitted_to():
    basis = MotionBasis(60, 40, 34)
    data = windows()
    basis.fit(data.clone())
    coefficients = basis.project(data)
    assert coefficients.std(0).numpy() == pytest.approx(1, abs=0.05)
    before, after = (np.stack([features_motion(w).joints() for w in x]) for x in (data, basis.expand(coefficients)))
    assert np.linalg.norm(before - after, axis=-1).mean() < 0.01


def test_basis_asks_for_enough_windows():
    with pytest.raises(ValueError, match="components"):
        MotionBasis(60, 500, 34).fit(windows()[:50])


def test_basis_leaves_out_what_is_faster_than_its_cosines():
    slow, fast = (torch.cos(math.pi / 60 * k * (torch.arange(60) + 0.5)) for k in (8, 50))
    basis = MotionBasis(60, 2, 34)
    data = torch.zeros(100, 60, 149)
    data[..., 3] = torch.randn(100, 1) * slow + torch.randn(100, 1) * fast
    basis.fit(data.clone())
    kept = basis.expand(basis.project(data))[..., 3]
    size = slow.square().sum()
    assert torch.allclose(kept @ slow / size, data[..., 3] @ slow / size, atol=1e-3)
    assert (kept @ fast / size).abs().max() < 1e-3
    assert (data[..., 3] @ fast / size).abs().max() > 1


def test_basis_has_no_more_cosines_than_frames():
    with pytest.raises(ValueError, match="frequencies"):
        MotionBasis(60, 40, 61)


@pytest.mark.parametrize("name", ["flow", "transformer"])
def test_both_families_share_one_interface(name, request):
    model = request.getfixturevalue(name)
    motions = [
        synthetic_motion("walk", 60),
        synthetic_motion("squat", 33),
        synthetic_motion("walk", 1),
        synthetic_motion("walk", 140),
    ]
    z = model.encode_motions(motions)
    assert z.shape == (4, model.config.latent)
    assert z.norm(dim=-1).numpy() == pytest.approx(1, abs=1e-5)
    for frames in (1, 20, 60, 61, 150):
        decoded = model.decode_motions(z, frames, seed=3)
        assert [len(motion) for motion in decoded] == [frames] * 4
        assert all(np.isfinite(motion.joints()).all() for motion in decoded)
    real = cut_windows(motions[0], 60, 60)
    assert model.reconstruct_features(real).shape == real.shape
    latents, noise = model.invert(motions[3])
    assert model.decode_features(latents[None], 140, noise=noise).shape == (1, 140, 149)


def test_flow_decodes_the_same_for_the_same_seed_alone_or_in_a_batch(flow):
    z = torch.nn.functional.normalize(torch.randn(3, 384, generator=torch.Generator().manual_seed(1)), dim=-1)
    together = flow.decode_motions(z, 60, seed=5)
    alone = flow.decode_motions(z[1:2], 60, seed=5)[0]
    assert np.abs(together[1].joints() - alone.joints()).max() < 1e-4
    other = flow.decode_motions(z[1:2], 60, seed=6)[0]
    assert np.abs(other.joints() - alone.joints()).max() > 0.01


@pytest.mark.parametrize("frames", [60, 150])
def test_flow_run_backwards_finds_the_noise_that_decodes_to_the_motion(flow, frames):
    motion = synthetic_motion("walk", frames, seed=1)
    z, noise = flow.invert(motion)
    again = features_motion(flow.decode_features(z[None], frames, noise=noise, origin=z[None])[0])
    # Where the body is as a whole is settled after decoding, by standing feet and the floor.
    poses = [joints - joints[:, :1] for joints in (again.joints(), motion.canonical().joints())]
    assert np.linalg.norm(poses[0] - poses[1], axis=-1).mean() < 0.03


def test_transformer_ignores_masked_frames_and_zeroes_them(transformer):
    x = torch.randn(2, 25, 6, 40, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 40, dtype=torch.bool)
    mask[1, 30:] = False
    z = transformer.encode(x, mask)
    changed = x.clone()
    changed[1, ..., 30:] = 9.0
    assert torch.allclose(transformer.encode(changed, mask), z, atol=1e-5)
    decoded = transformer.decode(z, mask)
    assert decoded.shape == x.shape and decoded[1, ..., 30:].abs().max() == 0
    assert torch.allclose(transformer.encode(x[1:, ..., :30], mask[1:, :30])[0], z[1], atol=1e-5)


@pytest.mark.parametrize(("up", "rows"), [("y", False), ("z", True), ("y", True)])
def test_layouts_of_frames_round_trip(up, rows):
    model = MotionTransformer(dataclasses.replace(SMALL_TRANSFORMER, up=up, rows=rows))
    motion = synthetic_motion("walk", 30)
    window = cut_windows(motion, 30, 30)
    x = model.layout(window)
    assert x.shape == (1, 25, 6, 30) and x[:, 24, 3:].abs().max() == 0
    again = features_motion(model.features(x)[0])
    relative = [m.joints() - m.joints()[:1, :1] for m in (again, features_motion(window[0]))]
    assert np.abs(relative[0] - relative[1]).max() < 1e-4
    # Walking ahead is +z in a y-up frame, and −y in one with z up.
    travelled = x[0, 24, :3, -1] - x[0, 24, :3, 0]
    assert travelled[2 if up == "y" else 1] * (1 if up == "y" else -1) > 0.5


def test_what_inference_leaves_out_changes_nothing():
    model = MotionTransformer(TransformerConfig(latent=128, layers=3)).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(5, 128, generator=generator)
    mask = torch.arange(60) < torch.tensor([60, 12, 33, 1, 60])[:, None]
    for m in (mask, torch.ones(5, 60, dtype=torch.bool), torch.ones(5, 21, dtype=torch.bool)):
        assert (model.decoder.infer(z, m) - model.decoder(z, m)).abs().max() < 1e-5
    with torch.no_grad():  # what was computed ahead belongs to the weights that it was computed with
        for parameter in model.parameters():
            parameter.add_(0.01)
        full = torch.ones(5, 21, dtype=torch.bool)
        assert (model.decode(z, full) - model.decoder(z, full)).abs().max() < 1e-5


@pytest.mark.parametrize("name", ["flow", "transformer"])
def test_a_saved_model_is_the_same_model(name, request, tmp_path):
    model = request.getfixturevalue(name)
    storage.save(model, tmp_path)
    again = storage.load(tmp_path)
    assert again.config == model.config
    motions = [synthetic_motion("walk", 60)]
    assert torch.allclose(again.encode_motions(motions), model.encode_motions(motions), atol=0.02)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors"}


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("{", "not JSON"),
        ("[" * 200_000, "nested too deep"),
        ("[]", "one JSON object"),
        ('{"architecture": "diffusion"}', "architecture"),
        ('{"architecture": "flow", "latent": "wide"}', "latent"),
        ('{"architecture": "flow", "steps": 0.5}', "steps"),
        ('{"architecture": "flow", "components": 99999999}', "components"),
        ('{"architecture": "flow", "colour": 1}', "colour"),
    ],
)
def test_a_bad_config_is_refused_by_field(tmp_path, config, complaint):
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelFolderError, match=complaint):
        storage.load(tmp_path)


def test_sizes_of_nothing_are_refused(tmp_path, flow):
    storage.save(flow, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for size in [key for key, value in config.items() if type(value) is int]:
        (tmp_path / "config.json").write_text(json.dumps(config | {size: 0}))
        with pytest.raises(ModelFolderError, match=f"{size}: must lie between 1"):
            storage.load(tmp_path)


def test_weights_that_do_not_fit_the_config_are_refused(tmp_path, flow):
    storage.save(flow, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"flow_width": 128}))
    with pytest.raises(ModelFolderError, match="does not fit"):
        storage.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(ModelFolderError, match="not a safetensors file"):
        storage.load(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        storage.load(tmp_path)


def test_both_models_chain_latents(flow, transformer):
    for model in (flow, transformer):
        z = torch.nn.functional.normalize(torch.randn(2, 3, model.config.latent), dim=-1)
        chain = model.decode_chain(z[0], [40, 50, 60], [0, 1, 2])
        assert chain.shape == (150, 149) and torch.isfinite(chain).all()
        assert not torch.allclose(chain, model.decode_chain(z[1], [40, 50, 60], [0, 1, 2]))
