"""The paper's own space, with CLIP towers of the true size at random weights: what they compute, training, the app.

Needs requirements-clip.txt; without, these tests are skipped and say so.
"""

import dataclasses
import json
import socket

import numpy as np
import pytest
import torch
from conftest import synthetic_motion

pytest.importorskip("open_clip", reason="pip install -r requirements-clip.txt", exc_type=(ImportError, RuntimeError))

import demo
from motionclip import MotionCLIP
from motionclip.body import SMPLBody, WoodenBody
from motionclip.data import WindowSampler, load_clips
from motionclip.images import FrameTower, pictures
from motionclip.model import MotionTransformer, TransformerConfig
from motionclip.official import import_official
from motionclip.towers import CLIP, ImageTower, TowerUnavailable, load_tower
from motionclip.train import TrainConfig, train

SMALL = "clip:ViT-S-32-alt/random"
CONFIG = """
steps = 3
batch = 4
validate_every = 100
schedule = "constant"
precision = "no"
average = 0.0
text_weight = {text}
image_weight = {image}
body = "{body}"

[model]
architecture = "transformer"
tower = "clip:ViT-S-32-alt/random"
latent = 256
feedforward = 64
layers = 1
normalised = false
"""


@pytest.fixture(scope="module")
def clip():
    return CLIP(pretrained="random")


def test_the_papers_clip_gives_features_as_they_come(clip):
    z = clip.encode(["walk", "a person jumps", "walk"])
    assert z.shape == (3, 512) and torch.equal(z[0], z[2])
    assert not 0.9 < float(z[0].norm()) < 1.1  # not normalised, as in the official code
    pictures = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), dtype=np.uint8)
    seen = clip.encode_images(pictures)
    assert seen.shape == (2, 512) and (seen[0] - seen[1]).norm() > 1e-3
    assert isinstance(clip, ImageTower) and clip.size == 224
    assert all(not parameter.requires_grad for parameter in clip._model.parameters())


def test_texts_are_encoded_once(clip, monkeypatch):
    clip.encode(["run", "hop"])
    monkeypatch.setattr(clip._model, "encode_text", None)
    assert clip.encode(["hop", "run"]).shape == (2, 512)


def test_other_models_by_name_and_unit_length_by_config():
    unit = load_tower(SMALL, normalised=True)
    plain = load_tower(SMALL, normalised=False)
    z, raw = unit.encode(["walk"]), plain.encode(["walk"])
    assert unit.dim == 256 and unit.name == SMALL
    assert torch.allclose(z, torch.nn.functional.normalize(raw, dim=-1), atol=1e-6)
    with pytest.raises(ValueError, match="no architecture 'ViT-Q'"):
        load_tower("clip:ViT-Q/openai")
    with pytest.raises(TowerUnavailable, match="laion2b_s34b_b79k"):
        load_tower("clip:ViT-B-32/nonsense")


def test_weights_from_a_file(tmp_path):
    tower = load_tower(SMALL)
    torch.save(tower._model.state_dict(), tmp_path / "weights.pt")
    again = load_tower(f"clip:ViT-S-32-alt/{tmp_path / 'weights.pt'}")
    assert torch.allclose(again.encode(["walk"]), tower.encode(["walk"]), atol=1e-5)
    (tmp_path / "weights.pt").write_bytes(b"torn")
    with pytest.raises(TowerUnavailable, match=r"weights\.pt"):
        load_tower(f"clip:ViT-S-32-alt/{tmp_path / 'weights.pt'}")


def test_without_a_network_it_says_what_to_do(monkeypatch, tmp_path):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(TowerUnavailable, match=r"hf download .*clip.*default, works without CLIP"):
        load_tower("clip")


def test_frames_are_seen_once_and_show_the_pose(data_folder):
    tower = load_tower(SMALL)
    frames = FrameTower(tower, WoodenBody())
    sampler = WindowSampler(load_clips(data_folder, "train"), 60)
    batch = sampler.draw(6, torch.Generator().manual_seed(0))
    mine = torch.arange(6)
    seen = frames.draw(batch, mine, torch.Generator().manual_seed(1))
    known = len(frames._known)
    assert seen.shape == (6, 256) and 0 < known <= 6
    part = frames.draw(batch, mine[2:4], torch.Generator().manual_seed(1))
    assert torch.equal(part, seen[2:4]) and len(frames._known) == known
    walk, squat = synthetic_motion("walk", 30), synthetic_motion("squat", 30)
    drawn = pictures(WoodenBody(), torch.stack([walk.rotations()[10], squat.rotations()[15]]), np.zeros(2), 224)
    bodies = [(picture < 235).any(-1) for picture in drawn]
    assert all(0.03 < body.mean() < 0.3 for body in bodies)
    assert (bodies[0] != bodies[1]).mean() > 0.01


