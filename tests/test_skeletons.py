"""BVH files of others: which way is up, which joint is which, what the rest pose says, and how readers spell BVH."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import roma
import torch
from conftest import synthetic_motion
from figures import BODY_JOINTS, HUMANIK, TURNS, between, figure, named, turned_by
from hypothesis import given, settings
from hypothesis import strategies as st

from motionclip import Motion, files
from motionclip.files import MotionFileError
from motionclip.motion import skeleton

J = skeleton.JOINT_INDEX


def posed(frames: int = 20, height: float = 0.95, **rotations: tuple[float, float, float]) -> Motion:
    """One pose, held but for a slight sway; rotations: part → axis-angle in degrees."""
    poses = np.zeros((frames, 24, 3), np.float32)
    for side, sign in (("left", -1), ("right", 1)):
        poses[:, J[f"{side}_shoulder"], 2] = sign * 1.2
    for part, turn in rotations.items():
        poses[:, J[part]] = np.radians(turn)
    poses[:, J["spine2"], 0] += 0.02 * np.sin(np.arange(frames) / 3)
    return Motion(poses, np.tile(np.array([[0.3, height, -1.0]], np.float32), (frames, 1)), "posed")


def read(tmp_path, text, **options):
    path = tmp_path / "a.bvh"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (reading,) = files.read(path, **options)
    return reading


def test_a_skeleton_like_smpls_comes_back_as_it_was(tmp_path):
    """Trunk and twists, too: each of its spine's joints has one of its own, and a T-pose says how limbs twist."""
    motion = synthetic_motion("walk", 60)
    poses = motion.poses.copy()
    wave = np.sin(np.arange(60) / 6)
    for part, turn in {
        "spine1": (0.3, 0, 0), "spine2": (0, 0.3, 0.2), "spine3": (0.4, 0.2, 0), "left_shoulder": (0.3, 0.5, -0.4),
        "right_shoulder": (0.4, -0.2, 0.6), "left_elbow": (0.4, -0.6, 0.2), "right_elbow": (-0.3, 0.8, 0),
    }.items():  # fmt: skip
        poses[:, J[part]] += wave[:, None] * np.float32(turn)
    motion = Motion(poses, motion.translation)
    loaded = read(tmp_path, figure(motion).text()).motion
    for part in ("spine1", "spine2", "spine3", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"):
        assert turned_by(loaded, motion, part).max() < 1.5, part
    assert between(loaded, motion, [("pelvis", "neck"), ("neck", "head")]).max() < 1


def test_a_neck_of_two_joints_points_as_both_turn_it(tmp_path):
    motion = posed(frames=3)
    double = figure(motion)
    double.wrap("Head", "Neck1", tuple(0.5 * double.nodes["Head"].offset))
    bent = roma.rotvec_to_rotmat(torch.tensor([0.5, 0.0, 0.0], dtype=torch.float64)).numpy()
    double.nodes["Neck"].turns[1:], double.nodes["Neck1"].turns[1:] = bent, bent.T
    joints = read(tmp_path, double.text()).motion.joints()
    way = joints[:, J["head"]] - joints[:, J["neck"]]
    angle = np.arctan2(way[:, 2], way[:, 1])
    # Half the neck leans by 0.5 rad, and half of it not at all.
    assert angle[2] - angle[0] == pytest.approx(0.25, abs=0.03)


# --- which way is up ---

LYING = {
    "on the back": posed(height=0.12, pelvis=(-90, 0, 0)),
    "on the front": posed(height=0.12, pelvis=(90, 0, 0)),
    "on all fours": posed(
        height=0.45, pelvis=(80, 0, 0), left_hip=(-80, 0, 0), right_hip=(-80, 0, 0), left_knee=(80, 0, 0),
        right_knee=(80, 0, 0), left_shoulder=(0, -80, 0), right_shoulder=(0, 80, 0),
    ),
    "bent over": posed(height=0.9, pelvis=(50, 0, 0), spine1=(40, 0, 0), left_hip=(-50, 0, 0), right_hip=(-50, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("pose", LYING)
def test_people_who_do_not_stand_are_not_turned(tmp_path, pose):
    motion = LYING[pose]
    reading = read(tmp_path, figure(motion).text())
    assert reading.up == "y"
    assert between(reading.motion, motion).max() < 1
    assert np.abs(reading.motion.joints()[:, :, 1] - motion.joints()[:, :, 1]).max() < 0.12


def going(motion: Motion, metres: float, rolls: float = 0.0) -> Motion:
    """The same along a straight way over the floor, rolling so many times about the body's own length."""
    share = np.linspace(0, 1, len(motion))
    path = motion.translation + metres * np.outer(share, [0.6, 0, 0.8]).astype(np.float32)
    turned = motion.rotations().double()
    spin = roma.rotvec_to_rotmat(torch.from_numpy(np.outer(2 * np.pi * rolls * share, [0, 0, 1])))
    turned[:, 0] = spin @ turned[:, 0]
    return Motion.from_rotations(turned.float(), torch.from_numpy(path), motion.name)


FLOOR = {
    "crawls": going(LYING["on all fours"], 3.0),
    "crawls aside": going(LYING["on all fours"].turned(np.pi / 2), 3.0),
    "rolls": going(LYING["on the back"].turned(np.pi), 3.0, rolls=2.0),
}


@pytest.mark.parametrize("motion", FLOOR.values(), ids=FLOOR)
@pytest.mark.parametrize("up", ["y", "z"])
def test_who_never_stands_is_told_by_the_floor(tmp_path, motion, up):
    reading = read(tmp_path, figure(motion, up=up).text())
    assert reading.up == up and between(reading.motion, motion).max() < 1
    assert up == "y" or any("--up overrules" in note for note in reading.notes)


def test_who_stands_off_zero_leaves_nothing_open(tmp_path):
    motion = synthetic_motion("walk", 60)
    motion.translation[:, 1] -= motion.translation[0, 1]  # the pelvis begins at 0, as where only the way is told
    assert not read(tmp_path, figure(motion).text()).notes


def test_who_never_moves_may_lie_where_the_floor_is(tmp_path):
    """Feet in the air, the back on the other axis's zero: upright, as the skeleton says, or on the back."""
    motion = posed(height=2.5)
    motion.translation[:, 2] = 0.1
    reading = read(tmp_path, figure(motion).text())
    assert reading.up == "y" and ["the floor may lie across z; --up overrules" in note for note in reading.notes] == [
        True
    ]


def test_who_lies_along_the_axis_is_not_taken_for_standing_without_a_word(tmp_path):
    """On a bench, the head where the skeleton has up: no floor is at zero, but no foot carries the body either."""
    motion = going(posed(height=0.6, pelvis=(-90, 0, 0), left_ankle=(40, 0, 0), right_ankle=(40, 0, 0)), 0.02)
    motion.translation[:, 2] -= 1
    text = figure(motion, up="z").text()
    assert read(tmp_path, text).up == "y" and any("--up overrules" in note for note in read(tmp_path, text).notes)


@pytest.mark.parametrize("pose", ["on the back", "on the front", "on all fours"])
def test_of_who_does_not_stand_it_is_said_what_was_assumed(tmp_path, pose):
    (note,) = read(tmp_path, figure(LYING[pose]).text()).notes
    assert "the body does not stand along y, which was taken for up" in note and "--up overrules" in note


def test_who_jumps_stands_all_the_same(tmp_path):
    """The floor is left often, but the feet rest where it is."""
    motion = synthetic_motion("walk", 60)
    motion.translation[:, 1] += 0.5 * np.abs(np.sin(np.arange(60) / 6)).astype(np.float32)
    reading = read(tmp_path, figure(motion, up="z").text())
    assert reading.up == "z" and any("the body stands along z" in note for note in reading.notes)


def test_whether_up_a_wall_or_along_a_floor_is_left_open(tmp_path):
    """The skeleton's y is ahead in the world, and so is the head: it may as well be a wall that is climbed."""
    motion = going(LYING["on all fours"].turned(np.pi), 3.0)
    text = figure(motion, up="z").text()
    reading = read(tmp_path, text)
    assert reading.up == "y" and ["the floor may lie across z; --up overrules" in note for note in reading.notes] == [
        True
    ]
    assert between(read(tmp_path, text, up="z").motion, motion).max() < 1


@pytest.mark.parametrize("up", TURNS)
def test_any_axis_may_point_up(tmp_path, up):
    motion = synthetic_motion()
    reading = read(tmp_path, figure(motion, up=up).text())
    assert reading.up == up and between(reading.motion, motion).max() < 1
    assert (up == "y") == (not reading.notes)  # what was assumed is said


@pytest.mark.parametrize("up", ["z", "-y", "x"])
def test_a_rest_pose_with_the_same_axis_up_is_its_word(tmp_path, up):
    motion = LYING["on the back"]
    lying = figure(motion)
    for node in lying.nodes.values():  # the world and the skeleton turned alike
        node.offset, node.turns = TURNS[up] @ node.offset, TURNS[up] @ node.turns @ TURNS[up].T
    lying.path = lying.path @ TURNS[up].T
    reading = read(tmp_path, lying.text())
    assert reading.up == up and between(reading.motion, motion).max() < 1


def test_up_overrules(tmp_path):
    reading = read(tmp_path, figure(LYING["on the front"]).text(), up="z")
    assert reading.up == "z" and reading.motion.joints()[:, J["head"], 1].min() > 1.2


# --- what the rest pose says ---


def test_feet_are_right_where_a_walker_lies_down(tmp_path):
    walk, lie = synthetic_motion(frames=60), posed(frames=30, height=0.1, pelvis=(-90, 0, 0), left_ankle=(60, 0, 0))
    both = Motion(np.concatenate([walk.poses, lie.poses]), np.concatenate([walk.translation, lie.translation]))
    for skeleton_at_rest in (figure(both), _without_rest(figure(both))):
        reading = read(tmp_path, skeleton_at_rest.text())
        for side in ("left", "right"):
            assert turned_by(reading.motion, both, f"{side}_ankle")[:60].max() < 30


def _without_rest(source):
    """The same motion on bones whose zero pose says nothing: all of them point along x."""
    turns = {}
    for name in [*source.order]:
        node = source.nodes[name]
        children = [child for child in source.nodes.values() if child.parent == name]
        along = children[0].offset if len(children) == 1 else np.array([1.0, 0, 0])
        x = along / max(np.linalg.norm(along), 1e-9) if np.linalg.norm(along) > 0 else np.array([1.0, 0, 0])
        other = np.array([0.0, 0, 1]) if abs(x[2]) < 0.9 else np.array([0.0, 1, 0])
        y = np.cross(other, x) / np.linalg.norm(np.cross(other, x))
        turns[name] = np.stack([x, y, np.cross(x, y)], axis=1)
    for name, node in source.nodes.items():
        above = turns[node.parent] if node.parent else np.eye(3)
        node.offset, node.turns = above.T @ node.offset, above.T @ node.turns @ turns[name]
    return source


def test_feet_on_tiptoe_are_not_taken_for_flat_where_the_rest_pose_says_nothing(tmp_path):
    """Of the feet that stand the lowest lie flat."""
    motion = posed(frames=40)
    for side in ("left", "right"):
        motion.poses[20:, J[f"{side}_ankle"], 0] = 0.7
    motion.translation[20:, 1] += 0.1
    loaded = read(tmp_path, _without_rest(figure(motion)).text()).motion
    for side in ("left", "right"):
        assert turned_by(loaded, motion, f"{side}_ankle").max() < 12


ONE_POSE = posed(
    frames=3, height=0.6, pelvis=(-20, 0, 0), spine1=(25, 0, 0), neck=(35, 10, 0), head=(20, 0, 0),
    left_hip=(-85, 0, 0), right_hip=(-85, 0, 10), left_knee=(90, 0, 0), right_knee=(70, 0, 0), left_ankle=(40, 0, 0),
    right_ankle=(-20, 0, 0), left_wrist=(0, 0, 50), right_wrist=(40, 0, 0), left_collar=(0, 0, 15),
    right_collar=(0, 0, -15), left_elbow=(0, -60, 0), right_elbow=(0, 40, 0),
)  # fmt: skip


@pytest.mark.parametrize("part", ["pelvis", "spine2", "neck", "head", "left_collar", "left_wrist", "right_wrist",
                                  "left_ankle", "right_ankle", "left_hip", "right_shoulder"])  # fmt: skip
def test_a_short_clip_of_one_pose_is_read_by_the_rest_pose(tmp_path, part):
    reading = read(tmp_path, figure(ONE_POSE).text())
    assert turned_by(reading.motion, ONE_POSE, part).max() < 10


@pytest.mark.parametrize("angle", [0.0, 45.0, 75.0])
def test_t_poses_and_a_poses_are_alike(tmp_path, angle):
    source = figure(ONE_POSE)
    for side, sign in (("left", -1), ("right", 1)):  # at rest the arms hang lower; the motion is the same
        turn, (arm, before) = np.radians(sign * angle), (HUMANIK[f"{side}_{p}"] for p in ("shoulder", "collar"))
        lower = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        assert source.nodes[arm].parent == before
        for part in ("elbow", "wrist"):
            node = source.nodes[HUMANIK[f"{side}_{part}"]]
            node.offset, node.turns = lower @ node.offset, lower @ node.turns @ lower.T
        source.nodes[arm].turns = source.nodes[arm].turns @ lower.T
    reading = read(tmp_path, source.text())
    assert between(reading.motion, ONE_POSE).max() < 1
    assert turned_by(reading.motion, ONE_POSE, "left_wrist").max() < 15


def test_a_forefoot_straight_below_the_ankle_points_ahead(tmp_path):
    motion = synthetic_motion().turned(1.0)
    source = figure(motion, up="z")
    for side in ("Left", "Right"):
        source.nodes[f"{side}ToeBase"].offset = np.array([0, -6.0, 0])
    loaded = read(tmp_path, source.text()).motion
    for side in ("left", "right"):
        assert turned_by(loaded, motion, f"{side}_ankle").max() < 30


@pytest.mark.parametrize("angle", [0.0, 30.0, 55.0])
def test_feet_that_point_down_at_rest_are_flat_where_they_stand(tmp_path, angle):
    poses = posed(frames=40).poses.copy()
    bend = 0.4 + 0.3 * np.sin(np.arange(40) / 5)
    for side in ("left", "right"):
        for part, share in (("hip", -1), ("knee", 2), ("ankle", -1)):
            poses[:, J[f"{side}_{part}"], 0] = share * bend
    motion = Motion(poses, np.zeros((40, 3), np.float32)).turned(1.0)
    source = figure(motion)
    down = roma.rotvec_to_rotmat(torch.tensor([np.radians(angle), 0, 0])).numpy()
    for side in ("Left", "Right"):
        foot, toe = source.nodes[f"{side}Foot"], source.nodes[f"{side}ToeBase"]
        foot.turns, toe.offset, toe.turns = foot.turns @ down.T, down @ toe.offset, down @ toe.turns @ down.T
        toe.end = tuple(down @ np.array([0, 0, 6.0]))
    loaded = read(tmp_path, source.text()).motion
    for side in ("left", "right"):
        for part in ("ankle", "foot"):
            assert turned_by(loaded, motion, f"{side}_{part}").max() < 10


@pytest.mark.parametrize("up", ["y", "z"])
def test_a_mirrored_skeleton_is_refused(tmp_path, up):
    source = figure(synthetic_motion().turned(1.0), up=up)
    mirror = np.diag([-1.0, 1, 1])
    for node in source.nodes.values():
        node.offset, node.turns = mirror @ node.offset, mirror @ node.turns @ mirror
    with pytest.raises(MotionFileError, match="left and right the wrong way round"):
        read(tmp_path, source.text())


def test_two_skeletons_of_a_file_are_two_motions(tmp_path):
    walk, squat = synthetic_motion(), synthetic_motion("squat")
    texts = [figure(motion).text().removeprefix("HIERARCHY\n").partition("MOTION\n") for motion in (walk, squat)]
    heads, rows = [head for head, *_ in texts], [rest.splitlines() for *_, rest in texts]
    path = tmp_path / "a.bvh"
    frames = [f"{one} {other}" for one, other in zip(rows[0][2:], rows[1][2:], strict=True)]
    path.write_text("\n".join(["HIERARCHY", *heads, "MOTION", *rows[0][:2], *frames]))
    readings = files.read(path)
    assert [between(reading.motion, motion).max() < 1 for reading, motion in zip(readings, (walk, squat), strict=True)]


def test_a_skeleton_without_width_is_refused(tmp_path):
    source = figure(synthetic_motion(frames=5))
    for side in ("Left", "Right"):
        source.nodes[f"{side}UpLeg"].offset = np.array([0, -9.0, 0])
    with pytest.raises(MotionFileError, match="no width"):
        read(tmp_path, source.text())


# --- which joint is which ---

NAMES = {
    "DAZ": "hip lThighBend rThighBend abdomenLower lShin rShin abdomenUpper lFoot rFoot chestLower lToe rToe neckLower "
    "lCollar rCollar head lShldrBend rShldrBend lForearmBend rForearmBend lHand rHand",
    "fairmotion": "root lhip rhip lowerback lknee rknee upperback lankle rankle chest ltoe rtoe lowerneck lclavicle "
    "rclavicle upperneck lshoulder rshoulder lelbow relbow lwrist rwrist",
    "CMU asf": "root lfemur rfemur lowerback ltibia rtibia upperback lfoot rfoot thorax ltoes rtoes neck lclavicle "
    "rclavicle head lhumerus rhumerus lradius rradius lhand rhand",
    "lf and rt": "cog lf_hip rt_hip spine_1 lf_knee rt_knee spine_2 lf_ankle rt_ankle spine_3 lf_ball rt_ball neck "
    "lf_clavicle rt_clavicle head lf_shoulder rt_shoulder lf_elbow rt_elbow lf_wrist rt_wrist",
    "rigify": "DEF-spine DEF-thigh.L DEF-thigh.R DEF-spine.001 DEF-shin.L DEF-shin.R DEF-spine.002 DEF-foot.L "
    "DEF-foot.R DEF-spine.003 DEF-toe.L DEF-toe.R DEF-spine.004 DEF-shoulder.L DEF-shoulder.R DEF-spine.006 "
    "DEF-upper_arm.L DEF-upper_arm.R DEF-forearm.L DEF-forearm.R DEF-hand.L DEF-hand.R",
    "metarig": "spine thigh.L thigh.R spine.001 shin.L shin.R spine.002 foot.L foot.R spine.003 toe.L toe.R spine.004 "
    "shoulder.L shoulder.R spine.006 upper_arm.L upper_arm.R forearm.L forearm.R hand.L hand.R",
    "MakeHuman": "root upperleg01.L upperleg01.R spine05 lowerleg01.L lowerleg01.R spine03 foot.L foot.R spine01 "
    "toe1-1.L toe1-1.R neck01 clavicle.L clavicle.R head upperarm01.L upperarm01.R lowerarm01.L lowerarm01.R wrist.L "
    "wrist.R",
    "MMD": "下半身 左足 右足 上半身 左ひざ 右ひざ 上半身2 左足首 右足首 上半身3 左つま先 右つま先 首 左肩 右肩 頭 左腕 "
    "右腕 左ひじ 右ひじ 左手首 右手首",
    "MMD in English": "lower_body leg_L leg_R upper_body knee_L knee_R upper_body2 ankle_L ankle_R upper_body3 toe_L "
    "toe_R neck shoulder_L shoulder_R head arm_L arm_R elbow_L elbow_R wrist_L wrist_R",
    "H-Anim": "sacroiliac l_hip r_hip vl5 l_knee r_knee vt12 l_ankle r_ankle vt1 l_midtarsal r_midtarsal vc4 "
    "l_sternoclavicular r_sternoclavicular skullbase l_shoulder r_shoulder l_elbow r_elbow l_radiocarpal r_radiocarpal",
    "Second Life": "mPelvis mHipLeft mHipRight mSpine1 mKneeLeft mKneeRight mTorso mAnkleLeft mAnkleRight mChest "
    "mFootLeft mFootRight mNeck mCollarLeft mCollarRight mHead mShoulderLeft mShoulderRight mElbowLeft mElbowRight "
    "mWristLeft mWristRight",
    "Theia": "pelvis l_thigh r_thigh abdomen l_shank r_shank thorax_mid l_foot r_foot torso l_toes r_toes neck "
    "l_clav_collar r_clav_collar head l_uarm r_uarm l_larm r_larm l_hand r_hand",
    "LLeg": "Pelvis LLeg RLeg Spine LShin RShin Spine1 LFoot RFoot Chest LToe RToe Neck LShoulder RShoulder Head LArm "
    "RArm LForearm RForearm LHand RHand",
    "Unreal": "pelvis thigh_l thigh_r spine_01 calf_l calf_r spine_02 foot_l foot_r spine_03 ball_l ball_r neck_01 "
    "clavicle_l clavicle_r head upperarm_l upperarm_r lowerarm_l lowerarm_r hand_l hand_r",
    "Quaternius": "Hips UpperLeg.L UpperLeg.R Abdomen LowerLeg.L LowerLeg.R Torso Foot.L Foot.R Chest Toe.L Toe.R Neck "
    "Shoulder.L Shoulder.R Head UpperArm.L UpperArm.R LowerArm.L LowerArm.R Palm.L Palm.R",
    "VRoid": "J_Bip_C_Hips J_Bip_L_UpperLeg J_Bip_R_UpperLeg J_Bip_C_Spine J_Bip_L_LowerLeg J_Bip_R_LowerLeg "
    "J_Bip_C_Chest J_Bip_L_Foot J_Bip_R_Foot J_Bip_C_UpperChest J_Bip_L_ToeBase J_Bip_R_ToeBase J_Bip_C_Neck "
    "J_Bip_L_Shoulder J_Bip_R_Shoulder J_Bip_C_Head J_Bip_L_UpperArm J_Bip_R_UpperArm J_Bip_L_LowerArm "
    "J_Bip_R_LowerArm J_Bip_L_Hand J_Bip_R_Hand",
    "Houdini": "Hips LeftThigh RightThigh Spine LeftShin RightShin Spine1 LeftAnkle RightAnkle Spine2 LeftBall "
    "RightBall Neck LeftClavicle RightClavicle Head LeftBicep RightBicep LeftForearm RightForearm LeftHand RightHand",
    "OpenSim": "pelvis femur_l femur_r lumbar tibia_l tibia_r torso talus_l talus_r thorax toes_l toes_r neck "
    "clavicle_l clavicle_r head humerus_l humerus_r ulna_l ulna_r hand_l hand_r",
    "SMPL": " ".join(BODY_JOINTS),
}


@pytest.mark.parametrize("family", NAMES)
def test_names_of_everyone_are_understood(tmp_path, family):
    motion = synthetic_motion(frames=40)
    reading = read(tmp_path, figure(motion, named(NAMES[family])).text())
    assert between(reading.motion, motion).max() < 1
    assert turned_by(reading.motion, motion, "head").max() < 8


def lhipjoint(source):
    for side in ("Left", "Right"):
        source.wrap(f"{side}Hip", f"{side[0]}HipJoint", (0, -2, 0))


def dummies(source):
    for name in [*source.nodes][1:]:
        source.wrap(name, f"{name}Dummy")


def controls_first(source):
    for name in ("ik_foot_l", "ik_foot_r", "ik_hand_l", "ik_hand_r"):
        source.add(source.order[-22], name, (3, 3, 3), first=True)
    source.order.remove("pelvis")
    source.order.insert(0, "pelvis")


def meshes(source):
    for side in ("Left", "Right"):
        for parent, name in (("Arm", "Humerus"), ("Arm", "Arm_Upper_box"), ("ForeArm", "Radius"), ("UpLeg", "Femur"),
                             ("Leg", "Tibia"), ("Hand", "Shoulder_mesh"), ("Foot", "ankle_null")):  # fmt: skip
            source.add(f"{side}{parent}", f"{side[0]}_{name}", (1, 2, 3), first=True)


HIP_KNEE = named(
    "Hips LeftHip RightHip Chest LeftKnee RightKnee Chest2 LeftAnkle RightAnkle Chest3 LeftToe RightToe Neck "
    "LeftCollar RightCollar Head LeftShoulder RightShoulder LeftElbow RightElbow LeftWrist RightWrist"
)
DECEPTIONS = {
    "LHipJoint above LeftHip": (HIP_KNEE, lhipjoint),
    "dummies between": (HUMANIK, dummies),
    "controls before the bones": (named(NAMES["Unreal"]), controls_first),
    "meshes": (HUMANIK, meshes),
}


@pytest.mark.parametrize("deception", DECEPTIONS)
def test_the_hierarchy_says_what_names_do_not(tmp_path, deception):
    names, deceive = DECEPTIONS[deception]
    motion = synthetic_motion(frames=40)
    source = figure(motion, names)
    deceive(source)
    assert between(read(tmp_path, source.text()).motion, motion).max() < 1


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_nodes_that_are_no_bones_mislead_nobody(tmp_path_factory, data):
    """Leaves called like parts of the body, and dummies between, wherever they are."""
    motion = synthetic_motion(frames=8)
    names = data.draw(st.sampled_from([HUMANIK, HIP_KNEE, *(named(NAMES[f]) for f in ("Unreal", "DAZ", "rigify"))]))
    source = figure(motion, names)
    bones = [*source.nodes]
    words = ["Arm_mesh", "Leg_geo", "Thigh_box", "foot_ik", "ik_hand", "HandDummy", "Shin_twist", "Humerus", "Radius"]
    for number in range(data.draw(st.integers(1, 8))):
        side, word = data.draw(st.sampled_from(["L", "R", "Left", "Right"])), data.draw(st.sampled_from(words))
        if data.draw(st.booleans()):
            source.wrap(data.draw(st.sampled_from(bones[1:])), f"{side}_Dummy{number}")
        else:
            parent = data.draw(st.sampled_from([bone for bone in bones if "oot" in bone or "and" in bone or bone in
                                                (names["head"], names["spine1"])]))  # fmt: skip
            source.add(parent, f"{side}_{word}{number}_mesh", (1, 1, 1))
    reading = read(tmp_path_factory.mktemp("decoys"), source.text())
    assert between(reading.motion, motion).max() < 1


def test_without_hands_the_end_of_the_forearm_is_the_wrist(tmp_path):
    motion = synthetic_motion(frames=40)
    source = figure(motion)
    for side in ("Left", "Right"):
        source.drop(f"{side}Hand")
    assert between(read(tmp_path, source.text()).motion, motion).max() < 1


def test_an_avatar_of_second_life_may_have_a_tail(tmp_path):
    motion = synthetic_motion(frames=10)
    source = figure(motion, named(NAMES["Second Life"]))
    source.add("mPelvis", "mTail1", (0, 0, -10))
    assert between(read(tmp_path, source.text()).motion, motion).max() < 1


def test_names_that_nothing_can_guess_take_a_map(tmp_path):
    motion = synthetic_motion(frames=10)
    names = {part: f"bone{number:02d}" for number, part in enumerate(BODY_JOINTS)}
    text = figure(motion, names).text()
    with pytest.raises(MotionFileError, match="left knee.*Its joints are bone00") as error:
        read(tmp_path, text)
    wanted = [line.partition(" =")[0] for line in str(error.value).splitlines() if "=" in line]
    assert "\n# bone00  0 0 0\n#   bone01  5." in str(error.value)  # the hierarchy, to tell by
    (tmp_path / "map.txt").write_text(str(error.value).partition("--map:\n")[2])
    assert files.read_map(tmp_path / "map.txt") == {}
    assert {"pelvis", "left_hip", "right_wrist", "head"} <= set(wanted)
    (tmp_path / "map.txt").write_text("# mine\n" + "".join(f"{part} = {names[part]}\n" for part in wanted))
    given_names = files.read_map(tmp_path / "map.txt")
    assert between(read(tmp_path, text, names=given_names).motion, motion).max() < 1
    with pytest.raises(MotionFileError, match="no joint 'bone99'"):
        read(tmp_path, text, names=given_names | {"head": "bone99"})
    with pytest.raises(MotionFileError, match="left_knee and left_ankle: both are 'bone07'"):
        read(tmp_path, text, names=given_names | {"left_knee": "bone07"})
    swapped = {"left_knee": given_names["left_ankle"], "left_ankle": given_names["left_knee"]}
    with pytest.raises(MotionFileError, match="left_ankle: 'bone04' is above 'bone07', the left_knee; swap them"):
        read(tmp_path, text, names=given_names | swapped)
    (tmp_path / "map.txt").write_text("head = bone01\nhead = bone02\n")
    with pytest.raises(MotionFileError, match=r"line 2: head is named twice"):
        files.read_map(tmp_path / "map.txt")
    (tmp_path / "map.txt").write_text("left_horn = bone01\n")
    with pytest.raises(MotionFileError, match=r"map\.txt: line 1: 'left_horn' is no part"):
        files.read_map(tmp_path / "map.txt")


# --- how BVH is spelled ---

PLAIN = figure(synthetic_motion(frames=12)).text()


def replaced(pattern, by, flags=0):
    return lambda text: re.sub(pattern, by, text, flags=flags)


SPELLINGS = {
    "CR only": lambda text: text.replace("\n", "\r"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "blank lines": replaced(r"\n(?=-?\d)", "\n\n"),
    "Motion, Root, joint": lambda text: text.replace("MOTION", "Motion").replace("ROOT", "Root"),
    "EndSite": replaced("End Site", "EndSite"),
    "End Site with a name": replaced("End Site", "End Site tip"),
    "MOTION in a name": replaced("Hips", "Hips_MOTION"),
    "ZPosition": replaced("Zposition", "ZPosition"),
    "XROTATION": replaced("rotation", "ROTATION"),
    "lower channels": replaced(r"[XYZ](rotation|position)", lambda m: m.group().lower()),
    "a joint on a line": replaced(r"\n\s*\{\s*", " { ", re.MULTILINE),
    "channels behind the offset": replaced(r"\s*\n\s*CHANNELS", " CHANNELS"),
    "comments": lambda text: "# exported\n" + text.replace("MOTION\n", "MOTION\n# from here\n") + "# end\n",
    "commas between": lambda text: _head(text) + replaced("(?<=[0-9]) ", ", ")(_rows(text)),
}
PASSED_OVER = {
    "a row more": (replaced("Frames: 12", "Frames: 11"), "promises 11, but there are 12"),
    "many rows more": (replaced("Frames: 12", "Frames: 3"), "promises 3, but there are 12"),
    "a row less": (replaced("Frames: 12", "Frames: 13"), "promises 13, but there are 12"),
    "decimal commas": (replaced(r"(?<=\d)\.(?=\d)", ","), "commas were read as decimal points"),
    "text at the end": (lambda text: text + "exported with love\n", "'exported with love'"),
    "four numbers": (
        replaced(r"(OFFSET 0\.0+ 0\.0+ 0\.0+)$", r"\1 0.5", re.MULTILINE),
        "line 4, as in 5 others: OFFSET has more than three numbers",
    ),
}


def _head(text):
    return text[: text.index("MOTION")]


def _rows(text):
    return text[text.index("MOTION") :]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_that_other_readers_take(tmp_path, spelling):
    reading = read(tmp_path, SPELLINGS[spelling](PLAIN))
    plain = read(tmp_path, PLAIN)
    assert SPELLINGS[spelling](PLAIN) != PLAIN and not reading.notes
    assert np.abs(reading.motion.joints() - plain.motion.joints()).max() < 1e-4


@pytest.mark.parametrize("spelling", PASSED_OVER)
def test_what_is_passed_over_is_said(tmp_path, spelling, caplog):
    change, note = PASSED_OVER[spelling]
    reading = read(tmp_path, change(PLAIN))
    assert any(note in said for said in reading.notes)
    assert np.abs(reading.motion.joints() - read(tmp_path, PLAIN).motion.joints()).max() < 1e-4
    read(tmp_path, change(PLAIN))
    Motion.load(tmp_path / "a.bvh")
    assert note in caplog.text


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_space_and_case_mean_nothing(tmp_path_factory, data):
    """Between any two words of a hierarchy any white space, and keywords in any case."""
    folder, (head, rows) = tmp_path_factory.mktemp("space"), PLAIN.split("MOTION")
    blank = st.sampled_from([" ", "\t", "  ", " \t "])
    lines = []
    for line in head.splitlines():
        words = line.split()
        if words and words[0] in ("JOINT", "ROOT", "OFFSET", "CHANNELS", "HIERARCHY", "End"):
            words[0] = data.draw(st.sampled_from([words[0], words[0].lower(), words[0].title()]))
        lines.append(data.draw(blank).join(words) + data.draw(st.sampled_from(["", " ", "\n"])))
    reading = read(folder, "\n".join(lines) + "\nMOTION" + rows)
    assert np.abs(reading.motion.joints() - read(folder, PLAIN).motion.joints()).max() < 1e-4


def test_knees_may_be_hinges(tmp_path):
    motion = synthetic_motion(frames=12)
    motion.poses[:, [J["left_knee"], J["right_knee"]], 1:] = 0
    source = figure(motion)
    source.nodes["LeftLeg"].channels = "Xrotation"
    source.nodes["RightLeg"].channels = "Zrotation Xrotation"
    text = source.text()
    assert "CHANNELS 1 Xrotation" in text and len(text.splitlines()[-1].split()) == 3 + 20 * 3 + 1 + 2
    assert between(read(tmp_path, text).motion, motion).max() < 1


def test_positions_that_are_zero_or_differences_are_not_taken_for_places(tmp_path):
    motion = synthetic_motion(frames=12)
    source = figure(motion)
    for node in [*source.nodes.values()][1:]:
        node.channels = "Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    assert between(read(tmp_path, source.text()).motion, motion).max() < 1
    lines = source.text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    for number in range(start, len(lines)):  # a hundredth of an inch at each joint
        values = lines[number].split()
        for column in range(6, len(values), 6):
            values[column] = "0.02"
        lines[number] = " ".join(values)
    assert between(read(tmp_path, "\n".join(lines)).motion, motion).max() < 1


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        (lambda text: _last_number(text, "nan"), "MOTION", r"line \d+, column 69: nan"),
        (lambda text: _last_number(text, "walk"), "MOTION", r"line \d+, column 69: 'walk'"),
        (replaced("Frame Time: .*", "Frame Time: 0"), "Frame Time", "--fps"),
        (lambda text: text[: text.rindex(" ")], "MOTION", "cut off"),
        (
            lambda text: _head(text) + re.sub(r"(?<=\d) (?=-?\d)", "; ", _rows(text)),
            "MOTION",
            "column 1: .*;' is no",
        ),
        (lambda text: _head(text) + _head(text)[9:] + _rows(text), "MOTION", "has 69 numbers, .* have 138 channels"),
    ],
)
def test_what_is_refused_is_named(tmp_path, change, field, said):
    with pytest.raises(MotionFileError, match=said) as error:
        read(tmp_path, change(PLAIN))
    assert error.value.field == field


def _last_number(text, word):
    return text[: text.rindex(" ") + 1] + word + "\n" + " ".join(["1.0"] * 69) + "\n"


def test_fps_overrules_a_wrong_rate(tmp_path):
    reading = read(tmp_path, replaced("Frame Time: .*", "Frame Time: 0")(PLAIN), fps=60)
    assert reading.fps == 60 and len(reading.motion) == 6
    assert "12 frames at 60 per second, y up" in str(reading) and "HumanIK" in str(reading)


def test_the_benchmark_compares_limbs_with_the_files_own(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.bvh").write_text(figure(posed()).text())
    (tmp_path / "b.bvh").write_text("HIERARCHY")
    monkeypatch.setattr(sys, "path", [str(Path(__file__).resolve().parent.parent / "benchmarks"), *sys.path])
    inputs = importlib.import_module("inputs")
    monkeypatch.setattr(sys, "argv", ["inputs.py", "--inputs", str(tmp_path)])
    assert inputs.main() == 0
    read, refused = capsys.readouterr().out.splitlines()
    assert re.search(r"limbs 0\.\d\d/0\.\d°, feet", read) and "REFUSED" in refused
