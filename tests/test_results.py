"""Arrays of other people's models: HumanML3D, MDM, GVHMR, WHAM, 4D-Humans; what they hold, and that nothing is run."""

import io
import os
import pickle

import numpy as np
import pytest
import roma
import torch
from conftest import synthetic_motion
from figures import LIMBS, between, turned_by
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from motionclip import Motion, files
from motionclip.files import MotionFileError, humanml, positions
from motionclip.motion import skeleton

J = skeleton.JOINT_INDEX
BONES = [(skeleton.JOINT_NAMES[skeleton.PARENTS[j]], skeleton.JOINT_NAMES[j]) for j in range(1, 22)]


def turning_motion(frames=60):
    """Walks a curve, bends and waves."""
    motion = synthetic_motion(frames=frames)
    rotations = motion.rotations()
    turn = torch.linspace(0, 2.0, frames)
    rotations[:, 0] = roma.rotvec_to_rotmat(torch.stack([0 * turn, turn, 0 * turn], 1)) @ rotations[:, 0]
    return Motion.from_rotations(rotations, torch.from_numpy(motion.translation), "curve")


# --- HumanML3D's features, worked out from their definition with scipy's rotations, frame by frame ---

AXES = [
    (0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, -1, 0), (0, 1, 0), (0, -1, 0), (0, -1, 0), (0, 1, 0),
    (0, 0, 1), (0, 0, 1), (0, 1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1), *6 * [(0, -1, 0)],
]  # fmt: skip
CHAINS = ([0, 2, 5, 8, 11], [0, 1, 4, 7, 10], [0, 3, 6, 9, 12, 15], [9, 14, 17, 19, 21], [9, 13, 16, 18, 20])


def shortest(start, end):
    axis, cosine = np.cross(start, end), np.dot(start, end)
    sine = np.linalg.norm(axis)
    return Rotation.from_rotvec(axis / max(sine, 1e-12) * np.arctan2(sine, cosine))


def official(joints):
    """process_file(joints, 0.002) of HumanML3D, by its definition."""
    joints = joints.astype(float)
    parents = {b: a for chain in CHAINS for a, b in zip(chain, chain[1:], strict=False)}
    legs = sum(np.linalg.norm(joints[0, j] - joints[0, parents[j]]) for j in (5, 8))
    body = np.empty_like(joints)
    body[:, 0] = joints[:, 0] * (humanml._LENGTHS[5] + humanml._LENGTHS[8]) / legs
    for chain in CHAINS:
        for a, b in zip(chain, chain[1:], strict=False):
            bone = joints[:, b] - joints[:, a]
            body[:, b] = body[:, a] + humanml._LENGTHS[b] * bone / np.linalg.norm(bone, axis=1, keepdims=True)
    body[..., 1] -= body[..., 1].min()
    body = body - body[0, 0] * [1, 0, 1]
    across = body[0, 2] - body[0, 1] + body[0, 17] - body[0, 16]
    ahead = np.cross([0, 1, 0], across)
    body = shortest(ahead / np.linalg.norm(ahead), [0, 0, 1]).apply(body.reshape(-1, 3)).reshape(body.shape)
    across = body[:, 1] - body[:, 2] + body[:, 17] - body[:, 16]  # their code swaps the hips here
    across = across / np.linalg.norm(across, axis=1, keepdims=True)
    ahead = gaussian_filter1d(np.cross([0, 1, 0], across), 20, axis=0, mode="nearest")
    roots = [shortest(way / np.linalg.norm(way), [0, 0, 1]) for way in ahead]
    rows = []
    for t in range(len(body) - 1):
        turn = roots[t + 1] * roots[t].inv()
        velocity = roots[t + 1].apply(body[t + 1, 0] - body[t, 0])
        row = [np.arcsin(turn.as_quat(canonical=True)[1]), velocity[0], velocity[2], body[t, 0, 1]]
        row += list(roots[t].apply(body[t, 1:] - body[t, 0] * [1, 0, 1]).ravel())
        local = {}
        for chain in CHAINS:
            above = roots[t]
            for a, b in zip(chain, chain[1:], strict=False):
                bone = body[t, b] - body[t, a]
                now = shortest(np.array(AXES[b], float), bone / np.linalg.norm(bone))
                local[b], above = above.inv() * now, now
        for joint in range(1, 22):
            matrix = local[joint].as_matrix()
            row += [*matrix[:, 0], *matrix[:, 1]]
        row += list(roots[t].apply(body[t + 1] - body[t]).ravel())
        row += [float(((body[t + 1, j] - body[t, j]) ** 2).sum() < 0.002) for j in (7, 10, 8, 11)]
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("motion", [synthetic_motion(), synthetic_motion("squat"), turning_motion()])
def test_the_263_features_are_the_official_ones(tmp_path, motion):
    files.save(motion, tmp_path / "a.npy", "humanml3d")
    features = np.load(tmp_path / "a.npy")
    joints = humanml.to_joints(motion)
    assert features.shape == (len(joints) - 1, 263) and features.dtype == np.float32
    assert np.abs(features - official(joints)).max() < 1e-4


