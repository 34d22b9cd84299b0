"""The representation of motion, and what keeps generated bodies on the floor, their feet still and their joints from
leaping."""

import math

import numpy as np
import pytest
import roma
import torch
from conftest import synthetic_motion
from hypothesis import given, settings
from hypothesis import strategies as st

from motionclip import Motion
from motionclip.evaluation.metrics import heights
from motionclip.evaluation.metrics import leaps as leaping
from motionclip.motion import discontinuities, features, skeleton
from motionclip.motion.features import CLEARANCE, HEIGHT, YAW, from_features, motion_features, to_features
from motionclip.motion.foot_contact import lock_feet, settled
from motionclip.motion.motion import about_y, heading


@given(st.floats(-0.6, 0.6), st.floats(0, 3.1), st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_any_course_of_the_pelvis_is_given_back(rate, tilt, axis):
    t = torch.arange(40.0)
    tilted = roma.rotvec_to_rotmat(torch.eye(3)[axis] * tilt)
    root = about_y(rate * t) @ roma.rotvec_to_rotmat(torch.stack([0.05 * t, 0 * t, 0.1 * t.sin()], -1)) @ tilted
    rotations = torch.eye(3).repeat(40, 24, 1, 1)
    rotations[:, 0] = root
    path = torch.stack([0.02 * t, 1 + 0.1 * t.sin(), 0.03 * t], -1)
    again, path_again = from_features(to_features(rotations, path))
    assert (again - rotations).abs().max() < 1e-4
    assert (path_again - (path - path[0] * torch.tensor([1.0, 0, 1.0]))).abs().max() < 1e-4


def test_a_turn_is_in_one_number_and_the_rest_does_not_see_it():
    walk = motion_features(synthetic_motion("walk", 60))
    turning = walk.clone()
    turning[:, YAW] += math.pi / 60
    rotations, _ = from_features(turning)
    turned = np.unwrap(heading(rotations[:, 0]).numpy())
    assert turned[-1] - turned[0] == pytest.approx(math.pi * 59 / 60, abs=0.02)
    # The mean of two opposite turns is no turn, not a flip.
    mean = (turning + features.mirror(turning)) / 2
    assert mean[:, YAW].abs().max() < 1e-6


def test_mirroring_twice_gives_the_motion_back():
    walk = motion_features(synthetic_motion("walk"))
    walk[:, YAW] = 0.02
    assert torch.allclose(features.mirror(features.mirror(walk)), walk)
    mirrored, joints = (features.features_motions(m[None])[0].joints() for m in (features.mirror(walk), walk))
    assert np.abs(mirrored[:, list(skeleton.MIRROR)] * [-1, 1, 1] - joints).max() < 0.08  # the body is not quite even


@pytest.mark.parametrize("off", [-0.3, 0.4])
def test_a_body_is_set_on_the_floor_where_its_clearance_says_so(off):
    walk = motion_features(synthetic_motion("walk", 60))
    walk[:, HEIGHT] += off
    walk[:, CLEARANCE] = 0
    (made,) = features.features_motions(settled(walk[None]))
    assert np.abs(heights(made)).max() < 0.05


def test_a_body_in_the_air_stays_there():
    jump = motion_features(synthetic_motion("squat", 60))
    jump[:, CLEARANCE] = 0.5
    (made,) = features.features_motions(lock_feet(jump[None]))
    assert np.allclose(heights(made), 0.5, atol=0.06)


def test_standing_feet_are_kept_still_and_a_lying_body_is_left_alone():
    slide = motion_features(synthetic_motion("wave left hand", 60))
    slide[:, features.VX] = 0.004
    slide[:, CLEARANCE] = 0
    foot = skeleton.JOINT_INDEX["left_foot"]
    course = [features.features_motions(m)[0].joints()[:, foot] for m in (settled(slide[None]), lock_feet(slide[None]))]
    went = [np.linalg.norm(np.diff(c[:, [0, 2]], axis=0), axis=-1).sum() for c in course]
    assert went[1] < 0.6 * went[0]
    rotations, path = from_features(slide)
    rotations[:, 0] = roma.rotvec_to_rotmat(torch.tensor([-math.pi / 2, 0, 0])) @ rotations[:, 0]
    lying = to_features(rotations, path)
    lying[:, CLEARANCE] = 0
    assert torch.allclose(lock_feet(lying[None]), settled(lying[None]), atol=2e-3)


def test_locked_feet_start_and_stop_smoothly():
    walk = motion_features(synthetic_motion("walk", 60))
    walk[:, CLEARANCE] = 0
    feet = [skeleton.JOINT_INDEX[f"{side}_foot"] for side in ("left", "right")]
    ground = features.features_motions(lock_feet(walk[None]))[0].joints()[:, feet][..., [0, 2]]
    assert np.linalg.norm(np.diff(ground, 2, axis=0), axis=-1).max() < 0.04  # metres per frame²; by jumps 0.06


def drifting(poses):
    """A body in this pose, (24, 3), that drifts 4 mm per frame to its left, on the floor."""
    motion = motion_features(Motion(np.tile(poses, (60, 1, 1)), np.tile([0, 0.95, 0], (60, 1))))
    motion[:, features.VX] = 0.004
    motion[:, CLEARANCE] = 0
    return motion[None]


def drift(motion, joint):
    """Metres that a joint goes on the ground."""
    course = features.features_motions(motion)[0].joints()[:, skeleton.JOINT_INDEX[joint], ::2]
    return np.linalg.norm(course[-1] - course[0])


def test_a_raised_foot_moves_as_it_did_while_the_other_stands():
    poses = np.zeros((24, 3))
    poses[skeleton.JOINT_INDEX["left_hip"], 0], poses[skeleton.JOINT_INDEX["left_knee"], 0] = -1.2, 1.2
    locked = lock_feet(drifting(poses))
    assert drift(locked, "left_foot") == pytest.approx(0.004 * 59, rel=0.02)
    assert drift(locked, "right_foot") < 0.5 * 0.004 * 59


def swinging(speed):
    """A body that goes forward at `speed` metres per frame, and swings its straight left leg past the right one."""
    angles = np.clip(0.4 - 0.1 * np.arange(-26, 34), -0.4, 0.4)
    poses = np.zeros((60, 24, 3))
    poses[:, skeleton.JOINT_INDEX["left_hip"], 0] = angles
    motion = motion_features(Motion(poses, np.tile([0, 0.95, 0], (60, 1))))
    motion[:, features.VZ] = speed
    motion[:, CLEARANCE] = 0
    return motion[None]


def ball_height(motion, joint, frame):
    joints = features.features_motions(motion)[0].joints()
    return joints[frame, skeleton.JOINT_INDEX[joint], 1] - skeleton.FEET_REST_HEIGHTS[1]


def test_a_foot_that_swings_does_not_drag_over_the_floor():
    before, after = (ball_height(make(swinging(0.02)), "left_foot", 30) for make in (settled, lock_feet))
    assert before < 0.01
    assert 0.02 < after < 0.04
    assert abs(ball_height(lock_feet(swinging(0.02)), "right_foot", 30)) < 0.01


def test_a_foot_that_glides_with_the_body_stays_on_the_floor():
    glide = motion_features(Motion(np.zeros((60, 24, 3)), np.tile([0, 0.95, 0], (60, 1))))
    glide[:, features.VZ] = 0.1
    glide[:, CLEARANCE] = 0
    assert abs(ball_height(lock_feet(glide[None]), "left_foot", 30)) < 0.005


@pytest.mark.parametrize("lean", [math.pi / 2, -math.pi / 2])
def test_the_feet_of_a_body_that_lies_are_left_alone(lean):
    poses = np.zeros((24, 3))
    poses[0, 0] = lean
    locked = lock_feet(drifting(poses))
    for foot in ("left_foot", "right_foot"):
        assert drift(locked, foot) == pytest.approx(0.004 * 59, rel=0.02)


def test_a_flip_is_spread_and_plain_motion_is_left_as_it_is():
    walk = motion_features(synthetic_motion("walk", 60))[None]
    assert discontinuities.slowed(discontinuities.smoothed(walk)) is walk
    rotations, path = from_features(walk[0])
    rotations[30:, 0] = (
        about_y(torch.tensor(0.0)) @ roma.rotvec_to_rotmat(torch.tensor([2.8, 0, 0])) @ rotations[30:, 0]
    )
    flipped = to_features(rotations, path)[None]
    assert leaping(features.features_motions(flipped)[0])
    assert not leaping(features.features_motions(discontinuities.smoothed(flipped))[0])
    both = discontinuities.smoothed(torch.cat([1.1 * walk, flipped]))
    assert torch.equal(both[0], 1.1 * walk[0]) and torch.equal(both[1:], discontinuities.smoothed(flipped))


def test_a_pelvis_turns_half_as_fast_as_limbs_at_most():
    rotations, path = from_features(motion_features(synthetic_motion("walk", 60)))
    for joint, spread in (("pelvis", True), ("left_elbow", False), ("right_hand", False)):
        jerking = rotations.clone()
        turn = roma.rotvec_to_rotmat(torch.tensor([math.radians(45), 0, 0]))
        jerking[30:, skeleton.JOINT_INDEX[joint]] = turn @ rotations[30:, skeleton.JOINT_INDEX[joint]]
        motion = to_features(jerking, path)[None]
        assert (discontinuities.smoothed(motion) is not motion) == spread, joint


def test_what_is_too_fast_takes_more_time_and_ends_at_the_same_place_and_pose():
    wave = motion_features(synthetic_motion("wave left hand", 60))
    rotations, path = from_features(wave)
    shoulder = skeleton.JOINT_INDEX["left_shoulder"]
    swing = torch.zeros(60, 3)
    swing[28:31, 1] = torch.tensor([0.9, 1.8, 2.7])
    swing[31:, 1] = 2.8
    rotations[:, shoulder] = roma.rotvec_to_rotmat(swing)
    path[:, 2] += torch.linspace(0, 1, 60)
    fast = to_features(rotations, path)[None]
    slow = discontinuities.slowed(fast)
    before, after = features.features_motions(fast)[0].joints(), features.features_motions(slow)[0].joints()

    def speed(joints):
        return 30 * np.linalg.norm(np.diff(joints, axis=0), axis=-1).max()

    assert speed(before) > 12 > speed(after)
    assert np.allclose(before[-1], after[-1], atol=0.02)
