"""Motion files: round trips, the conventions of others, and everything that is wrong with bad files."""

import io
import json
import shutil
import subprocess
import time
import zipfile

import imageio_ffmpeg
import numpy as np
import pygltflib
import pytest
import roma
import torch
from conftest import synthetic_motion
from figures import between, figure, named
from hypothesis import given, settings
from hypothesis import strategies as st

from motionclip import Motion, files, progress
from motionclip.errors import FileAccessError, MotionCLIPError
from motionclip.files import MotionFileError, bvh, glb, smpl
from motionclip.files.conversion import Conversion
from motionclip.files.writing import write_atomically
from motionclip.motion import skeleton


def npz(path, **arrays):
    good = {"poses": np.zeros((4, 72)), "trans": np.zeros((4, 3)), "mocap_framerate": np.array(30.0)}
    np.savez(path, **{key: value for key, value in (good | arrays).items() if value is not None})
    return path


# --- npz ---


def test_npz_round_trip_is_exact_to_float_precision(tmp_path):
    motion = synthetic_motion().turned(0.7)
    again = Motion.load(motion.save(tmp_path / "a.npz"))
    assert np.abs(again.poses - motion.poses).max() < 1e-6
    assert np.abs(again.translation - motion.translation).max() < 1e-6


def test_npz_is_amass_z_up_facing_minus_y(tmp_path):
    motion = synthetic_motion()
    synthetic_motion().save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert file["poses"].shape == (80, 72) and float(file["mocap_framerate"]) == 30
        assert np.allclose(file["trans"][:, 2], motion.translation[:, 1], atol=1e-6)
        assert file["trans"][-1, 1] < -1  # it walks to where it faces


def test_smplh_files_of_any_frame_rate(tmp_path):
    motion = synthetic_motion(frames=121)
    motion.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        poses = np.concatenate([file["poses"][:, :66], np.full((121, 90), 0.3)], axis=1)
        path = npz(tmp_path / "h.npz", poses=poses, trans=file["trans"], mocap_framerate=None, mocap_frame_rate=120.0)
    loaded = Motion.load(path)
    assert len(loaded) == 31 and loaded.fps == 30
    assert np.abs(loaded.joints()[:, :22] - motion.joints()[::4, :22]).max() < 1e-4
    assert np.abs(loaded.poses[:, 22:]).max() == 0  # SMPL+H's fingers are no SMPL hands


BAD_NPZ = {
    "poses": [
        {"poses": None},
        {"poses": np.zeros((4, 71))},
        {"poses": np.zeros((0, 72)), "trans": np.zeros((0, 3))},
        {"poses": np.full((4, 72), np.nan)},
        {"poses": np.array([{"pickled": "object"}], dtype=object)},
        {"poses": np.array(["text"] * 4)},
    ],
    "trans": [{"trans": None}, {"trans": np.zeros((3, 3))}, {"trans": np.full((4, 3), np.inf)}],
    "mocap_framerate": [
        {"mocap_framerate": None},
        {"mocap_framerate": np.array(0.0)},
        {"mocap_framerate": np.array(-30.0)},
        {"mocap_framerate": np.array(np.nan)},
        {"mocap_framerate": np.array([30.0, 60.0])},
    ],
}


@pytest.mark.parametrize(("field", "arrays"), [(field, bad) for field, cases in BAD_NPZ.items() for bad in cases])
def test_a_bad_npz_is_refused_with_its_name_and_field(tmp_path, field, arrays):
    path = npz(tmp_path / "bad.npz", **arrays)
    with pytest.raises(MotionFileError, match=rf"bad\.npz: {field}") as error:
        Motion.load(path)
    assert error.value.field == field and error.value.path == path


def test_an_npz_is_told_what_it_lacks_and_where_it_is_wrong(tmp_path):
    poses, path = np.zeros((4, 72)), tmp_path / "a.npz"
    poses[2, 5] = np.nan
    for arrays, said in [
        (
            {"x": np.zeros((4, 21, 3)), "fps": 30},
            r"poses: is missing, and so are joints, .*; the file holds fps, x",
        ),
        ({"a": np.zeros((4, 22, 3)), "b": np.zeros((4, 24, 3))}, "joints: each may be joints: a, b; save one"),
        ({"joints": np.ones((4, 22, 3)), "fps": 0}, "fps: the frame rate must be"),
        ({"pose_body": np.zeros((4, 63)), "fps": 30}, "global_orient: is missing; the file holds fps, pose_body"),
        (
            {"poses": np.zeros((4, 72)), "trans": np.zeros((4, 3))},
            "mocap_framerate: is missing: --fps .* holds poses",
        ),
        ({"poses": np.zeros((4, 72)), "fps": 30}, "trans: is missing: .* zeros where the body stays in place"),
        ({"poses": poses, "trans": np.zeros((4, 3)), "fps": 30}, "poses: holds NaN.*, first in frame 2"),
    ]:
        np.savez(path, **arrays)
        with pytest.raises(MotionFileError, match=rf"a\.npz: {said}"):
            files.read(path)


