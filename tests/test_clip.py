"""The paper's own space, with CLIP towers of the true size at random weights: what they compute, training, the app."""

import dataclasses
import hashlib
import http.server
import json
import os
import socket
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from safetensors.torch import save_file
from typer.testing import CliRunner

import demo
from motionclip import MotionCLIP
from motionclip.cli import app
from motionclip.errors import TowerMismatch, TowerUnavailable
from motionclip.models import storage
from motionclip.models.official import import_official
from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.towers import clip_files, clip_weights
from motionclip.towers.clip import CLIP
from motionclip.towers.interface import ImageTower
from motionclip.towers.loading import load_tower
from motionclip.training.dataset import WindowSampler, load_clips
from motionclip.training.frames import FrameTower, pictures
from motionclip.training.train import TrainConfig, train
from motionclip.viz.bodies import SMPLBody, WoodenBody

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


def archive(state, path):
    """The weights as OpenAI has them: a TorchScript archive, in half precision, and their sizes."""

    class Holder(torch.nn.Module):
        def forward(self):
            return 0

    whole = Holder()
    for key, value in (state | {name: torch.tensor(7) for name in clip_files._NOT_WEIGHTS}).items():
        *parents, name = key.split(".")
        parent = whole
        for part in parents:
            if not hasattr(parent, part):
                parent.add_module(part, Holder())
            parent = getattr(parent, part)
        parent.register_buffer(name, value.half() if value.is_floating_point() else value)
    torch.jit.save(torch.jit.script(whole), path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One small tower's weights, in every kind of file that people have."""
    folder = tmp_path_factory.mktemp("clip")
    tower = load_tower(SMALL)
    state = {name: value.half().float() for name, value in tower._model.state_dict().items()}
    tower._model.load_state_dict(state)
    torch.save(state, folder / "state.pt")
    torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, folder / "run.pt"
    )
    save_file(state, folder / "open_clip_model.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        archive(state, folder / "ViT-B-32.pt")
    return folder, tower.encode(["walk"])


@pytest.mark.parametrize("name", ["state.pt", "run.pt", "open_clip_model.safetensors", "ViT-B-32.pt", ""])
def test_weights_from_a_file_or_its_folder(kept, name, monkeypatch):
    folder, expected = kept
    assert torch.allclose(load_tower(SMALL, clip=folder / name).encode(["walk"]), expected, atol=1e-5)
    monkeypatch.setenv("MOTIONCLIP_CLIP", str(folder / name))
    assert torch.allclose(load_tower(SMALL).encode(["walk"]), expected, atol=1e-5)


def test_files_that_hold_no_such_weights_are_named(kept, tmp_path):
    (tmp_path / "torn.pt").write_bytes((kept[0] / "state.pt").read_bytes()[:3000])
    torch.save({"weight": Trap()}, tmp_path / "trap.pt")
    (tmp_path / "empty").mkdir()
    for name, complaint in (
        ("torn.pt", r"torn\.pt: no weights of ViT-"),
        ("trap.pt", r"trap\.pt: no weights of ViT-"),
        ("nowhere.pt", r"nowhere\.pt: is not there"),
        ("empty", r"empty: has none of ViT-B-32\.pt"),
    ):
        with pytest.raises(TowerUnavailable, match=complaint):
            load_tower(SMALL, clip=tmp_path / name)
    assert not (tmp_path / "trapped").exists()
    with pytest.raises(TowerUnavailable, match=r"state\.pt: no weights of ViT-.*ViT-B-32\.pt"):
        load_tower("clip", clip=kept[0] / "state.pt")  # another architecture's


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def test_a_models_tower_may_come_from_a_file(kept, tmp_path):
    """By the same name, or built in Python from a file for the same architecture; not from one for another."""
    folder, expected = kept
    storage.save(
        MotionTransformer(TransformerConfig(tower=SMALL, latent=256, feedforward=64, layers=1)), tmp_path / "m"
    )
    by_file = MotionCLIP.from_pretrained(tmp_path / "m", clip=folder)
    built = MotionCLIP.from_pretrained(
        tmp_path / "m", CLIP("ViT-S-32-alt", str(folder / "ViT-B-32.pt"), normalised=True)
    )
    for mc in (by_file, built):
        assert torch.allclose(mc.encode_text(["walk"]), expected, atol=1e-5)
    result = CliRunner().invoke(
        app, ["generate", "walk", "-o", str(tmp_path / "w.npz"), "--model", str(tmp_path / "m"), "--clip", str(folder)]
    )
    assert result.exit_code == 0, result.output
    with pytest.raises(TowerMismatch, match="aligned with the tower 'minilm'"):
        MotionCLIP(MotionTransformer(TransformerConfig(latent=256, layers=1)), built.tower)


def test_caches_of_the_hub_and_of_openais_package_are_used(kept, tmp_path, monkeypatch):
    """Both as they lie on a user's disk; no network is asked."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(clip_weights, "OPENAI_CACHE", tmp_path / "clip")
    with pytest.raises(TowerUnavailable):
        clip_files.find(*clip_weights.PAPERS)
    content = (kept[0] / "ViT-B-32.pt").read_bytes()
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip/ViT-B-32.pt").write_bytes(content)
    with pytest.raises(TowerUnavailable):  # a file by that name, but not OpenAI's
        clip_files.find(*clip_weights.PAPERS)
    url = f"https://nowhere/{hashlib.sha256(content).hexdigest()}/ViT-B-32.pt"
    monkeypatch.setitem(clip_weights.PAPERS_ENTRY, "url", url)
    assert clip_files.find(*clip_weights.PAPERS) == tmp_path / "clip/ViT-B-32.pt"
    snapshot = tmp_path / "hub/models--timm--vit_base_patch32_clip_224.openai/snapshots/1"
    snapshot.mkdir(parents=True)
    (snapshot / "open_clip_model.safetensors").touch()
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("1")
    assert clip_files.find(*clip_weights.PAPERS) == snapshot / "open_clip_model.safetensors"


def no_weights(monkeypatch, folder, endpoint):
    """A machine without CLIP's weights, whose Hub is at this address."""
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(clip_weights, "OPENAI_CACHE", folder)


class Broken(http.server.BaseHTTPRequestHandler):
    """A Hub whose pages are fine, but whose files fail with the status that the server has."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(self.server.status if "/resolve/" in self.path else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def broken():
    """A Hub with broken files; `asked` holds what was asked of it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    server.status, server.asked = 503, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hanging():
    """The port of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("trouble", ["offline", "look-up hangs", "hub hangs", "503", "404", "no server"])
def test_without_a_network_it_says_what_to_do_at_once(trouble, broken, hanging, monkeypatch, tmp_path):
    import huggingface_hub
    import huggingface_hub.constants as constants

    broken.status = 404 if trouble == "404" else 503
    port = {"hub hangs": hanging, "no server": 9}.get(trouble, broken.server_address[1])
    no_weights(monkeypatch, tmp_path, f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", trouble == "offline")
    if trouble == "look-up hangs":
        monkeypatch.setattr(huggingface_hub, "get_session", lambda: time.sleep(30))
    reason = {"offline": "HF_HUB_OFFLINE", "503": "503", "404": "404"}.get(trouble, "")
    began = time.monotonic()
    with pytest.raises(
        TowerUnavailable, match=rf"{reason}.*hf download .*--clip FILE.*MOTIONCLIP_CLIP.*default, works without CLIP"
    ):
        load_tower("clip")
    assert time.monotonic() - began < 5


def test_the_hub_is_asked_while_torch_is_imported(hanging, broken, monkeypatch, tmp_path):
    """So that waiting for it takes no time of its own; where the weights aren't needed, nothing is asked."""
    no_weights(monkeypatch, tmp_path, f"http://127.0.0.1:{hanging}")
    clip_weights.expect("clip")
    time.sleep(clip_weights.PATIENCE)  # torch's import
    began = time.monotonic()
    with pytest.raises(TowerUnavailable, match="timed out|no answer"):
        load_tower("clip")
    assert time.monotonic() - began < 0.5

    no_weights(monkeypatch, tmp_path, f"http://127.0.0.1:{broken.server_address[1]}")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text('{"architecture": "transformer", "tower": "clip"}')
    (tmp_path / "weights.pt").touch()
    for command, asks in (
        ("train --config clip --data nowhere --out run", True),
        ("generate walk -o a.npz --model MODEL", True),
        ("train --config clip --data nowhere --out run --clip FILE", False),
        ("generate walk -o a.npz --model MODEL --clip FILE", False),
        ("train --config nowhere.toml --data nowhere --out run", False),
        ("generate walk -o a.npz --model nowhere", False),
    ):
        broken.asked.clear()
        words = command.replace("MODEL", str(tmp_path / "model")).replace("FILE", str(tmp_path / "weights.pt"))
        result = CliRunner().invoke(app, words.split())
        assert result.exit_code == 1
        assert bool(broken.asked) == asks and ("503" in result.output) == asks, command


@pytest.mark.parametrize(
    "command",
    [
        "app",
        "generate walk -o a.npz",
        "interpolate walk run -o out",
        "edit walk --from walk --to run -o a.npz",
        "recognize walk.bvh",
        "index --data nowhere",
        "draw-map",
        "evaluate --data nowhere",
    ],
)
def test_no_command_imports_torch_before_the_message(command, broken, monkeypatch, tmp_path):
    no_weights(monkeypatch, tmp_path, f"http://127.0.0.1:{broken.server_address[1]}")
    (tmp_path / "config.json").write_text('{"architecture": "transformer", "tower": "clip"}')
    for slow in ("demo", "motionclip.app", "motionclip.pipeline", "motionclip.models", "motionclip.training.train"):
        monkeypatch.setitem(sys.modules, slow, None)  # its import fails
    result = CliRunner().invoke(app, [*command.split(), "--model", str(tmp_path)])
    assert result.exit_code == 1 and "503" in result.output


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
    import motionclip.training.train

    kept = []
    original = motionclip.training.train.LOSSES["transformer"]

    def watched(*arguments):
        kept.append(original(*arguments))
        return kept[-1]

    monkeypatch.setitem(motionclip.training.train.LOSSES, "transformer", watched)
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
        assert figure and not (nearest or {}).get("label") and "can't say how sure" in verdict
        assert client.predict("walk", "jump", api_name="/interpolate")
        assert client.predict("walk", "walk", "jump", api_name="/edit")
        best = client.predict(words="walk", api_name="/recognize")[1]
        assert best["label"]
    finally:
        page.close()
