"""Takes: what generation sets out from, which ones, how far, and how they are cut and stored."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from motionclip import Motion
from motionclip.bank import Bank, Entry, Traits
from motionclip.errors import ModelFolderError
from motionclip.evaluation.metrics import heights
from motionclip.models import flow as flow_model
from motionclip.models import storage
from motionclip.models.byte_vectors import from_half_bytes, to_half_bytes
from motionclip.models.flow import FlowConfig, FlowModel
from motionclip.models.interface import Known
from motionclip.models.residual_basis import ResidualBasis
from motionclip.motion.features import CLEARANCE, HEIGHT, features_motion, held, motion_features
from motionclip.motion.skeleton import JOINT_INDEX
from motionclip.motion.windows import cut_windows, windows_at
from motionclip.takes import TakeLabel, Takes
from motionclip.training import take_cutting
from motionclip.training.dataset import Clip
from motionclip.training.take_cutting import _off_mats, _speeds, _stretches, _typical, cut_takes

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


def known(flow, kind, share, again=False, starts=(0,)):
    """A known motion of one window, or of several at `starts`."""
    cuts = windows_at(motion_features(synthetic_motion(kind, 120, 0)), starts, 60)[None]
    return Known(flow.coefficients(cuts), torch.zeros_like(cuts), tuple(starts), torch.tensor([again]), share)


def off(flow, motion, kind, start=0):
    """How far in metres the joints of (frames, 149) are from a known motion's, about the pelvis, on average."""
    wanted = motion_features(synthetic_motion(kind, 120, 0))[start : start + len(motion)]
    pairs = [features_motion(each).joints() for each in (motion, wanted)]
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


@pytest.fixture
def returns_hardly(monkeypatch):
    """The synthetic squat, which is 18 cm from its beginning after 60 frames, does not count as done by then."""
    monkeypatch.setattr(flow_model, "RETURNED", 0.1)


def test_a_take_of_several_windows_is_followed_to_its_end(flow, returns_hardly):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    whole = flow.decode_features(z, 100, seed=1, known=known(flow, "squat", 1.0, starts=(0, 40)))[0]
    one = flow.decode_features(z, 100, seed=1, known=known(flow, "squat", 1.0))[0]
    assert len(whole) == len(one) == 100
    assert off(flow, whole, "squat") < 0.05 < off(flow, one[70:], "squat", 70)


def test_what_the_basis_leaves_out_of_a_take_is_added(flow):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    plain = known(flow, "squat", 0.6)
    nods = torch.zeros_like(plain.residuals)
    nods[..., 6 * JOINT_INDEX["head"] + 5] = 0.3
    with_nods = dataclasses.replace(plain, residuals=nods)
    made = [flow.decode_features(z, 60, seed=1, known=of)[0] for of in (plain, with_nods)]
    change = (made[1] - made[0]).abs().amax(0)
    assert change[6 * JOINT_INDEX["head"] + 5] == pytest.approx(0.3, abs=1e-3) and (change > 0.05).sum() == 1


def test_in_a_long_motion_it_comes_first_and_again_where_it_may(flow, returns_hardly):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    once, again = (
        flow.decode_features(z, 150, seed=1, known=known(flow, "squat", 1.0, may))[0] for may in (False, True)
    )
    assert once.shape == again.shape == (150, 149)
    for motion in (once, again):
        assert off(flow, motion[:30], "squat") < 0.05
    later = slice(2 * 32, 2 * 32 + 30)
    assert off(flow, again[later], "squat") < 0.05 < off(flow, once[later], "squat")


def test_what_ends_as_it_begins_is_done_again(flow, returns_hardly):
    squat = motion_features(synthetic_motion("squat", 120, 0))
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)

    def later(frames):
        """How far the joints are after the take from where they are in it, when it takes so many frames."""
        cuts = held(squat[:frames], 60 - frames)[None, None]
        coefficients = flow.coefficients(cuts)
        take = Known(coefficients, cuts - flow.basis.expand(coefficients), (0,), torch.tensor([False]), 1.0)
        made = flow.decode_features(z, 150, seed=1, known=take)[0]
        parts = [features_motion(part).joints() for part in (made[:30], made[64:94])]
        return float(np.linalg.norm(np.diff([part - part[:, :1] for part in parts], axis=0), axis=-1).mean())

    heights = squat[:60, HEIGHT]
    period = 20 + int((heights[20:] - heights[0]).abs().argmin())
    lowest = int(heights.argmin())
    assert later(period) < 0.05 < later(lowest)