def test_pickles_are_never_loaded(tmp_path):
    marker = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    for key in ("poses", "trans", "mocap_framerate"):
        with pytest.raises(MotionFileError, match="never loaded"):
            Motion.load(npz(tmp_path / "evil.npz", **{key: np.array([Evil()], dtype=object)}))
    assert not marker.exists()


def test_a_header_that_promises_too_much_is_refused_before_reading(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 72)})
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("poses.npy", header.getvalue())
    with pytest.raises(MotionFileError, match=r"bomb\.npz: poses: the shape .* is too large"):
        Motion.load(tmp_path / "bomb.npz")


def test_a_member_whose_name_is_damaged_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("poses_ü.npy", b"")
    spoiled = (tmp_path / "a.npz").read_bytes().replace("ü".encode(), b"\xff\x99")
    (tmp_path / "a.npz").write_bytes(spoiled)
    with pytest.raises(MotionFileError, match=r"a\.npz: file: is not an npz archive"):
        Motion.load(tmp_path / "a.npz")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_npz_loads_or_is_refused_and_never_anything_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "f.npz"
    content = bytearray(npz(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut] if data.draw(st.booleans()) else content)
    try:
        assert np.isfinite(Motion.load(path).joints()).all()
    except MotionFileError as error:
        assert error.field


def test_unknown_suffixes_and_missing_files(tmp_path):
    (tmp_path / "a.txt").write_text("walk")
    with pytest.raises(MotionFileError, match="suffix"):
        Motion.load(tmp_path / "a.txt")
    with pytest.raises(ValueError, match=r"\.fbx"):
        synthetic_motion().save(tmp_path / "a.fbx")
    with pytest.raises(OSError):
        Motion.load(tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("I am no archive")
    with pytest.raises(MotionFileError, match=r"text\.npz"):
        Motion.load(tmp_path / "text.npz")


@pytest.mark.parametrize("suffix", files.READABLE)
def test_an_empty_file_is_said_to_be_empty(tmp_path, suffix):
    (tmp_path / f"walk{suffix}").touch()
    with pytest.raises(MotionFileError, match=rf"^walk\{suffix}: file: is empty \(0 bytes\); export it"):
        Motion.load(tmp_path / f"walk{suffix}")


@pytest.mark.parametrize("suffix", [".bvh", ".glb", ".c3d", ".npy"])
def test_an_archive_is_to_be_unpacked(tmp_path, suffix):
    with zipfile.ZipFile(tmp_path / f"a{suffix}", "w") as archive:
        archive.writestr("walk.bvh", "HIERARCHY")
    with pytest.raises(MotionFileError, match=rf"^a\{suffix}: file: is a ZIP archive: unpack it"):
        Motion.load(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".bvh", ".npz", ".pkl", ".glb"])
@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE HTML><html></html>", "web page"),
        (b"<html><body>404</body></html>", "web page"),
        (b"Kaydara FBX Binary  \0" + bytes(600), "Blender"),
    ],
)
def test_another_thing_under_a_motions_suffix_is_named(tmp_path, suffix, content, fix):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(MotionFileError, match=rf"^a\{suffix}: file: is .*{fix}"):
        Motion.load(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("option", "said"),
    [({"up": "w"}, "up: must be one of x, y"), ({"fps": 0}, "fps: must be from 1"), ({"fps": np.nan}, "fps: must be"),
     ({"names": {"knee": "Hips"}}, "a.bvh: map: 'knee' is no part")],
)  # fmt: skip
def test_options_that_there_can_not_be_are_refused(tmp_path, option, said):
    write_bvh(tmp_path / "a.bvh", synthetic_motion(frames=3))
    with pytest.raises(MotionCLIPError, match=said):
        files.read(tmp_path / "a.bvh", **option)


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "walk.bvh"
    folder.mkdir()
    with pytest.raises(FileAccessError, match=r"walk\.bvh could not be read: it is a folder; give the name of a file"):
        files.read(folder)
    with pytest.raises(FileAccessError, match=r"could not be read: it is a folder"):
        files.read(tmp_path)  # and not that its suffix is none
    with pytest.raises(
        FileAccessError, match=r"walk\.bvh could not be written: it is a folder; give the name of a file"
    ):
        synthetic_motion().save(folder)
    assert [*tmp_path.iterdir()] == [folder]


