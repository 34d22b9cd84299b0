"""CLIP's geometry, where nothing has unit length and texts are all near each other, held to the paper's formulas."""

import hashlib

import numpy as np
import pytest
import torch
from conftest import EVOKES, WORDS, synthetic_motion
from typer.testing import CliRunner

from motionclip import MotionCLIP
from motionclip.bank import TEMPERATURE, Bank
from motionclip.cli import app
from motionclip.errors import RequestError
from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.motion.features import YAW, features_motion, motion_features
from motionclip.motion.windows import cut_windows
from motionclip.paper_inputs import CANDIDATES, Known
from motionclip.training.bank_building import build_bank
from motionclip.training.captions import Words
from motionclip.training.dataset import Clip
from motionclip.training.reader_training import train_reader

DIM = 32
KINDS = ("walk", "wave left hand", "squat")
SAID = Words(WORDS, EVOKES, {kind: [] for kind in KINDS}, {}, {})
TEXTS = [*KINDS, "walk like an old person", "sit", "jump", "argue angrily", "Spiderman in action!"]


def recorded(kind):
    """A motion in a heading of its own, as AMASS's are."""
    return synthetic_motion(kind, 60).turned(0.65)


class ClipLike:
    """A tower of texts that all share most of their direction, as CLIP's do: cosines of 0.6–0.9, norms near 10."""

    name, dim = "clip", DIM

    def encode(self, texts):
        return torch.stack([self._one(text) for text in texts]) if texts else torch.zeros(0, DIM)

    @staticmethod
    def _one(text):
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        own = torch.nn.functional.normalize(torch.randn(DIM, generator=torch.Generator().manual_seed(seed)), dim=0)
        common = torch.full((DIM,), DIM**-0.5)
        own = torch.nn.functional.normalize(own - (own @ common) * common, dim=0)
        return (9.5 + seed % 100 / 100) * (0.75**0.5 * common + 0.25**0.5 * own)


class Aligned(MotionTransformer):
    """A small model whose encoder is a linear map, fitted so that each kind of motion lands on its own text; it keeps
    the latents that were decoded."""

    def __init__(self, tower):
        torch.manual_seed(0)
        super().__init__(
            TransformerConfig(
                tower="clip", latent=DIM, feedforward=32, layers=1, dropout=0.0, normalised=False, heading="own"
            )
        )
        self.decoded = []
        windows = [cut_windows(recorded(kind), 60, 60, keep_heading=True) for kind in KINDS]
        self.fitted = torch.linalg.pinv(self.layout(torch.cat(windows)).flatten(1)) @ tower.encode(KINDS)

    def encode(self, x, mask):
        return x.flatten(1) @ self.fitted

    def decode(self, z, mask):
        self.decoded.append(z.clone())
        return super().decode(z, mask)


@pytest.fixture(scope="module")
def tower():
    return ClipLike()


@pytest.fixture
def mc(tower):
    return MotionCLIP(Aligned(tower).eval().requires_grad_(False), tower)


@pytest.fixture(scope="module")
def bank(tower):
    clips = [Clip(kind, recorded(kind), "train", kind, "normal", (kind,)) for kind in KINDS]
    return build_bank(Aligned(tower).eval().requires_grad_(False), clips, SAID, tower)


@pytest.fixture(scope="module")
def reader(tower):
    return train_reader(SAID, KINDS, tower, epochs=120)


def unit(z):
    return torch.nn.functional.normalize(z, dim=-1)


def far(a, b):
    return float((a - b).norm(dim=-1).max())


def test_the_tower_is_like_clip(tower):
    z = tower.encode(TEXTS)
    norms = z.norm(dim=-1)
    assert norms.min() > 9 and norms.max() < 11
    unit = torch.nn.functional.normalize(z, dim=-1)
    cosines = (unit @ unit.T)[~torch.eye(len(z), dtype=bool)]
    assert cosines.min() > 0.6 and cosines.max() < 0.9


