"""Motion, kinematics and features: what must hold for any motion."""

from dataclasses import replace

import mannequin
import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from motionclip import Motion
from motionclip.motion import features, skeleton
from motionclip.motion.foot_contact import grounded, lock_feet
from motionclip.motion.motion import StepSpan, about_y, heading, to_axis_angle, to_matrices

angles = st.floats(-3.0, 3.0, width=32)


def any_motion(max_frames: int = 6) -> st.SearchStrategy[Motion]:
    return st.integers(1, max_frames).flatmap(
        lambda n: st.builds(
            Motion,
            arrays(np.float32, (n, 24, 3), elements=st.floats(-1.5, 1.5, width=32)),
            arrays(np.float32, (n, 3), elements=st.floats(-5, 5, width=32)),
        )
    )


@settings(max_examples=300, deadline=None)
@given(
    arrays(np.float64, 3, elements=st.floats(-1, 1)).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    st.floats(0, np.pi) | st.floats(0, 1e-4) | st.floats(np.pi - 1e-4, np.pi),
)
def test_axis_angles_turn_as_their_matrices_do(axis, angle):
    matrix = to_matrices(axis / np.linalg.norm(axis) * angle)
    vector = to_axis_angle(matrix)
    assert np.linalg.norm(vector) == pytest.approx(angle, abs=1e-3)
    assert torch.allclose(to_matrices(vector), matrix, atol=2e-6)


def test_rest_bones_are_the_mannequins():
    figure = mannequin.Mannequin("wooden")
    rest = figure.joint_transforms(figure.rest_pose())[:24, :3, 3]
    assert np.abs(rest - skeleton.REST_JOINTS.numpy()).max() < 1e-4
    assert tuple(figure.parents[:24]) == skeleton.PARENTS


def test_rest_pose_stands_upright_facing_z():
    joints = Motion(np.zeros((1, 24, 3)), np.zeros((1, 3))).joints()[0]
    by_name = dict(zip(skeleton.JOINT_NAMES, joints, strict=True))
    assert by_name["head"][1] > by_name["pelvis"][1] > by_name["left_ankle"][1]
    assert by_name["left_hip"][0] > by_name["right_hip"][0]
    assert by_name["left_foot"][2] > by_name["left_ankle"][2]


@settings(max_examples=25, deadline=None)
@given(any_motion())
def test_bones_keep_their_lengths_whatever_the_pose(motion):
    joints = motion.joints()
    for joint, parent in enumerate(skeleton.PARENTS):
        if parent >= 0:
            length = np.linalg.norm(joints[:, joint] - joints[:, parent], axis=-1)
            assert np.abs(length - float(skeleton.OFFSETS[joint].norm())).max() < 1e-4


@settings(max_examples=25, deadline=None)
@given(any_motion())
def test_mirroring_reflects_a_symmetric_body_and_undoes_itself(motion):
    twice = motion.mirrored().mirrored()
    assert np.allclose(twice.poses, motion.poses) and np.allclose(twice.translation, motion.translation)
    reflected = motion.joints()[:, list(skeleton.MIRROR)] * [-1, 1, 1]
    # The rest body is a few centimetres out of symmetry, which grows along the limbs.
    assert np.abs(motion.mirrored().joints() - reflected).max() < 0.25
    in_features = features.features_motion(features.mirror(features.motion_features(motion)))
    assert float((in_features.rotations() - motion.mirrored().rotations()).abs().max()) < 1e-4


@settings(max_examples=25, deadline=None)
@given(any_motion(), angles)
def test_features_hold_a_motion_up_to_where_it_starts_and_faces(motion, angle):
    whole = features.motion_features(motion)
    again = features.features_motion(whole)
    start = motion.translation[0] * [1, 0, 1]
    assert np.abs(again.joints() - (motion.joints() - start)).max() < 1e-3
    turned = features.features_motion(features.turn(whole, torch.tensor(angle)))
    assert np.abs(turned.joints() - again.turned(angle).joints()).max() < 2e-3


@settings(max_examples=50, deadline=None)
@given(angles)
def test_heading_is_the_turn_about_the_vertical(angle):
    assert float(heading(about_y(torch.tensor(angle)))) == pytest.approx(angle, abs=1e-3)


def test_canonical_starts_at_the_origin_facing_z():
    motion = synthetic_motion().turned(1.1)
    start = motion.canonical()
    assert abs(start.heading()) < 1e-4
    assert np.abs(start.translation[0, [0, 2]]).max() < 1e-6
    assert np.allclose(start.translation[:, 1], motion.translation[:, 1])