def test_names_may_be_as_long_as_files_can_have_and_no_longer(tmp_path):
    longest, longer = (tmp_path / f"{'ä' * 125}{end}.bvh" for end in ("a", "aa"))
    motion = synthetic_motion(frames=5)
    assert len(Motion.load(motion.save(longest))) == 5
    ways = [
        lambda: files.read(longer),
        lambda: motion.save(longer),
        lambda: [*Conversion(longer, tmp_path / "a.npz").run()],
        lambda: [*Conversion(longest, longer).run()],
    ]
    for way in ways:
        with pytest.raises(FileAccessError, match=r"aa\.bvh could not be (read|written): .* \(256 bytes\).* 255 bytes"):
            way()


def test_who_reads_a_file_while_it_is_written_again_reads_the_old_one(tmp_path):
    path = tmp_path / "motion.npz"
    path.write_bytes(b"old")
    with path.open("rb", buffering=0) as reader:
        write_atomically(path, lambda temporary: temporary.write_bytes(b"new and whole"))
        assert reader.read() == b"old" and path.read_bytes() == b"new and whole"
    assert [*tmp_path.iterdir()] == [path]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = synthetic_motion().save(tmp_path / "a.bvh")
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savetxt", full)
    with pytest.raises(OSError, match="space"):
        synthetic_motion("squat").save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# --- npz of others ---


def smpl_arrays(motion, up="z"):
    """The motion's root, body poses and path in a world with that axis up."""
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) if up == "z" else np.eye(3)
    rotations = motion.rotations().double()
    rotations[:, 0] = torch.from_numpy(turn) @ rotations[:, 0]
    vectors = roma.rotmat_to_rotvec(rotations).numpy()
    return vectors[:, 0], vectors[:, 1:], motion.translation.astype(float) @ turn.T


def spellings(motion):
    """What others call an SMPL motion → the arrays, with z up."""
    root, body, path = smpl_arrays(motion)
    frames, rate = len(motion), np.array(30)
    whole = np.concatenate([root[:, None], body], axis=1)
    fingers = np.full((frames, 30, 3), 0.2)
    yield "AMASS", {"poses": np.concatenate([whole[:, :22], fingers], 1).reshape(frames, -1), "trans": path,
                    "mocap_framerate": rate}  # fmt: skip
    yield "joints apart", {"poses": whole, "trans": path, "fps": rate}
    yield "matrices", {"poses": roma.rotvec_to_rotmat(torch.from_numpy(whole)).numpy(), "trans": path, "fps": rate}
    yield "SMPL-X", {"global_orient": root, "body_pose": body[:, :21].reshape(frames, 63), "transl": path}
    yield "SMPL", {"global_orient": root[:, None], "body_pose": body, "transl": path, "frame_rate": rate}
    yield "stageii", {"root_orient": root, "pose_body": body[:, :21].reshape(frames, 63), "trans": path,
                      "pose_hand": fingers.reshape(frames, 90), "mocap_frame_rate": rate}  # fmt: skip
    yield "AIST++", {"smpl_poses": whole.reshape(frames, 72), "smpl_trans": 90 * path, "smpl_scaling": np.array([90.0]),
                     "fps": rate}  # fmt: skip


@pytest.mark.parametrize("spelling", [name for name, _ in spellings(synthetic_motion(frames=2))])
def test_smpl_in_everyones_spelling(tmp_path, spelling):
    motion = synthetic_motion(frames=30)
    np.savez(tmp_path / "a.npz", **dict(spellings(motion))[spelling])
    (reading,) = files.read(tmp_path / "a.npz")
    assert reading.up == "z" and reading.frames == 30
    assert np.abs(reading.motion.joints()[:, :22] - motion.joints()[:, :22]).max() < 0.01


RATES = (
    "mocap_framerate", "mocap_frame_rate", "mocap_frame_rates", "mocap_fps", "mocap_frequency", "framerate",
    "frame_rate", "frameRate", "frames_per_second", "fps", "rate", "freq", "FPS", "mocapFrameRate", "sampling_rate",
    "sampleRate", "capture_rate", "video_fps", "frame_rate_hz",
)  # fmt: skip