def test_generate_decodes_the_texts_own_latents(mc, tower):
    mc.generate(TEXTS, frames=20)
    assert far(mc.model.decoded[-1], tower.encode(TEXTS)) <= 1e-5


def test_a_timeline_sees_the_heading_that_recognition_sees(mc):
    for kind in KINDS:
        (segment,), ((label, score),) = mc.timeline(recorded(kind), KINDS), mc.recognize(recorded(kind), KINDS, top=1)
        assert segment.label == label == kind and segment.score == pytest.approx(score, abs=1e-4)


def test_draws_are_compared_in_the_heading_that_the_encoder_learned(mc):
    turning = motion_features(synthetic_motion("walk", 120))
    turning[:, YAW] = 0.02
    read = mc._encoded(turning[None])
    assert far(read, mc.encode_motion([features_motion(turning)])) < 1e-3 * float(read.norm())


@pytest.mark.parametrize("closeness", [0.0, 0.5, 1.0])
def test_with_a_reader_a_text_is_drawn_to_what_it_is_taken_for_in_the_towers_scale(mc, bank, reader, tower, closeness):
    mc.bank, mc.reader = bank, reader
    texts = ["walking on", "he walks along", "squatting"]  # none of them in the bank
    taken = [reading.action for reading in reader.read(texts, unit(tower.encode(texts)))]
    assert taken == ["walk", "walk", "squat"]
    mc.generate(texts, frames=20, closeness=closeness)
    for got, text, action in zip(mc.model.decoded[-1], texts, taken, strict=True):
        own = tower.encode([text])[0]
        known = tower.encode([action, *WORDS[action]["train"]])
        likely = (unit(known) @ unit(own) / TEMPERATURE).softmax(0)
        direction = (1 - closeness) * unit(own) + closeness * unit(likely @ unit(known))
        length = float((1 - closeness) * own.norm() + closeness * likely @ known.norm(dim=-1))
        assert float(got.norm()) == pytest.approx(length, rel=1e-5)
        assert far(got, length * unit(direction)) <= 1e-4
        assert far(got, own) >= closeness - 1e-5


def test_interpolation_is_the_papers_straight_line(mc, tower):
    a, b = tower.encode(["walk", "jump"])
    shares = torch.linspace(0, 1, 5)[:, None]
    for even in (None, False):
        mc.interpolate("walk", "jump", steps=5, path="linear", even=even)
        assert far(mc.model.decoded[-1], (1 - shares) * a + shares * b) <= 1e-5


@pytest.mark.parametrize("even", [True, False])
def test_the_great_circle_keeps_the_towers_scale(mc, tower, even):
    a, b = tower.encode(["walk", "jump"])
    whole = float(torch.acos(unit(a) @ unit(b)))
    mc.interpolate("walk", "jump", steps=5, even=even)
    decoded = torch.cat(mc.model.decoded)
    shares = torch.acos((unit(decoded) @ unit(a)).clamp(max=1)) / whole
    assert decoded.norm(dim=-1).numpy() == pytest.approx(torch.lerp(a.norm(), b.norm(), shares).numpy(), rel=1e-3)
    beside = torch.stack([unit(a), unit(b - b @ unit(a) * unit(a))])  # the plane of both
    assert far(decoded @ beside.T @ beside, decoded) <= 1e-4
    if not even:
        assert shares.numpy() == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=2e-3)


@pytest.mark.parametrize("path", ["linear", "spherical", None])
def test_the_command_line_takes_the_papers_straight_line(mc, tower, tmp_path, monkeypatch, path):
    monkeypatch.setattr(MotionCLIP, "from_pretrained", lambda *_, **__: mc)
    option = ["--path", path] if path else []
    result = CliRunner().invoke(app, ["interpolate", "walk", "jump", "-o", str(tmp_path), "--steps", "3", *option])
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("*.npz"))) == 3
    a, b = tower.encode(["walk", "jump"])
    straight = any(far(z, (a + b) / 2) <= 1e-5 for latents in mc.model.decoded for z in latents)
    assert straight == (path == "linear")