def aligned(motion):
    """Joints of the body, from where the first frame's pelvis is and facing along z."""
    joints = motion.joints()[:, :22].astype(float)
    across = joints[0, 2] - joints[0, 1] + joints[0, 17] - joints[0, 16]
    ahead = np.cross([0, 1, 0], across)
    joints = shortest(ahead / np.linalg.norm(ahead), [0, 0, 1]).apply(joints.reshape(-1, 3)).reshape(joints.shape)
    return joints - joints[0, 0]


@pytest.mark.parametrize("layout", ["joints", "humanml3d"])
def test_there_and_back(tmp_path, layout):
    motion = turning_motion().turned(1.0)
    (reading,) = files.read(files.save(motion, tmp_path / "a.npy", layout), fps=30)  # frame by frame
    expected = humanml.at_twenty(motion)
    frames = len(reading.motion)
    assert frames == len(expected) - (layout == "humanml3d")
    assert np.abs(aligned(reading.motion) - aligned(expected)[:frames]).max() < 0.002
    assert between(reading.motion, expected.crop(0, frames), BONES)[:, :].max() < 0.1 or layout == "humanml3d"
    assert "bones point as they did within 0.0°" in str(reading)
    assert -0.01 < reading.motion.joints()[:, skeleton.FEET, 1].min() < 0.05


def test_joints_are_at_twenty_frames_a_second(tmp_path):
    motion = synthetic_motion(frames=61)
    joints = np.load(files.save(motion, tmp_path / "a.npy"))
    assert joints.shape == (41, 22, 3) and np.abs(joints[::2] - motion.joints()[::3, :22]).max() < 1e-4
    (reading,) = files.read(tmp_path / "a.npy")
    assert len(reading.motion) == 61 and reading.fps == 20 and "20 frames per second, as HumanML3D has" in str(reading)


@pytest.mark.parametrize("suffix", [".npz", ".pkl"])
@pytest.mark.parametrize("what", ["joints", "features", "two", "nameless"])
def test_joints_among_other_arrays(tmp_path, suffix, what):
    motion = turning_motion()
    joints = motion.joints()[:, :22].astype(float)
    features = humanml.to_features(joints)
    holds = {"joints": {"joints": joints, "fps": 30.0}, "features": {"motion": features, "rate": 30},
             "two": {"velocity": joints, "keypoints3d": joints, "frame_rate": 30},
             "nameless": {"arr_0": joints, "FPS": 30, "scores": np.ones((len(joints), 22))}}[what]  # fmt: skip
    path = tmp_path / f"a{suffix}"
    np.savez(path, **holds) if suffix == ".npz" else path.write_bytes(pickle.dumps(holds))
    (reading,) = files.read(path)
    assert reading.fps == 30 and len(reading.motion) == len(motion) - (what == "features")
    assert np.abs(aligned(reading.motion) - aligned(motion)[: len(reading.motion)]).max() < 0.002