@pytest.mark.parametrize("name", RATES)
def test_every_spelling_of_the_frame_rate(tmp_path, name):
    np.savez(tmp_path / "a.npz", poses=np.zeros((4, 72)), trans=np.zeros((4, 3)), **{name: np.array([60])})
    assert len(Motion.load(tmp_path / "a.npz")) == 2
    assert not smpl.is_rate("betas") and not smpl.is_rate("learning_rate")


@pytest.mark.parametrize("bodies", [1, 2])
def test_bodies_may_have_an_axis_of_their_own(tmp_path, bodies):
    """As SLAHMR writes them: (bodies, frames, …)."""
    motions = [synthetic_motion("walk", 20), synthetic_motion("squat", 20)][:bodies]
    arrays = [dict(spellings(motion))["stageii"] for motion in motions]
    stacked = {name: np.stack([one[name] for one in arrays]) for name in ("root_orient", "pose_body", "trans")}
    np.savez(tmp_path / "a.npz", **stacked, mocap_frame_rate=30, betas=np.zeros((bodies, 16)))
    readings = files.read(tmp_path / "a.npz")
    assert len(readings) == bodies
    for reading, motion in zip(readings, motions, strict=True):
        assert len(reading.motion) == 20 and between(reading.motion, motion).max() < 0.1


def test_a_rate_that_is_not_there_is_assumed_aloud_or_given(tmp_path):
    motion = synthetic_motion(frames=61)
    arrays = dict(spellings(motion))
    np.savez(tmp_path / "a.npz", **arrays["SMPL-X"])
    (reading,) = files.read(tmp_path / "a.npz")
    assert len(reading.motion) == 61 and "30 per second was taken" in str(reading)
    (reading,) = files.read(tmp_path / "a.npz", fps=60)
    assert len(reading.motion) == 31 and not reading.notes
    del arrays["AIST++"]["fps"]
    np.savez(tmp_path / "a.npz", **arrays["AIST++"])
    (reading,) = files.read(tmp_path / "a.npz")
    assert len(reading.motion) == 31 and "60 per second was taken" in str(reading)


def test_y_up_npz_stands_and_says_so(tmp_path):
    motion = synthetic_motion(frames=30)
    root, body, path = smpl_arrays(motion, up="y")
    np.savez(tmp_path / "a.npz", poses=np.concatenate([root[:, None], body], axis=1), trans=path, fps=30)
    (reading,) = files.read(tmp_path / "a.npz")
    assert reading.up == "y" and "y is up" in str(reading)
    assert np.abs(reading.motion.joints() - motion.joints()).max() < 0.01
    (lying,) = files.read(tmp_path / "a.npz", up="z")
    assert np.ptp(lying.motion.joints()[0, :, 1]) < 0.7


def test_beat2_has_amasss_names_and_y_up_also_for_who_lies(tmp_path):
    motion = synthetic_motion(frames=30)
    poses = motion.poses.copy()
    poses[:, 0] = [-np.pi / 2, 0, 0]
    path = np.tile(np.float32([0, 0.12, 0]), (30, 1))
    arrays = {"poses": poses.reshape(30, 72), "trans": path, "mocap_frame_rate": 30, "expressions": np.zeros((30, 100))}
    np.savez(tmp_path / "a.npz", **arrays)
    (reading,) = files.read(tmp_path / "a.npz")
    assert reading.up == "y" and np.ptp(reading.motion.joints()[0, :, 1]) < 0.9


def test_who_lies_in_an_amass_file_goes_on_lying(tmp_path):
    motion = synthetic_motion("squat", frames=30)
    rotations = motion.rotations()
    rotations[:, 0] = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    lying = Motion.from_rotations(rotations, torch.tensor([[0.4, 0.1, 2.0]]).expand(30, 3))
    root, body, path = smpl_arrays(lying)
    np.savez(tmp_path / "a.npz", poses=np.concatenate([root[:, None], body], 1), trans=path, fps=30)
    (reading,) = files.read(tmp_path / "a.npz")
    assert reading.up == "z" and reading.motion.joints()[:, skeleton.JOINT_INDEX["head"], 1].max() < 0.3