def test_resampling_keeps_duration_and_passes_through_the_frames():
    motion = synthetic_motion(frames=121)
    slow = motion.resampled(120)
    assert len(slow) == 31
    assert np.abs(slow.joints() - motion.joints()[::4]).max() < 1e-4
    between = motion.resampled(20)
    assert len(between) == 181
    assert np.abs(between.joints()[::3] - motion.joints()[::2]).max() < 1e-4


def test_steps_stay_where_they_are_when_frames_are_left_out_or_resampled():
    motion = replace(synthetic_motion(frames=90), steps=(StepSpan("walk", 0, 60), StepSpan("bow", 60, 90)))
    assert motion.steps[1].seconds == (2.0, 3.0)
    assert motion.crop(30, 80).steps == (StepSpan("walk", 0, 30), StepSpan("bow", 30, 50))
    assert motion.crop(-20, 90).steps == (StepSpan("bow", 0, 20),)
    assert motion.resampled(60).steps == (StepSpan("walk", 0, 30), StepSpan("bow", 30, 45))


def test_floor_is_found():
    hovering = features.motion_features(synthetic_motion())
    hovering[:, -1] += 2.0
    feet = features.features_motion(grounded(hovering)).joints()[:, skeleton.FEET, 1]
    assert abs((feet - np.array(skeleton.FEET_REST_HEIGHTS)).min()) < 1e-3


def test_standing_feet_are_kept_from_sliding_by_bending_the_legs_alone():
    whole = grounded(features.motion_features(synthetic_motion("wave left hand")))
    whole[:, features.VX] += 0.01 * torch.sin(torch.arange(len(whole)) / 5)  # sways 10 cm, and the feet with it
    before, after = (features.features_motion(x) for x in (whole, lock_feet(whole[None])[0]))

    def slide(motion):
        return np.linalg.norm(np.diff(motion.joints()[:, [10, 11]][..., [0, 2]], axis=0), axis=-1).mean()

    assert slide(after) < 0.1 * slide(before)
    legs = [skeleton.JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "knee", "ankle")]
    rest = [joint for joint in range(skeleton.NUM_JOINTS) if joint not in legs]
    assert np.abs(after.poses[:, rest] - before.poses[:, rest]).max() < 1e-5
    assert np.abs(after.poses[:, legs] - before.poses[:, legs]).max() > 0.02
    soles = [motion.joints()[:, [10, 11]] - motion.joints()[:, [7, 8]] for motion in (before, after)]
    assert np.abs(soles[1] - soles[0]).max() < 1e-4


def test_a_leg_folded_under_the_body_does_not_swing_round():
    motion = synthetic_motion("wave left hand")
    for side in ("left", "right"):
        motion.poses[:, skeleton.JOINT_INDEX[f"{side}_hip"], 0] -= 2.3
        motion.poses[:, skeleton.JOINT_INDEX[f"{side}_knee"], 0] += 3.0
        motion.poses[:, skeleton.JOINT_INDEX[f"{side}_ankle"], 0] -= 0.7
    whole = grounded(features.motion_features(motion))
    whole[:, features.VX] += 0.02 * torch.sin(torch.arange(len(whole)) / 5)
    before, after = (features.joints(x) for x in (whole, lock_feet(whole[None])[0]))
    knees = [skeleton.JOINT_INDEX[f"{side}_knee"] for side in ("left", "right")]
    assert (after - before)[:, knees].norm(dim=-1).max() < 0.15


@pytest.mark.parametrize(
    ("poses", "translation", "field"),
    [
        (np.zeros((0, 24, 3)), np.zeros((0, 3)), "poses"),
        (np.zeros((5, 22, 3)), np.zeros((5, 3)), "poses"),
        (np.zeros((5, 24, 3)), np.zeros((4, 3)), "translation"),
        (np.full((5, 24, 3), np.nan), np.zeros((5, 3)), "poses"),
        (np.zeros((5, 24, 3)), np.full((5, 3), np.inf), "translation"),
    ],
)
def test_wrong_arrays_are_refused_by_name(poses, translation, field):
    with pytest.raises(ValueError, match=f"^{field}"):
        Motion(poses, translation)


def test_a_frame_rate_must_be_positive():
    for fps in (0, -30, float("nan")):
        with pytest.raises(ValueError, match="fps"):
            synthetic_motion().resampled(fps)