def test_motion_x_has_its_columns_in_an_order_of_its_own(tmp_path):
    motion = turning_motion()
    root, body, path = smpl_arrays(motion)
    values = np.full((len(motion), 322), 0.3, np.float32)
    values[:, :3], values[:, 3:66], values[:, 309:312] = root, body, path
    np.save(tmp_path / "a.npy", values)
    (reading,) = files.read(tmp_path / "a.npy")
    assert reading.family == "Motion-X" and reading.fps == 30 and reading.up == "y"
    assert np.abs(aligned(reading.motion) - aligned(motion)).max() < 0.002


def test_joints_of_other_proportions_units_and_axes(tmp_path):
    motion = turning_motion()
    joints = motion.joints()[:, :22].astype(float) * 1000  # millimetres, z up, longer arms
    for side in ("left", "right"):
        for part, before in (("elbow", "shoulder"), ("wrist", "elbow")):
            bone = motion.joints()[:, J[f"{side}_{part}"]] - motion.joints()[:, J[f"{side}_{before}"]]
            joints[:, J[f"{side}_{part}"]] = joints[:, J[f"{side}_{before}"]] + 1400 * bone
    np.save(tmp_path / "a.npy", joints @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))
    (reading,) = files.read(tmp_path / "a.npy", fps=30)
    assert reading.up == "z" and abs(reading.scale - 0.001) < 1e-5
    assert between(reading.motion, motion, BONES).max() < 0.5


def test_twist_comes_from_bent_limbs():
    poses = np.zeros((2, 24, 3), np.float32)
    poses[:, J["left_shoulder"]] = [0.9, 0, 0]  # about the arm's own axis
    poses[:, J["left_elbow"]] = [0, -1.2, 0]
    motion = Motion(poses, np.zeros((2, 3), np.float32))
    fit = positions.fit(torch.from_numpy(motion.joints()))
    apart = roma.rotmat_geodesic_distance(fit.rotations.float(), motion.rotations())
    assert torch.rad2deg(apart[:, [J["left_shoulder"], J["left_elbow"]]]).max() < 22


BAD_ARRAYS = {
    "too few joints": np.zeros((4, 21, 3)),
    "no legs": np.zeros((4, 22, 3)),
    "another width": np.zeros((4, 251)),
    "one number": np.array(3.0),
    "NaN joints": np.full((4, 22, 3), np.nan),
    "NaN features": np.full((4, 263), np.nan),
    "no frames": np.zeros((0, 22, 3)),
    "text": np.array(["walk"]),
}


@pytest.mark.parametrize("what", BAD_ARRAYS)
def test_other_arrays_are_refused(tmp_path, what):
    np.save(tmp_path / "bad.npy", BAD_ARRAYS[what])
    with pytest.raises(MotionFileError, match=r"bad\.npy: array: "):
        Motion.load(tmp_path / "bad.npy")