@pytest.mark.parametrize(("height", "moved"), [(-0.2, 0.2), (0.08, -0.08), (0.02, 0.0), (0.6, 0.0)])
def test_amass_bodies_of_another_shape_are_set_on_the_floor_and_climbers_are_not(tmp_path, height, moved):
    motion = synthetic_motion(frames=30)
    root, body, path = smpl_arrays(motion)
    np.savez(tmp_path / "a.npz", poses=np.concatenate([root[:, None], body], 1), trans=path + [0, 0, height], fps=30)
    (reading,) = files.read(tmp_path / "a.npz")
    shift = reading.motion.translation[:, 1] - motion.translation[:, 1] - height
    assert np.abs(shift - moved).max() < 0.005


# --- BVH ---


def test_bvh_round_trip(tmp_path):
    motion = synthetic_motion().turned(0.4)
    again = Motion.load(motion.save(tmp_path / "a.bvh"))
    turned = (again.rotations().double().transpose(-1, -2) @ motion.rotations().double()).diagonal(dim1=-2, dim2=-1)
    degrees = torch.rad2deg(((turned.sum(-1) - 1) / 2).clamp(-1, 1).acos())
    assert float(degrees.max()) < 0.1
    assert np.abs(again.translation - motion.translation).max() < 1e-3


def test_no_bone_of_a_bvh_is_without_length(tmp_path):
    for joint in bvh.parse(synthetic_motion(frames=2).save(tmp_path / "a.bvh")).joints:
        assert joint.parent < 0 or np.linalg.norm(joint.offset) > 0.01
        assert joint.end is None or np.linalg.norm(joint.end) > 0.01


NAMES = {
    "mixamo": "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase "
    "RightToeBase Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand",
    "rokoko": "Hips LeftThigh RightThigh Spine1 LeftShin RightShin Spine2 LeftFoot RightFoot Spine3 LeftToe RightToe "
    "Neck LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand",
    "plain": "Hips LeftHip RightHip Chest LeftKnee RightKnee Chest2 LeftAnkle RightAnkle Chest3 LeftToe RightToe Neck "
    "LeftCollar RightCollar Head LeftShoulder RightShoulder LeftElbow RightElbow LeftWrist RightWrist",
    "short": "pelvis l_thigh r_thigh spine_01 l_calf r_calf spine_02 l_foot r_foot spine_03 l_ball r_ball neck_01 "
    "l_clavicle r_clavicle head l_upperarm r_upperarm l_lowerarm r_lowerarm l_hand r_hand",
}


def renamed(motion, path, family, unit=100.0):
    """The motion on another skeleton: other names, centimetres, no hand joints, and with "mixamo:" prefixes."""
    motion.save(path)
    names = named(NAMES[family])
    lines, out = path.read_text().splitlines(), []
    for line in lines:
        words = line.split()
        if words[:1] in (["ROOT"], ["JOINT"]) and words[1] in names:
            prefix = "mixamorig:" if family == "mixamo" else ""
            line = line.replace(words[1], prefix + names[words[1]])
        elif words[:1] == ["OFFSET"]:
            line = "OFFSET " + " ".join(str(unit * float(word)) for word in words[1:])
        elif len(words) > 20:
            line = " ".join([*(str(unit * float(word)) for word in words[:3]), *words[3:]])
        out.append(line)
    path.write_text("\n".join(out))
    return path


@pytest.mark.parametrize("family", NAMES)
def test_other_skeletons_are_retargeted(tmp_path, family):
    motion = synthetic_motion(frames=90)
    loaded = Motion.load(renamed(motion, tmp_path / f"{family}.bvh", family))
    assert len(loaded) == 90
    error = np.linalg.norm(loaded.canonical().joints() - motion.canonical().joints(), axis=-1)
    assert error.mean() < 0.04, f"{1000 * error.mean():.0f} mm"
    feet = loaded.joints()[:, skeleton.FEET, 1]
    assert -0.08 < feet.min() < 0.08


def test_z_up_bvh_is_turned_upright(tmp_path):
    motion = synthetic_motion(frames=60)
    path = renamed(motion, tmp_path / "z.bvh", "plain")
    parsed = bvh.parse(path)
    text = path.read_text().splitlines()
    start = next(i for i, line in enumerate(text) if line.startswith("Frame Time")) + 1
    for row, values in enumerate(parsed.values):
        euler = torch.tensor(values[3:6])
        turn = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=torch.float64)
        root = turn @ roma.euler_to_rotmat("ZXY", euler, degrees=True)
        place = turn @ torch.tensor(values[:3])
        again = roma.rotmat_to_euler("ZXY", root, degrees=True)
        text[start + row] = " ".join(map(str, [*place.tolist(), *again.tolist(), *values[6:].tolist()]))
    path.write_text("\n".join(text))
    loaded = Motion.load(path)
    assert loaded.joints()[:, skeleton.JOINT_INDEX["head"], 1].min() > 1.2


