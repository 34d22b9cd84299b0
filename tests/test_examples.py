"""Generation sets out from known motions: which ones, how far, where in a long motion, and how they are stored."""

import dataclasses

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from safetensors.torch import load_file, save_file

from motionclip.bank import Bank, Entry, Examples, Traits
from motionclip.errors import ModelFolderError
from motionclip.models import storage
from motionclip.models.flow import FlowConfig, FlowModel
from motionclip.models.interface import Known
from motionclip.motion.features import features_motion, motion_features
from motionclip.motion.windows import cut_windows
from motionclip.training.bank_building import _typical

SMALL = FlowConfig(components=32, flow_width=64, flow_hidden=96, flow_blocks=2, encoder_width=32, encoder_hidden=32)
KINDS = ("walk", "squat", "wave left hand")


def windows(kinds=KINDS, seeds=range(4)):
    return torch.cat([cut_windows(synthetic_motion(kind, 90, seed), 60, 5) for kind in kinds for seed in seeds])


@pytest.fixture(scope="module")
def flow():
    """A flow that, without training, goes nowhere: what it decodes is what it sets out from."""
    torch.manual_seed(0)
    model = FlowModel(SMALL)
    model.basis.fit(windows())
    for parameter in model.velocity.outward.parameters():
        torch.nn.init.zeros_(parameter)
    return model.eval().requires_grad_(False)


def known(flow, kind, share, again=False):
    coefficients = flow.examples(cut_windows(synthetic_motion(kind, 90, 0), 60, 60)[:1])
    return Known(coefficients, torch.tensor([again]), share)


def off(flow, motion, kind):
    """How far in metres the joints of (frames, 149) are from a known motion's, about the pelvis, on average."""
    wanted = flow.reconstruct_features(cut_windows(synthetic_motion(kind, 90, 0), 60, 60)[:1])[0]
    pairs = [features_motion(each).joints() for each in (motion, wanted[: len(motion)])]
    mine, theirs = (joints - joints[:, :1] for joints in pairs)
    return float(np.linalg.norm(mine - theirs, axis=-1).mean())


def test_what_is_made_is_the_nearer_to_a_known_motion_the_later_it_sets_out(flow):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    alone = off(flow, flow.decode_features(z, 60, seed=1)[0], "squat")
    late = [
        off(flow, flow.decode_features(z, 60, seed=1, known=known(flow, "squat", share))[0], "squat")
        for share in (0.2, 0.6, 1.0)
    ]
    assert late[0] > late[1] > late[2] and alone > late[2]
    others = [flow.decode_features(z, 60, seed=seed, known=known(flow, "squat", 0.6))[0] for seed in (1, 2)]
    assert (others[0] - others[1]).abs().max() > 1e-3  # the rest of the way is the seed's


def test_in_a_long_motion_it_comes_first_and_again_where_it_may(flow):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    once, again = (
        flow.decode_features(z, 150, seed=1, known=known(flow, "squat", 1.0, may))[0] for may in (False, True)
    )
    assert once.shape == again.shape == (150, 149)
    for motion in (once, again):
        assert off(flow, motion[:30], "squat") < 0.05
    later = slice(2 * 32, 2 * 32 + 30)
    assert off(flow, again[later], "squat") < 0.05 < off(flow, once[later], "squat")


def test_each_step_of_a_chain_sets_out_from_its_own(flow):
    z = torch.nn.functional.normalize(torch.randn(2, 384), dim=-1)
    both = Known.joined([known(flow, kind, 1.0) for kind in ("squat", "wave left hand")])
    made = flow.decode_chain(z, 60, [1, 2], both)
    assert made.shape == (120, 149)
    assert off(flow, made[:20], "squat") < 0.05 and off(flow, made[60:80], "wave left hand") < 0.1


def unit(*numbers):
    return torch.nn.functional.normalize(torch.tensor(numbers), dim=-1)


@pytest.fixture
def bank():
    """Walking in two styles and sitting down, one of whose windows shows only the sitting."""
    labels = [("sit", "normal")] * 2 + [("walk", "normal")] * 3 + [("walk", "old")] * 2
    entries = [Entry(number, "a", *label, "words", 0) for number, label in enumerate(labels)]
    latents = torch.stack([unit(0.0, 1.0, 0.0)] * 2 + [unit(1.0, 0.0, 0.0)] * 3 + [unit(1.0, 0.0, 1.0)] * 2)
    typical = torch.tensor([True, False, True, True, True, True, True])
    examples = Examples(torch.arange(7.0)[:, None] + 1, typical)
    traits = {action: Traits(False, True) for action in ("sit", "walk")}
    return Bank(latents, entries, latents[[0, 2]], torch.tensor([0, 1]), traits, examples=examples)