@pytest.mark.parametrize("motion", [synthetic_motion(), turning_motion()])
def test_normalised_features_are_not_taken_for_a_motion(tmp_path, motion):
    features = np.load(files.save(motion, tmp_path / "a.npy", "humanml3d"))
    noise = np.random.default_rng(0).normal(size=features.shape) * features.std(0)
    np.save(tmp_path / "a.npy", features + 0.1 * noise)  # as a model may make them
    files.read(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", (features - features.mean(0)) / (features.std(0) + 0.01))
    with pytest.raises(MotionFileError, match=r"a\.npy: array: .*normalised.*Std"):
        files.read(tmp_path / "a.npy")


def test_one_frame_has_no_features(tmp_path):
    with pytest.raises(ValueError, match="two frames"):
        files.save(synthetic_motion(frames=1), tmp_path / "a.npy", "humanml3d")
    with pytest.raises(ValueError, match="layout: .npz files have smpl, amass and smplx"):
        files.save(synthetic_motion(), tmp_path / "a.npz", "humanml3d")
    with pytest.raises(ValueError, match="layout: .bvh files have none"):
        files.save(synthetic_motion(), tmp_path / "a.bvh", "smplx")


@pytest.mark.parametrize(("layout", "width"), [("smpl", 72), ("amass", 156), ("smplx", 165)])
def test_layouts_of_npz(tmp_path, layout, width):
    motion = synthetic_motion()
    path = files.save(motion, tmp_path / "a.npz", layout)
    with np.load(path) as file:
        assert file["poses"].shape == (80, width)
        if layout == "smplx":
            assert file["pose_body"].shape == (80, 63) and file["pose_hand"].shape == (80, 90)
            parts = [file[key] for key in ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")]
            assert np.array_equal(np.concatenate(parts, 1), file["poses"])
    again = Motion.load(path)
    assert np.abs(again.joints()[:, :22] - motion.joints()[:, :22]).max() < 1e-5


# --- results ---


def save_mdm(path, motions, protocol=None):
    joints = np.stack([motion.joints()[:, :22].transpose(1, 2, 0) for motion in motions])
    content = {"motion": joints, "text": ["walk"] * len(motions), "lengths": np.array([len(m) - 10 for m in motions]),
               "num_samples": len(motions), "num_repetitions": 1}  # fmt: skip
    np.save(path, content)


def test_mdm_results(tmp_path, caplog):
    motions = [synthetic_motion("walk", 60), synthetic_motion("squat", 60)]
    save_mdm(tmp_path / "results.npy", motions)
    readings = files.read(tmp_path / "results.npy", fps=30)
    assert [len(reading.motion) for reading in readings] == [50, 50]
    for reading, motion in zip(readings, motions, strict=True):
        assert between(reading.motion, motion.crop(0, 50), LIMBS).max() < 0.1
    Motion.load(tmp_path / "results.npy")
    assert "holds 2 motions" in caplog.text


def smpl_arrays(motion):
    vectors = roma.rotmat_to_rotvec(motion.rotations()).numpy()
    return vectors[:, 0], vectors[:, 1:22].reshape(len(motion), 63), motion.translation


def results(motion):
    """What other models write → (file name, content)."""
    root, body, path = smpl_arrays(motion)
    camera = {"global_orient": torch.zeros(len(motion), 3), "body_pose": torch.from_numpy(body),
              "transl": torch.zeros(len(motion), 3)}  # fmt: skip
    world = camera | {"global_orient": torch.from_numpy(root), "transl": torch.from_numpy(path)}
    yield "GVHMR", "hmr4d_results.pt", {"smpl_params_incam": camera, "smpl_params_global": world, "K": torch.eye(3)}
    hands = np.zeros((len(motion), 6), np.float32)
    whole = np.concatenate([root, body, hands], 1)
    person = {"pose": whole * 0, "trans": path * 0, "pose_world": whole, "trans_world": path,
              "frame_ids": np.arange(len(motion))}  # fmt: skip
    yield "WHAM", "wham_output.pkl", {0: person}
    matrices = motion.rotations().numpy()
    frames = {f"{t:06d}.jpg": {"tid": [4], "smpl": [{"global_orient": matrices[t, :1], "body_pose": matrices[t, 1:]}]}
              for t in range(len(motion))}  # fmt: skip
    yield "4D-Humans", "demo.pkl", frames
    yield "TRAM", "hps_track_0.npy", {"pred_rotmat": matrices, "pred_trans": path[:, None], "pred_shape": path}
    turned = {"pose": np.concatenate([whole, np.zeros((len(motion), 93))], 1), "trans": path}
    yield "PromptHMR", "results.pkl", {"people": {1: {"smplx_cam": camera_only(turned), "smplx_world": turned}}}
    yield (
        "AMASS, pickled",
        "amass.pkl",
        {"poses": turned["pose"], "trans": path, "mocap_framerate": 30.0},
    )


def camera_only(person):
    return {"pose": person["pose"] * 0}


@pytest.mark.parametrize("dump", ["pickle", "joblib", "joblib, compressed"])
@pytest.mark.parametrize("model", ["GVHMR", "WHAM", "4D-Humans", "TRAM", "PromptHMR", "AMASS, pickled"])
def test_results_of_other_models(tmp_path, model, dump):
    motion = synthetic_motion(frames=20)
    (name, content), *_ = [(name, content) for which, name, content in results(motion) if which == model]
    path = tmp_path / name
    if model == "GVHMR":
        torch.save(content, path)
    elif path.suffix == ".npy":
        np.save(path, content)
    elif dump == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        joblib = pytest.importorskip("joblib")
        joblib.dump(content, path, compress=3 if "compressed" in dump else 0)
    (reading,) = files.read(path)
    assert len(reading.motion) == 20 and reading.up == "y"
    assert between(reading.motion, motion).max() < 0.1
    assert ("stays in place" in str(reading)) == (model == "4D-Humans")


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_pickle_protocol(tmp_path, protocol):
    root, body, path = smpl_arrays(synthetic_motion(frames=5))
    content = {"pose": np.asfortranarray(np.concatenate([root, body], 1)), "trans": path.astype(">f8")}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, protocol))
    assert between(Motion.load(tmp_path / "a.pkl"), synthetic_motion(frames=5)).max() < 0.1