def smpl_file(folder):
    """A body in SMPL's file format, of random shape: as many vertices, no likeness."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    parents = [2**32 - 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
    regressor = rng.random((24, 6890))
    weights = np.zeros((6890, 24))
    weights[np.arange(6890), rng.integers(0, 24, 6890)] = 1
    np.savez(
        folder / "SMPL_NEUTRAL.npz",
        v_template=rng.normal(0, 0.3, (6890, 3)),
        shapedirs=rng.normal(0, 0.01, (6890, 3, 10)),
        posedirs=np.zeros((6890, 3, 207)),
        J_regressor=regressor / regressor.sum(1, keepdims=True),
        weights=weights,
        kintree_table=np.array([parents, range(24)], dtype=np.int64),
        f=rng.integers(0, 6890, (13776, 3)),
    )
    return folder


def test_the_users_smpl_body(tmp_path):
    body = SMPLBody(smpl_file(tmp_path / "smpl"))
    rotations = torch.eye(3).expand(2, 24, 3, 3).clone().requires_grad_()
    at = torch.tensor([[0.0, 1, 0], [2, 1, 0]])
    vertices = body.vertices(rotations, at)
    assert vertices.shape == (2, 6890, 3)
    assert torch.allclose(vertices[1] - vertices[0], torch.tensor([2.0, 0, 0]).expand(6890, 3), atol=1e-4)
    vertices.square().sum().backward()
    assert rotations.grad.abs().max() > 0
    with pytest.raises(FileNotFoundError, match=r"SMPL_NEUTRAL\.npz"):
        SMPLBody(tmp_path / "nothing")


@pytest.mark.parametrize(("text", "image"), [(1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_training_aligns_with_text_images_both_or_none(data_folder, tmp_path, text, image, monkeypatch):
    import motionclip.train

    kept = []
    original = motionclip.train.transformer_losses

    def watched(*arguments):
        kept.append(original(*arguments))
        return kept[-1]

    monkeypatch.setattr(motionclip.train, "transformer_losses", watched)
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(text=text, image=image, body=""))
    train(data_folder, tmp_path / "run", TrainConfig.load(path))
    wanted = {"rc", "rcxyz", "vel"} | ({"cosine"} if text else set()) | ({"image"} if image else set())
    assert set(kept[0]) == wanted and len(kept) == 3
    mc = MotionCLIP.from_pretrained(tmp_path / "run")
    assert len(mc.generate("walk", frames=30)) == 30


def test_training_on_the_smpl_body(data_folder, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(text=1.0, image=1.0, body=smpl_file(tmp_path / "smpl")))
    train(data_folder, tmp_path / "run", TrainConfig.load(path))
    assert (tmp_path / "run/model.safetensors").exists()


def test_an_imported_checkpoint_of_the_papers_size_is_used_like_any_model(tmp_path, clip):
    """By library and by the app's own API; the tower has the true size and random weights, and says so."""
    from gradio_client import Client

    torch.manual_seed(0)
    original = MotionTransformer(TransformerConfig(latent=512, layers=2))
    torch.save(original.state_dict(), tmp_path / "checkpoint.pth.tar")
    config = import_official(tmp_path / "checkpoint.pth.tar", tmp_path / "model")
    assert config.tower == "clip" and not config.normalised
    content = dataclasses.asdict(config) | {"tower": clip.name}
    (tmp_path / "model/config.json").write_text(json.dumps(content))
    mc = MotionCLIP.from_pretrained(tmp_path / "model", clip)
    motions = mc.generate(["walk", "jump"], frames=40)
    assert [len(motion) for motion in motions] == [40, 40]
    assert not np.allclose(motions[0].poses, motions[1].poses)
    z = mc.encode_text(["walk", "jump"])
    middle = mc.interpolate("walk", "jump", steps=3, path="linear")[1]
    assert np.abs(mc.decode(z.mean(0, keepdim=True))[0].joints() - middle.joints()).max() < 1e-3
    assert len(mc.edit(motions[0], "walk", "jump")) == 40
    assert len(mc.recognize(motions[0], top=5)) == 5

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    page = demo.launch(tmp_path / "model", port=port, block=False)
    try:
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        figure, nearest, verdict = client.predict("walk", api_name="/generate")
        assert figure and not (nearest or {}).get("label") and "no list of known motions" in verdict
        assert client.predict("walk", "jump", api_name="/interpolate")
        assert client.predict("walk", "walk", "jump", api_name="/edit")
        best = client.predict(words="walk", api_name="/recognize")[1]
        assert best["label"]
    finally:
        page.close()