def test_a_dog_is_refused(tmp_path):
    path = renamed(synthetic_motion(), tmp_path / "dog.bvh", "mixamo")
    tail = "JOINT Tail\n{\nOFFSET 0 0 -20\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\nOFFSET 0 0 -5\n}\n}\n"
    head, motion = path.read_text().split("MOTION")
    cut = head.rstrip().rstrip("}")
    lines = motion.strip().splitlines()
    frames = [line + " 0 0 0" for line in lines[2:]]
    path.write_text(cut + tail + "}\nMOTION\n" + "\n".join([*lines[:2], *frames]))
    with pytest.raises(MotionFileError, match="tail"):
        Motion.load(path)


def test_legs_as_short_as_a_dogs_are_refused(tmp_path):
    path = renamed(synthetic_motion(), tmp_path / "dog.bvh", "mixamo")
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if any(name in line for name in ("LeftLeg", "RightLeg", "LeftFoot", "RightFoot")):
            offset = next(i for i in range(number, number + 4) if lines[i].strip().startswith("OFFSET"))
            lines[offset] = "OFFSET 0 -12 0"
    path.write_text("\n".join(lines))
    with pytest.raises(MotionFileError, match="not a human's"):
        Motion.load(path)


def test_an_unknown_skeleton_is_told_what_is_missing(tmp_path):
    path = tmp_path / "arm.bvh"
    path.write_text(
        "HIERARCHY\nROOT base\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\nEnd Site\n{\n"
        "OFFSET 0 1 0\n}\n}\nMOTION\nFrames: 1\nFrame Time: 0.03\n0 0 0\n"
    )
    with pytest.raises(MotionFileError, match=r"left knee.*Its joints are base"):
        Motion.load(path)