@pytest.mark.parametrize("with_bank", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["text", "motion"])
def test_an_edit_decodes_the_papers_formula(mc, bank, tower, strength, kind, with_bank):
    mc.bank = bank if with_bank else None
    base = "sit" if kind == "text" else recorded("squat")
    z = tower.encode(["sit"])[0] if kind == "text" else mc.encode_motion([base])[0]
    start, end = tower.encode(["walk", "walk like an old person"])
    edited = mc.edit(base, "walk", "walk like an old person", strength)
    unchanged, changed = mc.model.decoded[-1]
    assert far(unchanged, z) <= 1e-5
    assert far(changed, z + strength * (end - start)) <= 1e-5
    if kind == "text":
        wanted = mc.decode(changed[None])[0]
        assert np.abs(edited.canonical().joints() - wanted.canonical().joints()).max() < 0.01
    elif not strength:
        assert np.abs(edited.joints() - base.joints()).max() < 1e-3


def test_motions_are_recognised_by_the_cosine(mc):
    for kind in KINDS:
        label, score = mc.recognize(recorded(kind), TEXTS, top=1)[0]
        assert label == kind and score == pytest.approx(1, abs=1e-3)
        (segment,) = mc.timeline(recorded(kind), TEXTS)
        assert segment.label == kind and segment.score == pytest.approx(1, abs=1e-5)


def test_the_bank_keeps_the_scale_and_finds_by_the_cosine(mc, bank, tower, tmp_path):
    bank.save(tmp_path)
    for mc.bank in (bank, Bank.load(tmp_path)):
        for kind in KINDS:
            entry = mc.bank.nearest(tower.encode([kind])[0], 1)[0]
            assert entry.action == kind and entry.similarity == pytest.approx(1, abs=0.01)
            assert far(mc.latent(entry), tower.encode([kind])[0]) < 0.1


def test_a_label_is_not_taken_for_a_known_motion_because_all_texts_are_alike(mc, bank):
    mc.bank = bank
    assert 'walk" (the same words)' in Known(mc).find("Walk", 60)[1]
    with pytest.raises(RequestError, match='"quantum chromodynamics": no known motion is like it'):
        Known(mc).find("quantum chromodynamics", 60)


def test_few_of_a_folders_texts_are_embedded_to_find_a_label(mc, tower, tmp_path, monkeypatch):
    """On two cores CLIP takes a quarter of an hour for the captions of a few thousand clips."""
    (tmp_path / "clips").mkdir()
    synthetic_motion("walk", 60).save(tmp_path / "clips/one.npz")
    captions = [f"somebody walks past number {number}" for number in range(500)]
    captions.insert(250, "a walk over the bridge")
    rows = [f"one,train,action {number % 30},{text}" for number, text in enumerate(captions)]
    (tmp_path / "labels.csv").write_text("\n".join(["clip,split,action,captions", *rows]))
    embedded = []
    monkeypatch.setattr(mc, "encode_text", lambda texts: embedded.extend(texts) or tower.encode(texts))
    known = Known(mc, tmp_path)
    with pytest.raises(RequestError, match='the nearest is "'):
        known.find("bridge and transition", 60)
    assert "a walk over the bridge" in embedded and len(set(embedded)) <= 60 + 1 + CANDIDATES
    with pytest.raises(RequestError, match='the nearest is "action'):
        known.find("quantum chromodynamics", 60)


def test_a_clip_that_is_said_to_be_it_goes_before_one_of_that_action(mc, tmp_path):
    """As in the paper's code, which knows clips by what is said of them alone."""
    (tmp_path / "clips").mkdir()
    for clip in ("first", "second"):
        synthetic_motion("walk", 60).save(tmp_path / f"clips/{clip}.npz")
    (tmp_path / "labels.csv").write_text(
        "clip,split,action,captions\nfirst,train,walk,walk and wave\nsecond,train,walk,walk\n"
    )
    assert "clip second" in Known(mc, tmp_path).find("walk", 60)[1]