def test_who_went_down_in_it_stays_down_afterwards(flow):
    z = torch.nn.functional.normalize(torch.randn(1, 384), dim=-1)
    squat = motion_features(synthetic_motion("squat", 120, 0))
    lowest = int(squat[:30, HEIGHT].argmin())
    cuts = held(squat[: lowest + 1], 59)[None, None, :60]
    coefficients = flow.coefficients(cuts)
    residuals = cuts - flow.basis.expand(coefficients)
    takes = Known(coefficients, residuals, (0,), torch.tensor([False]), 1.0)
    height = flow.decode_features(z, 150, seed=1, known=takes)[0, :, HEIGHT]
    assert float(height[0] - height[60:].max()) > 0.2 and float(height[60:].max() - height[60:].min()) < 0.03


def test_each_step_of_a_chain_sets_out_from_its_own(flow):
    z = torch.nn.functional.normalize(torch.randn(3, 384), dim=-1)
    takes = [known(flow, "squat", 1.0, starts=(0, 40)), known(flow, "wave left hand", 1.0), known(flow, "walk", 1.0)]
    made = flow.decode_chain(z, [100, 60, 40], [1, 2, 3], takes)
    assert made.shape == (200, 149)
    assert off(flow, made[:70], "squat") < 0.05
    assert off(flow, made[100:120], "wave left hand") < 0.1 and off(flow, made[160:180], "walk") < 0.1


def unit(*numbers):
    return torch.nn.functional.normalize(torch.tensor(numbers), dim=-1)


@pytest.fixture
def bank():
    """Walking in two styles and sitting down, whose takes go on sitting."""
    labels = [("sit", "normal")] * 2 + [("walk", "normal")] * 3 + [("walk", "old")] * 2
    entries = [Entry(number, "a", *label, "words", 0) for number, label in enumerate(labels)]
    latents = torch.stack([unit(0.0, 1.0, 0.0)] * 2 + [unit(1.0, 0.0, 0.0)] * 3 + [unit(1.0, 0.0, 1.0)] * 2)
    typical = torch.tensor([True, False, True, False, *[True] * 5])
    take_labels = (
        TakeLabel("sit", "normal", 100, (0, 40), 0, 2),
        TakeLabel("walk", "normal", 60, (0,), 4, 3),
        TakeLabel("walk", "old", 60, (0,), 7, 2),
    )
    basis = ResidualBasis(torch.eye(2, 30 * 24), 60)
    takes = Takes(torch.arange(9.0)[:, None].expand(9, 170) + 1, torch.ones(9, 2), basis, typical, take_labels, 60)
    traits = {"sit": Traits(True, True), "walk": Traits(False, True)}
    return Bank(latents, entries, latents[[0, 2]], torch.tensor([0, 1]), traits, takes=takes)


def test_a_seed_has_its_take_whole_where_there_is_time_and_else_one_typical_window(bank):
    def rows(action, style, count, frames, seed=0):
        found = bank.takes.known(bank.take_label(action, style), count, seed, frames, False, 0.6)
        assert found.residuals.shape == (*found.coefficients.shape[:2], 60, 149)
        return found.starts, (found.coefficients[..., 0] - 1).long().tolist()

    assert rows("sit", "normal", 2, 100, 0) == ((0, 40), [[0, 1]] * 2)
    assert rows("sit", "normal", 1, 100, 3) == ((0, 40), [[2, 3]])
    assert [rows("sit", "normal", 1, 99, seed) for seed in range(2)] == [((0,), [[0]]), ((0,), [[2]])]
    assert [rows("walk", "normal", 2, 60, seed)[1] for seed in range(4)] == [[[n]] * 2 for n in (4, 5, 6, 4)]
    assert [rows("walk", "old", 1, 60, seed)[1] for seed in range(2)] == [[[7]], [[8]]]
    several = bank.takes.known(bank.take_label("walk", "normal"), 4, 1, 60, False, 0.6, several=True)
    assert (several.coefficients[:, 0, 0] - 1).tolist() == [5, 6, 4, 5]


def test_an_action_that_is_not_known_in_a_style_has_the_takes_without_one(bank):
    assert bank.take_label("walk", "old").style == "old"
    assert bank.take_label("walk", "angry").style == bank.take_label("sit", "old").style == "normal"
    bank.takes = dataclasses.replace(bank.takes, labels=bank.takes.labels[2:])
    assert bank.take_label("walk", "angry").style == "old"