class Evil:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.parametrize("suffix", [".pkl", ".pt", ".npy"])
def test_nothing_in_a_result_is_ever_called(tmp_path, suffix):
    marker, path = tmp_path / "executed", tmp_path / f"evil{suffix}"
    evil = {"pose": Evil(marker)}
    if suffix == ".npy":
        np.save(path, evil)
    elif suffix == ".pt":
        torch.save(evil, path)
    else:
        path.write_bytes(pickle.dumps(evil))
    with pytest.raises(MotionFileError, match=rf"evil\{suffix}: content: .*"):
        Motion.load(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"cnumpy\nndarray\n}\x94(X\x04\x00\x00\x00__x__K\x01ub.",  # a state for a class of the table
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"x\x9c" + b"\x00" * 30,
        b"PK\x05\x06" + b"\x01" * 18,  # a zip of several disks
        b"\x80\x04.",
        pickle.dumps({"pose": "text"}),
        pickle.dumps([1, 2, 3]),
    ],
)
def test_hostile_pickles_are_refused(tmp_path, data):
    (tmp_path / "bad.pkl").write_bytes(data)
    with pytest.raises(MotionFileError, match=r"bad\.pkl: content: "):
        Motion.load(tmp_path / "bad.pkl")


@pytest.mark.parametrize("protocol", [2, 4])
def test_how_to_save_anew_what_torch_before_1_6_saved(tmp_path, protocol):
    path = tmp_path / "old.pt"
    torch.save({"pose": torch.zeros(2, 72)}, path, _use_new_zipfile_serialization=False, pickle_protocol=protocol)
    with pytest.raises(MotionFileError, match=r"old\.pt: content: is as torch before 1\.6 .* torch\.save\(torch\.load"):
        Motion.load(path)


def test_objects_in_what_torch_saved_are_refused_in_our_words(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    with pytest.raises(
        MotionFileError, match=r"content: holds more than tensors.* never loaded\. Save the arrays"
    ) as caught:
        Motion.load(tmp_path / "a.pt")
    assert "trust" not in str(caught.value)


def test_a_pickle_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    import zlib

    from motionclip.files import pickles

    monkeypatch.setattr(pickles, "MAX_BYTES", 1000)
    (tmp_path / "bomb.pkl").write_bytes(zlib.compress(pickle.dumps(b"\0" * 100_000)))
    with pytest.raises(MotionFileError, match="more than"):
        Motion.load(tmp_path / "bomb.pkl")


def test_an_array_that_promises_too_much_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 22, 3)})
    (tmp_path / "a.npy").write_bytes(header.getvalue())
    with pytest.raises(MotionFileError, match="array: "):
        Motion.load(tmp_path / "a.npy")


# --- C3D ---