def test_examples_are_typical_and_in_the_style_that_is_asked_for(bank):
    def numbers(action, z, count, seed=0):
        return (bank.examples_of(action, z, count, seed)[:, 0] - 1).long().tolist()

    assert numbers("sit", unit(0.0, 1.0, 0.0), 4) == [0] * 4
    assert sorted(numbers("walk", unit(1.0, 0.0, 0.1), 3)) == [2, 3, 4]
    assert sorted(numbers("walk", unit(0.3, 0.0, 1.0), 4)) == [5, 5, 6, 6]
    orders = {tuple(numbers("walk", unit(1.0, 0.0, 0.1), 3, seed)) for seed in range(20)}
    assert len(orders) > 3
    assert numbers("walk", unit(1.0, 0.0, 0.1), 3, 5) == numbers("walk", unit(1.0, 0.0, 0.1), 3, 5)


def test_examples_are_kept_in_the_banks_file(bank, tmp_path):
    bank.save(tmp_path)
    found = Bank.load(tmp_path).examples
    assert torch.allclose(found.coefficients, bank.examples.coefficients, rtol=1e-3)
    assert torch.equal(found.typical, bank.examples.typical)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"examples": torch.ones(3, 1, dtype=torch.int8), "examples.scale": torch.ones(3, 1)}, "each of 7 entries"),
        ({"examples.typical": torch.tensor([False] * 2 + [True] * 5)}, "no entry is typical of 'sit'"),
    ],
)
def test_a_bank_whose_examples_are_damaged_is_refused(bank, tmp_path, change, words):
    bank.save(tmp_path)
    path = tmp_path / storage.BANK_FILE
    with storage.safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file(load_file(path) | change, path, metadata=header)
    with pytest.raises(ModelFolderError, match=words):
        Bank.load(tmp_path)


def test_of_what_raises_or_lowers_the_body_only_windows_that_do_are_typical():
    down, still = synthetic_motion("squat", 60), synthetic_motion("wave left hand", 60)
    down.translation[:, 1] = np.linspace(0.9, 0.5, 60)
    cuts = torch.stack([motion_features(motion) for motion in (down, still, still, still)])
    actions = ("sit down", "sit down", "wave", "wave")
    entries = [Entry(number, "a", action, "normal", "", 0) for number, action in enumerate(actions)]
    assert _typical(entries, cuts).tolist() == [True, False, True, True]


@pytest.mark.parametrize(("closeness", "share"), [(1.0, 0.6), (0.5, 0.3), (0.0, None)])
def test_the_words_as_they_are_set_out_from_noise_alone(mc, monkeypatch, closeness, share):
    asked, decode = [], mc.model.decode_features

    def watched(*arguments, known=None):
        asked.append(known)
        return decode(*arguments, known=known)

    monkeypatch.setattr(mc.model, "decode_features", watched)
    mc.generate("wave goodbye", closeness=closeness)
    (found,) = asked
    assert (found is None) == (share is None)
    if found is not None:
        assert found.share == pytest.approx(share) and len(found.coefficients) == mc.model.config.draws
        assert len({float(each[0]) for each in found.coefficients}) > 1  # the draws differ in what they set out from


def test_a_basis_in_half_precision_keeps_its_finer_components_as_bytes(tmp_path):
    torch.manual_seed(0)
    model = FlowModel(dataclasses.replace(SMALL, components=230))
    many = windows(seeds=range(30))
    model.basis.fit(many.clone())
    storage.save(model.eval(), tmp_path / "half", half=True)
    storage.save(model, tmp_path / "whole")
    sizes = [(tmp_path / name / storage.WEIGHTS_FILE).stat().st_size for name in ("half", "whole")]
    stored = load_file(tmp_path / "half" / storage.WEIGHTS_FILE)
    assert stored[storage.BASIS].shape[0] == storage.COARSE and stored[storage.FINE].dtype == torch.int8
    assert sizes[0] < 0.5 * sizes[1]
    halved, whole = (storage.load(tmp_path / name) for name in ("half", "whole"))
    joints = [
        np.stack([features_motion(each).joints() for each in of.reconstruct_features(many[::20])])
        for of in (halved, whole)
    ]
    assert np.linalg.norm(joints[0] - joints[1], axis=-1).mean() < 1e-3
    stored[storage.FINE] = stored[storage.FINE][:-34]
    save_file(stored, tmp_path / "half" / storage.WEIGHTS_FILE)
    with pytest.raises(ModelFolderError, match=storage.BASIS):
        storage.load(tmp_path / "half")