def test_takes_are_kept_in_the_banks_file(bank, tmp_path):
    bank.save(tmp_path)
    found = Bank.load(tmp_path).takes
    assert torch.allclose(found.coefficients, bank.takes.coefficients, rtol=1e-3)
    assert torch.allclose(found.residuals, bank.takes.residuals, rtol=1e-3)
    assert torch.allclose(found.residual_basis.directions, bank.takes.residual_basis.directions, atol=1e-3)
    assert torch.equal(found.typical, bank.takes.typical)
    assert found.labels == bank.takes.labels and found.window == 60


@given(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=40).filter(lambda row: len(row) % 2 == 0))
def test_half_bytes_are_off_by_a_fourteenth_of_the_largest(row):
    vectors = torch.tensor([row])
    with tempfile.TemporaryDirectory() as folder:
        save_file(to_half_bytes("x", vectors), Path(folder) / "x")
        with safe_open(Path(folder) / "x", framework="pt") as file:
            found = from_half_bytes("x", file)
    assert (found - vectors).abs().max() <= vectors.abs().max() / 14 * 1.01 + 1e-5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"takes": torch.ones(3, 160, dtype=torch.int8), "takes.scale": torch.ones(3, 1)}, "takes: 3 windows where"),
        ({"takes.typical": torch.tensor([False] * 4 + [True] * 5)}, "no window is typical of 'sit' in the style"),
    ],
)
def test_a_bank_whose_takes_are_damaged_is_refused(bank, tmp_path, change, words):
    bank.save(tmp_path)
    path = tmp_path / storage.BANK_FILE
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file(load_file(path) | change, path, metadata=header)
    with pytest.raises(ModelFolderError, match=words):
        Bank.load(tmp_path)


def clip(name, motion, action, style="normal"):
    return Clip(name, motion, "train", action, style, ("words",), "", "recorded", ())


def test_takes_are_as_long_as_an_action_usually_takes(flow):
    long = synthetic_motion("walk", 700, 1)
    clips = [
        clip(f"s{n}", synthetic_motion("squat", frames), "squat") for n, frames in enumerate((90, 96, 100, 104, 140))
    ]
    clips += [clip("w", long, "walk"), clip("k", synthetic_motion("wave left hand", 30), "wave")]
    takes = cut_takes(flow, clips)
    lengths = {label.action: (label.frames, label.count) for label in takes.labels}
    assert lengths == {"squat": (100, 3), "walk": (110, 3), "wave": (60, 1)}
    for label in takes.labels:
        assert label.starts[0] == 0 and label.starts[-1] == label.frames - 60
        assert max(np.diff(label.starts), default=0) <= 50
    assert len(takes.coefficients) == takes.labels[-1].rows.stop


def test_takes_are_of_clips_that_show_the_action(flow):
    lively = synthetic_motion("squat", 100)
    still = Motion(lively.poses[:1].repeat(100, 0), lively.translation[:1].repeat(100, 0))
    clips = [clip(f"s{n}", still, "squat") for n in range(3)] + [clip(f"l{n}", lively, "squat") for n in range(3)]
    takes = cut_takes(flow, clips)
    assert takes.labels[0].count == 3 and _speeds(flow.basis.expand(takes.coefficients)).mean(-1).min() > 0.1


def test_clips_that_show_their_action_unclearly_give_takes_only_where_there_are_no_others(flow, monkeypatch):
    monkeypatch.setattr(take_cutting, "UNCLEAR", {"s0", "s1", "w0"})
    clips = [clip(f"s{n}", synthetic_motion("squat", 100 if n < 2 else 90), "squat") for n in range(3)]
    takes = cut_takes(flow, [*clips, clip("w0", synthetic_motion("walk", 80), "walk")])
    assert {label.action: (label.frames, label.count) for label in takes.labels} == {"squat": (90, 1), "walk": (80, 1)}