def bad_bvhs():
    yield "cut in the hierarchy", lambda text: text[:600], "MOTION"
    yield "cut in a frame", lambda text: text[: len(text) * 2 // 3], "MOTION"
    yield "NaN", lambda text: text[: text.rindex(" ")] + " nan\n", "MOTION"
    yield "no number", lambda text: text[: text.rindex(" ")] + " walk\n", "MOTION"
    yield "no frames", lambda text: text.replace("Frames: 20", "Frames: 0"), "Frames"
    yield "endless frames", lambda text: text.replace("Frames: 20", "Frames: 999999999"), "Frames"
    yield "no frame time", lambda text: text.replace("Frame Time: 0.0333", "Frame Time: -0.0333"), "Frame Time"
    yield "wrong channel count", lambda text: text.replace("CHANNELS 3 Zrotation", "CHANNELS 4 Zrotation", 1), "line"
    yield "unknown channel", lambda text: text.replace("Zrotation Xrotation", "Qrotation Xrotation", 1), "line"
    yield (
        "two axes",
        lambda text: text.replace("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 2 Zrotation Xrotation", 1),
        "MOTION",
    )
    yield "unclosed bracket", lambda text: text.replace("}", "", 1), "HIERARCHY|line"
    yield "another language", lambda text: "<xml>" + text, "line 1"
    yield "blank", lambda text: "\n", "MOTION"


@pytest.mark.parametrize(("damage", "field"), [case[1:] for case in bad_bvhs()], ids=[case[0] for case in bad_bvhs()])
def test_a_bad_bvh_is_refused_with_its_name_and_field(tmp_path, damage, field):
    path = synthetic_motion(frames=20).save(tmp_path / "bad.bvh")
    path.write_text(damage(path.read_text()))
    with pytest.raises(MotionFileError, match=rf"bad\.bvh: ({field})"):
        Motion.load(path)


def test_a_huge_bvh_is_refused_unread(tmp_path):
    path = tmp_path / "huge.bvh"
    with open(path, "wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(MotionFileError, match=r"huge\.bvh: size: 200 MB"):
        Motion.load(path)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_bvh_loads_or_is_refused_and_never_anything_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "f.bvh"
    lines = synthetic_motion(frames=3).save(path).read_text().splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        words = ["", "}", "{", "JOINT x", "End Site", "OFFSET 1 nan 0", "Frames: 99", "CHANNELS 1 Xposition", "1e99 0"]
        lines[place] = data.draw(st.sampled_from(words)) if data.draw(st.booleans()) else lines[place][::-1]
    path.write_text("\n".join(lines))
    try:
        assert np.isfinite(Motion.load(path).joints()).all()
    except MotionFileError as error:
        assert error.field


# --- GLB, mp4, gif ---


def test_glb_moves_the_figure_as_the_motion_says(tmp_path):
    motion = synthetic_motion(frames=40).turned(0.5)
    document = pygltflib.GLTF2().load(motion.save(tmp_path / "a.glb"))
    blob = document.binary_blob()

    def values(index):
        accessor = document.accessors[index]
        view = document.bufferViews[accessor.bufferView]
        kinds = {pygltflib.FLOAT: np.float32, pygltflib.UNSIGNED_BYTE: np.uint8, pygltflib.UNSIGNED_SHORT: np.uint16}
        data = np.frombuffer(
            blob,
            kinds[accessor.componentType],
            offset=view.byteOffset,
            count=accessor.count * {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor.type],
        )
        return data.reshape(accessor.count, -1)

    animation = document.animations[0]
    times = values(animation.samplers[0].input)
    assert np.allclose(times[:, 0], np.arange(40) / 30)
    rotations = torch.zeros(40, 24, 3, 3)
    for channel in animation.channels:
        track = torch.from_numpy(values(animation.samplers[channel.sampler].output).copy())
        if channel.target.path == "rotation":
            rotations[:, channel.target.node] = roma.unitquat_to_rotmat(track)
        else:
            path = track
    assert [node.name for node in document.nodes[:24]] == list(skeleton.JOINT_NAMES)
    placed = skeleton.forward_kinematics(rotations, path)
    assert np.abs(placed.numpy() - motion.joints()).max() < 1e-4

    figure = document.meshes[0].primitives[0].attributes
    weights, joints = values(figure.WEIGHTS_0), values(figure.JOINTS_0)
    assert (weights.sum(axis=1, dtype=int) == 255).all() and joints.max() < 24
    used = [row[row > 0] for row in np.where(weights > 0, joints + 1, 0)]
    assert all(len(set(row)) == len(row) for row in used) and (joints[weights == 0] == 0).all()
    vertices = values(figure.POSITION)
    nearest = np.linalg.norm(vertices[:, None] - skeleton.REST_JOINTS.numpy()[None], axis=-1).min(axis=1)
    assert nearest.max() < 0.45 and document.nodes[24].skin == 0


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_videos_show_every_frame_of_a_moving_body(tmp_path, suffix):
    motion = synthetic_motion(frames=30)
    path = motion.save(tmp_path / f"a{suffix}")
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    pictures = [np.frombuffer(frame, np.uint8).reshape(*meta["size"][::-1], 3).astype(int) for frame in reader]
    reader.close()
    assert len(pictures) == 30 and meta["size"] == (480, 480)
    assert np.abs(pictures[0] - pictures[15]).mean() > 0.5
    blue = (pictures[0][..., 2] - pictures[0][..., 0] > 80).mean()
    green = (pictures[0][..., 1] - pictures[0][..., 0] > 80).mean()
    assert blue > 0.005 and green > 0.005  # the left and the right of the body


def test_glb_of_the_page_has_a_floor_around_the_path():
    document = pygltflib.GLTF2().load_from_bytes(glb.to_bytes(synthetic_motion(), floor=True))
    assert document.nodes[document.scenes[0].nodes[-1]].name == "floor"


# --- convert ---


def write_bvh(path, motion, **how):
    path.write_text(figure(motion, **how).text())


def test_convert_says_what_it_found(tmp_path):
    write_bvh(tmp_path / "a.bvh", synthetic_motion(frames=20), up="z")
    reports = [reports for _, reports, _ in Conversion(tmp_path / "a.bvh", tmp_path / "b.npz").run()]
    assert len(reports) == 1 and "HumanIK, 20 frames at 30 per second, z up, scale 0.01" in reports[0]
    assert len(Motion.load(tmp_path / "b.npz")) == 20


def test_convert_takes_folders_and_goes_on_after_a_bad_file(tmp_path):
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    write_bvh(tmp_path / "in" / "deeper" / "a.bvh", synthetic_motion(frames=10))
    synthetic_motion(frames=12).save(tmp_path / "in" / "a.npz")
    synthetic_motion(frames=12).save(tmp_path / "in" / "a.bvh")
    (tmp_path / "in" / "bad.bvh").write_text("nothing")
    (tmp_path / "in" / "notes.txt").write_text("nothing")
    outcomes = list(Conversion(tmp_path / "in", tmp_path / "out", ".bvh").run())
    assert [path.name for path, _, written in outcomes if not written] == ["bad.bvh"]
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == {"a.npz.bvh", "a.bvh.bvh", "deeper/a.bvh"}
    with pytest.raises(ValueError, match="is one file"):
        list(Conversion(tmp_path / "in", tmp_path / "out.bvh").run())
    with pytest.raises(ValueError, match="can't be written"):
        list(Conversion(tmp_path / "in", tmp_path / "out", ".fbx").run())
    (tmp_path / "me.glb").write_text("nothing")
    with pytest.raises(MotionFileError, match=r"me\.glb: file"):  # once, and not for each file
        list(Conversion(tmp_path / "in", tmp_path / "out", ".glb", character=tmp_path / "me.glb").run())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no motion"):
        list(Conversion(tmp_path / "empty", tmp_path / "out").run())


def test_convert_goes_on_after_a_file_that_can_not_be_opened(tmp_path):
    (tmp_path / "in").mkdir()
    for name in "abc":
        synthetic_motion(frames=12).save(tmp_path / "in" / f"{name}.npz")
    (tmp_path / "in" / "d.npz").symlink_to(tmp_path / "nowhere.npz")
    outcomes = []
    for outcome in Conversion(tmp_path / "in", tmp_path / "out", ".bvh").run():
        outcomes.append(outcome)
        (tmp_path / "in" / "b.npz").unlink(missing_ok=True)  # after a was read
    assert [written for *_, written in outcomes] == [True, False, True, False]
    assert "b.npz is missing" in outcomes[1][1] and "d.npz is missing" in outcomes[3][1]


def test_convert_says_what_it_is_at_after_a_second(tmp_path, monkeypatch, capsys):
    write_bvh(tmp_path / "a.bvh", synthetic_motion(frames=20))
    conversion = Conversion(tmp_path / "a.bvh", tmp_path / "b.mp4")
    assert progress.DELAY == 1
    monkeypatch.setattr(progress, "DELAY", 60)
    list(conversion.run())
    assert not capsys.readouterr().err  # it takes less
    monkeypatch.setattr(progress, "DELAY", 0)
    list(conversion.run())
    lines = [line.strip() for line in capsys.readouterr().err.split("\r")]
    told = ["reading the frames, 0 %", "turning the joints", "bringing it", "writing b.mp4", "drawing the frames, 50 %"]
    at = [next(i for i, line in enumerate(lines) if line.startswith(f"a.bvh, {words}")) for words in told]
    assert at == sorted(at)
    files.read(tmp_path / "a.bvh")
    assert not capsys.readouterr().err  # nobody asked


def test_progress_goes_on_where_the_work_before_ended(monkeypatch, capsys):
    with progress.shown("a", time.time() - 65) as began:
        progress.step("writing")
    assert began < time.time() - 60 and "a, writing [01:05]" in capsys.readouterr().err


# --- what the Khronos validator says ---

VALIDATE = """
const validator = require('gltf-validator'), fs = require('fs');
const check = async (path) => (await validator.validateBytes(new Uint8Array(fs.readFileSync(path)))).issues;
Promise.all(process.argv.slice(1).map(check)).then((all) => console.log(JSON.stringify(all)));
"""


@pytest.fixture(scope="module")
def validate():
    """Files → what the validator has to say about them. Skips where node or the package gltf-validator is missing."""
    if (
        not shutil.which("node")
        or subprocess.run(["node", "-e", "require('gltf-validator')"], capture_output=True).returncode
    ):
        pytest.skip("needs node and its package gltf-validator")

    def run(*paths):
        said = subprocess.run(["node", "-e", VALIDATE, *map(str, paths)], capture_output=True, check=True)
        return json.loads(said.stdout)

    return run


def test_exports_are_valid_gltf(tmp_path, validate):
    paths = [synthetic_motion(frames=frames).save(tmp_path / f"{frames}.glb") for frames in (1, 2, 40)]
    (tmp_path / "floor.glb").write_bytes(glb.to_bytes(synthetic_motion(), floor=True))
    for issues in validate(*paths, tmp_path / "floor.glb"):
        assert issues["numErrors"] == issues["numWarnings"] == 0, issues["messages"][:3]