def write_c3d(path, motion, drop=(), gap=False, units="mm", per_metre=1000.0):
    """Markers where Plug-in Gait puts them on the body, z up; units: what the file says of them, None is nothing."""
    ezc3d = pytest.importorskip("ezc3d")
    joints, world = (
        motion.joints()[:, :22].astype(float),
        skeleton.global_transforms(motion.rotations().double(), torch.zeros(len(motion), 3).double())[0].numpy(),
    )

    def at(part, *away):
        return joints[:, J[part]] + world[:, J[part]] @ np.array(away)

    markers = {"C7": at("neck", 0, 0, -0.05), "CLAV": at("neck", 0, -0.05, 0.06)}
    hips = (joints[:, J["left_hip"]] + joints[:, J["right_hip"]]) / 2
    for side, name, sign in (("L", "left", 1), ("R", "right", -1)):
        front, back = (0.11 * sign, 0.09, 0.09), (0.05 * sign, 0.09, -0.09)
        markers |= {f"{side}ASI": hips + world[:, 0] @ front, f"{side}PSI": hips + world[:, 0] @ back}
        markers |= {f"{side}KNE": at(f"{name}_knee", 0.045 * sign, 0, 0), f"{side}TOE": at(f"{name}_foot", 0, 0, 0)}
        markers |= {
            f"{side}ANK": at(f"{name}_ankle", 0.035 * sign, 0, 0),
            f"{side}SHO": at(f"{name}_shoulder", 0, 0.05, 0),
        }
        markers |= {f"{side}ELB": at(f"{name}_elbow", 0, 0, 0), f"{side}WRA": at(f"{name}_wrist", 0, 0, 0.03)}
        markers |= {f"{side}WRB": at(f"{name}_wrist", 0, 0, -0.03), f"{side}FHD": at("head", 0.07 * sign, 0.05, 0.08)}
        markers |= {f"{side}BHD": at("head", 0.07 * sign, 0.05, -0.08)}
    markers = {f"Subject:{name}": places for name, places in markers.items() if name not in drop}
    points = np.stack([*markers.values()]) * per_metre @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    if gap:
        points[3, 5:9] = np.nan
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [60.0]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm" if units is None else units]
    file["parameters"]["POINT"]["LABELS"]["value"] = [*markers]
    file["data"]["points"] = np.concatenate([points.transpose(2, 0, 1), np.ones((1, *points.shape[:2]))])
    file.write(str(path))
    if units is None:
        path.write_bytes(path.read_bytes().replace(b"UNITS", b"STINU"))
    return path


@pytest.mark.parametrize("gap", [False, True])
def test_markers_become_a_body(tmp_path, gap):
    motion = synthetic_motion(frames=41)
    (reading,) = files.read(write_c3d(tmp_path / "a.c3d", motion, gap=gap))
    assert reading.fps == 60 and reading.up == "z" and len(reading.motion) == 21
    assert between(reading.motion, motion.crop(0, 41).resampled(60)).mean() < 6
    assert "joints were estimated from markers" in str(reading)


def test_markers_tell_a_bent_trunk_from_a_tilted_pelvis(tmp_path):
    motion = synthetic_motion(frames=21)
    poses = motion.poses.copy()
    poses[:, [J["spine1"], J["spine2"], J["spine3"]], 0] += 0.35
    motion = Motion(poses, motion.translation)
    (reading,) = files.read(write_c3d(tmp_path / "a.c3d", motion), fps=30)
    for part, most in (("pelvis", 6), ("spine2", 20), ("spine3", 25)):
        assert turned_by(reading.motion, motion, part).mean() < most, part


def test_markers_that_are_missing_are_named(tmp_path):
    with pytest.raises(MotionFileError, match="markers: these are missing or mostly hidden: .*or LKNE"):
        Motion.load(write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=5), drop=("LKNE",)))
    (tmp_path / "b.c3d").write_bytes(b"\x02\x50" + bytes(1000))
    with pytest.raises(MotionFileError, match=r"b\.c3d: "):
        Motion.load(tmp_path / "b.c3d")