def test_a_take_begins_after_the_calibration_pose(flow):
    walk = synthetic_motion("walk", 80)
    posed = Motion(walk.poses.copy(), walk.translation)
    posed.poses[0, [JOINT_INDEX["left_shoulder"], JOINT_INDEX["right_shoulder"]]] = [[0, 0, 1.4], [0, 0, -1.4]]
    assert np.linalg.norm(np.diff(posed.joints(), axis=0), axis=-1).max() > 0.4
    takes = cut_takes(flow, [clip("w", posed, "walk")])
    assert takes.labels[0].frames == 79
    begins = features_motion(flow.basis.expand(takes.coefficients)[0]).joints()[:2]
    assert np.linalg.norm(np.diff(begins, axis=0), axis=-1).max() < 0.2


def test_of_a_long_recording_a_take_is_where_the_body_goes_down_and_up_again(flow):
    squat, still = synthetic_motion("squat", 150), synthetic_motion("walk", 1)
    path = np.full((600, 3), 0.9, np.float32) * [0, 1, 0]
    path[300:450, 1] -= 0.4 * np.sin(np.linspace(0, np.pi, 150))
    poses = still.poses.repeat(600, 0)
    poses[300:450] = squat.poses
    takes = cut_takes(flow, [clip("long", Motion(poses, path.astype(np.float32)), "squat")])
    heights = flow.basis.expand(takes.coefficients[: len(takes.labels[0].starts)])[..., HEIGHT]
    assert takes.labels[0].frames == 160 and heights.amax() - heights.amin() > 0.2


def test_a_take_of_a_routine_is_no_livelier_than_most_of_it_and_one_of_a_blow_is():
    calm = synthetic_motion("wave left hand", 600)
    poses = calm.poses.copy()
    poses[200:340, JOINT_INDEX["right_elbow"], 1] += 0.8 * np.sin(np.arange(140) / 2)
    routine = Motion(poses, calm.translation)
    short = [calm.crop(0, frames) for frames in (60, 100)]
    routines, blows = (
        torch.stack(_stretches([clip(f"{n}", motion, "wave") for n, motion in enumerate(of)], 100, 60))
        for of in ([routine], [*short, routine])
    )
    assert _speeds(routines).mean(-1).max() < 0.7 * _speeds(blows).mean(-1).max()


def test_what_lies_on_a_mat_for_long_is_set_on_the_floor_and_jumps_are_not():
    standing = Motion(np.zeros((120, 24, 3), np.float32), np.zeros((120, 3), np.float32))
    standing.translation[:, 1] -= heights(standing).min()
    motion = motion_features(standing)
    on_mat, jumping = motion.clone(), motion.clone()
    on_mat[:, HEIGHT:] += 0.1
    jumping[50:60, HEIGHT:] += 0.1
    assert _off_mats(on_mat)[:, CLEARANCE].abs().max() < 0.02
    assert torch.equal(_off_mats(jumping), jumping)


def test_of_what_raises_or_lowers_the_body_only_windows_that_do_are_typical():
    down, still = synthetic_motion("squat", 60), synthetic_motion("wave left hand", 60)
    down.translation[:, 1] = np.linspace(0.9, 0.5, 60)
    cuts = torch.stack([motion_features(motion) for motion in (down, still, still, still)])
    labels = [TakeLabel("sit down", "normal", 100, (0, 40), 0, 1), TakeLabel("wave", "normal", 100, (0, 40), 2, 1)]
    assert _typical(labels, cuts).tolist() == [True, False, True, True]


def test_of_what_moves_the_body_now_and_then_the_livelier_windows_are_typical():
    lively = synthetic_motion("wave left hand", 60)
    still = Motion(lively.poses[:1].repeat(60, 0), lively.translation[:1].repeat(60, 0))
    cuts = torch.stack([motion_features(motion) for motion in (still, lively)])
    assert _typical([TakeLabel("wave", "normal", 100, (0, 40), 0, 1)], cuts).tolist() == [False, True]


@pytest.mark.parametrize(("closeness", "share"), [(1.0, 0.6), (0.5, 0.3), (0.0, None)])
def test_the_words_as_they_are_set_out_from_noise_alone(mc, monkeypatch, closeness, share):
    asked, decode = [], mc.model.decode_features

    def watched(*arguments, known=None):
        asked.append(known)
        return decode(*arguments, known=known)

    monkeypatch.setattr(mc.model, "decode_features", watched)
    made = mc.generate("wave goodbye", closeness=closeness)
    (found,) = asked
    assert (found is None) == (share is None)
    if found is not None:
        assert found.share == pytest.approx(share) and len(found.coefficients) == mc.model.config.draws
        assert len(made) == found.starts[-1] + 60 > 60


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