@pytest.mark.parametrize(
    ("units", "per_metre", "said"),
    [
        (None, 1000.0, "it says no unit: mm was taken, by the length of the legs"),
        (None, 100.0, "it says no unit: cm was taken, by the length of the legs"),
        ("", 1.0, "it says no unit: m was taken, by the length of the legs"),
        ("mm", 1.0, "in its unit, mm, the body is no human's size: m was taken"),
        ("feet", 1000.0, "its unit, feet, is not known: mm was taken"),
        ("m", 1.0, ""),
    ],
)
def test_the_unit_of_markers_is_said_or_found(tmp_path, units, per_metre, said):
    motion = synthetic_motion(frames=20)
    (reading,) = files.read(write_c3d(tmp_path / "a.c3d", motion, units=units, per_metre=per_metre))
    (millimetres,) = files.read(write_c3d(tmp_path / "b.c3d", motion))
    assert np.abs(reading.motion.joints() - millimetres.motion.joints()).max() < 1e-3
    about = [note for note in reading.notes if "unit" in note]
    assert len(about) == bool(said) and all(said in note for note in about)


def test_markers_of_no_humans_size_are_refused(tmp_path):
    with pytest.raises(MotionFileError, match=r"a\.c3d: POINT:UNITS: is missing, and the body is no human's size"):
        files.read(write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=20), units=None, per_metre=1e6))


@pytest.mark.parametrize("shape", [(24, 3), (22, 3)])
def test_poses_are_not_taken_for_joints(tmp_path, shape):
    poses = turning_motion().poses.copy()
    poses[:, 1:] += np.random.default_rng(0).normal(0, 0.2, poses[:, 1:].shape)
    np.save(tmp_path / "a.npy", poses[:, : shape[0]])
    with pytest.raises(MotionFileError, match=r"a\.npy: array: these are no joints of a body.*as `poses` with `trans`"):
        files.read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("lacks", "field", "fix"),
    [
        ("RATE", "POINT:RATE", "--fps says the frame rate instead"),
        ("LABELS", "POINT:LABELS", "name them as in Plug-in Gait"),
        ("markers", "POINT", "export the file with its marker trajectories"),
    ],
)
def test_a_c3d_without_a_field_names_it(tmp_path, lacks, field, fix):
    path = write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=5))
    data = path.read_bytes()
    if lacks == "RATE":
        data = data[:20] + bytes(4) + data[24:]  # the rate in the header, which ezc3d would take
    if lacks == "markers":
        data = data.replace(b"POINT", b"TNIOP")
    path.write_bytes(data.replace(lacks.encode(), lacks.encode()[::-1]))
    with pytest.raises(MotionFileError, match=rf"^a\.c3d: {field}: .*{fix}"):
        Motion.load(path)
    if lacks == "RATE":
        assert files.read(path, fps=60)[0].fps == 60


def test_markers_that_end_too_soon_are_refused(tmp_path):
    path = write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=40))
    path.write_bytes(path.read_bytes()[:3561])
    with pytest.raises(MotionFileError, match=r"a\.c3d: file: ends too soon: its header promises 40 frames"):
        Motion.load(path)


def test_a_parameter_of_many_dimensions_is_refused_at_once(tmp_path):
    """ezc3d would go through all that its dimensions promise, for hours."""
    path = write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=5))
    data = bytearray(path.read_bytes())
    dimensions = data.index(b"VERSION") + len("VERSION") + 3
    data[dimensions] = 17
    path.write_bytes(data)
    with pytest.raises(MotionFileError, match=r"a\.c3d: VERSION: is larger than its place"):
        Motion.load(path)
    path.write_bytes(data[: data.index(b"VERSION") + 3] + bytes(600))
    with pytest.raises(MotionFileError, match=r"a\.c3d: (parameters|file): "):
        Motion.load(path)


def test_a_file_that_crashes_ezc3d_is_refused(tmp_path):
    """The labels under a group's number: ezc3d takes them for a group, and misses them where nothing is."""
    path = write_c3d(tmp_path / "a.c3d", synthetic_motion(frames=5))
    data = bytearray(path.read_bytes())
    data[data.index(b"LABELS") - 1] = 0x81
    path.write_bytes(data)
    with pytest.raises(MotionFileError, match=r"a\.c3d: file: cannot be read as C3D \(ezc3d crashed\)"):
        Motion.load(path)
