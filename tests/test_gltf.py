"""glTF in: our own files, other people's characters, VRM; VRM animations out; and what is wrong with bad files."""

import base64
import json

import numpy as np
import pytest
import roma
from conftest import synthetic_motion
from figures import BODY_JOINTS, HUMANIK, between, turned_by
from hypothesis import given, settings
from hypothesis import strategies as st

from motionclip import Motion, files
from motionclip.files import MotionFileError, gltf
from motionclip.motion import skeleton

VRM = {"left_hip": "leftUpperLeg", "left_knee": "leftLowerLeg", "left_ankle": "leftFoot", "left_foot": "leftToes",
       "left_collar": "leftShoulder", "left_shoulder": "leftUpperArm", "left_elbow": "leftLowerArm",
       "left_wrist": "leftHand"}  # fmt: skip
VRM |= {key.replace("left", "right"): name.replace("left", "right") for key, name in VRM.items()}
VRM |= {"pelvis": "hips", "spine1": "spine", "neck": "neck", "head": "head"}


def character(motion, names=HUMANIK, scale=1.0, way="LINEAR", skin=True, step=1):
    """A document and its arrays: the body under other names below an armature that is scaled, with keyed rotations."""
    arrays, rotations = gltf.Arrays(), roma.rotmat_to_unitquat(motion.rotations()).numpy()[::step, :22]
    nodes = [{"name": "Armature", "scale": [scale] * 3, "children": [1]}]
    for joint, part in enumerate(BODY_JOINTS):
        offset = motion.translation[0] if joint == 0 else skeleton.OFFSETS[joint].numpy()
        nodes.append({"name": names[part], "translation": [float(x) / scale for x in offset],
                      "rotation": [float(x) for x in rotations[0, joint]]})  # fmt: skip
        if joint:
            nodes[1 + skeleton.PARENTS[joint]].setdefault("children", []).append(1 + joint)
    times = np.arange(len(rotations)) * step / 30
    tracks = [(1 + joint, "rotation", rotations[:, joint]) for joint in range(22)]
    tracks.append((1, "translation", motion.translation[::step] / scale))
    if way == "CUBICSPLINE":
        tracks = [(node, path, np.stack([0 * v, v, 0 * v], 1).reshape(-1, v.shape[1])) for node, path, v in tracks]
    animation = arrays.animation("walk", times, tracks)
    for sampler in animation["samplers"]:
        sampler["interpolation"] = way
    document = {"asset": {"version": "2.0"}, "nodes": nodes, "animations": [animation], "scenes": [{"nodes": [0]}]}
    if skin:  # the nodes are as in the middle of the motion; the skin knows the rest pose
        binds = np.tile(np.eye(4, dtype=np.float32), (22, 1, 1))
        binds[:, 3, :3] = -skeleton.REST_JOINTS[:22].numpy()
        document["skins"] = [{"joints": [*range(1, 23)], "inverseBindMatrices": arrays.add(binds.reshape(22, 16))}]
    document |= {"accessors": arrays.accessors, "bufferViews": arrays.views, "buffers": [{"byteLength": arrays.size}]}
    return document, arrays


def write(path, document, arrays):
    path.write_bytes(gltf.packed(document, arrays))
    return path


def test_our_own_glb_comes_back_exactly(tmp_path):
    motion = synthetic_motion(frames=40).turned(0.5)
    (reading,) = files.read(motion.save(tmp_path / "a.glb"))
    assert np.abs(reading.motion.joints() - motion.joints()).max() < 1e-4
    assert reading.family == "SMPL as written here" and len(reading.motion) == 40


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_characters_of_others(tmp_path, scale):
    motion = synthetic_motion(frames=40)
    (reading,) = files.read(write(tmp_path / "a.glb", *character(motion, scale=scale)))
    assert between(reading.motion, motion).max() < 0.5 and turned_by(reading.motion, motion, "head").max() < 8
    assert str(reading).startswith("HumanIK, 40 frames at 30 per second, y up, scale 1")
    assert reading.motion.name == "a: walk"


def side_by_side(one, other, together):
    """Two characters' documents as one; together: whether one animation moves both."""
    (first, arrays), (second, _) = character(one), character(one)
    count = len(first["nodes"])
    rotations = roma.rotmat_to_unitquat(other.rotations()).numpy()
    tracks = [(count + 1 + joint, "rotation", rotations[:, joint]) for joint in range(22)]
    animation = arrays.animation("other", np.arange(len(rotations)) / 30, tracks)
    for node in second["nodes"]:
        node["children"] = [count + child for child in node.get("children", [])]
    second["nodes"][0]["translation"] = [2.0, 0, 0]
    joints = {"joints": [count + joint for joint in first["skins"][0]["joints"]]}
    first["nodes"] += second["nodes"]
    first["skins"].append(first["skins"][0] | joints)
    if together:
        ours = first["animations"][0]
        shift = len(ours["samplers"])
        ours["samplers"] += animation["samplers"]
        ours["channels"] += [one | {"sampler": shift + one["sampler"]} for one in animation["channels"]]
    else:
        first["animations"].append(animation)
    return first | {"buffers": [{"byteLength": arrays.size}]}, arrays


@pytest.mark.parametrize("together", [True, False])
def test_two_characters_of_a_file_are_two_motions(tmp_path, together):
    walk, squat = synthetic_motion(), synthetic_motion("squat")
    readings = files.read(write(tmp_path / "a.glb", *side_by_side(walk, squat, together)))
    for reading, motion in zip(readings, (walk, squat), strict=True):
        assert between(reading.motion, motion).max() < 1


def test_a_skin_without_joints_is_no_skeleton(tmp_path):
    motion = synthetic_motion()
    document, arrays = character(motion)
    document["skins"].append({"joints": []})
    (reading,) = files.read(write(tmp_path / "a.glb", document, arrays))
    assert between(reading.motion, motion).max() < 0.5


@pytest.mark.parametrize("joint", [[[]], "hips", 4000])
def test_a_skin_whose_joint_is_no_node_is_refused(tmp_path, joint):
    document, arrays = character(synthetic_motion())
    document["skins"].append({"joints": [joint]})
    with pytest.raises(MotionFileError, match="nodes: there is no"):
        files.read(write(tmp_path / "a.glb", document, arrays))


def test_keys_between_frames(tmp_path):
    motion = synthetic_motion(frames=41)
    for way, apart in (("LINEAR", 3), ("CUBICSPLINE", 8), ("STEP", 20)):
        (reading,) = files.read(write(tmp_path / "a.glb", *character(motion, way=way, step=4)))
        assert len(reading.motion) == 41 and reading.fps == pytest.approx(7.5, rel=1e-3)
        assert between(reading.motion, motion)[::4].max() < 0.5 and between(reading.motion, motion).max() < apart
    (reading,) = files.read(tmp_path / "a.glb", fps=15)
    assert len(reading.motion) == 21


@pytest.mark.parametrize("version", ["VRMC_vrm", "VRM"])
def test_vrm_says_itself_which_bone_is_which(tmp_path, version):
    motion = synthetic_motion(frames=20)
    document, arrays = character(motion, {part: f"bone{number}" for number, part in enumerate(BODY_JOINTS)})
    bones = {VRM[part]: {"node": 1 + number} for number, part in enumerate(BODY_JOINTS) if part in VRM}
    if version == "VRM":
        bones = [{"bone": bone} | node for bone, node in bones.items()]
    document["extensions"] = {version: {"humanoid": {"humanBones": bones}}}
    (reading,) = files.read(write(tmp_path / "a.vrm", document, arrays))
    assert between(reading.motion, motion).max() < 0.5 and reading.family.startswith("VRM")


def test_a_gltf_with_its_buffer_beside_it_or_inside(tmp_path):
    motion = synthetic_motion(frames=10)
    document, arrays = character(motion)
    data = b"".join(arrays.parts)
    document["buffers"] = [{"byteLength": len(data), "uri": "walk%20buffer.bin"}]
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    with pytest.raises(MotionFileError, match=r"buffers: walk%20buffer.bin is not next to"):
        Motion.load(tmp_path / "a.gltf")
    (tmp_path / "walk buffer.bin").write_bytes(data)
    assert between(Motion.load(tmp_path / "a.gltf"), motion).max() < 0.5
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    (tmp_path / "b.gltf").write_text(json.dumps(document))
    assert between(Motion.load(tmp_path / "b.gltf"), motion).max() < 0.5
    document["buffers"][0]["uri"] = "data:application/octet-stream;base64,ü"
    (tmp_path / "c.gltf").write_text(json.dumps(document))
    with pytest.raises(MotionFileError, match=r"c\.gltf: buffers: the data cannot be read"):
        Motion.load(tmp_path / "c.gltf")


@pytest.mark.parametrize("uri", ["../secret", "/etc/passwd", "http://localhost/x", "a/b", "..", "%2e%2e%2fsecret", ""])
def test_no_other_place_is_read(tmp_path, uri):
    document, arrays = character(synthetic_motion(frames=3))
    document["buffers"] = [{"byteLength": arrays.size, "uri": uri}]
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    with pytest.raises(MotionFileError, match="buffers: .* is no plain name"):
        Motion.load(tmp_path / "a.gltf")


def test_vrma_there_and_back(tmp_path):
    motion = synthetic_motion(frames=30).turned(0.5)
    path = motion.save(tmp_path / "a.vrma")
    document = gltf.Document(path).content
    human = document["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
    assert {"hips", "spine", "head", "leftUpperArm", "rightFoot"} <= set(human)
    arms = [document["nodes"][human[f"left{part}"]["node"]]["translation"] for part in ("LowerArm", "Hand")]
    assert all(abs(arm[1]) < 1e-6 and abs(arm[2]) < 1e-6 and arm[0] > 0.2 for arm in arms)  # a T-pose, facing +z
    (reading,) = files.read(path)
    assert between(reading.motion, motion).max() < 0.5
    assert np.abs(reading.motion.canonical().joints() - motion.canonical().joints()).max() < 0.05


def test_arrays_may_be_sparse_or_all_zero(tmp_path):
    arrays = gltf.Arrays()
    dense = arrays.add(np.arange(12, dtype=np.float32).reshape(4, 3))
    places, values = arrays.add(np.array([1, 3], np.uint8)), arrays.add(-np.ones((2, 3), np.float32))
    few = {"count": 2, "indices": {"bufferView": places, "componentType": 5121}, "values": {"bufferView": values}}
    empty = {"componentType": 5126, "count": 4, "type": "VEC3"}
    arrays.accessors += [arrays.accessors[dense] | {"sparse": few}, empty | {"sparse": few}, empty]
    content = {"asset": {"version": "2.0"}, "accessors": arrays.accessors, "bufferViews": arrays.views,
               "buffers": [{"byteLength": arrays.size}]}  # fmt: skip
    document = gltf.Document(write(tmp_path / "a.glb", content, arrays))
    whole, blank = np.arange(12.0).reshape(4, 3), np.zeros((4, 3))
    whole[[1, 3]] = blank[[1, 3]] = -1
    assert np.array_equal(document.array(3), whole) and np.array_equal(document.array(4), blank)
    assert np.array_equal(document.array(5), np.zeros((4, 3)))


def damaged(document):
    yield "no animations", {"animations": []}, "animations"
    yield "a circle", {"nodes": [{"children": [1]}, {"children": [0]}]}, "nodes"
    yield "a node beyond", {"nodes": [{"children": [99]}]}, "nodes"
    yield "no asset", {"asset": None}, "asset"
    yield "nodes are no list", {"nodes": {}}, "nodes"
    yield "a buffer too short", {"bufferViews": [view | {"byteLength": 1} for view in document["bufferViews"]]}, "acc"
    yield "a view beyond", {"accessors": [one | {"bufferView": 10**6} for one in document["accessors"]]}, "bufferViews"
    yield "too many values", {"accessors": [one | {"count": 10**8} for one in document["accessors"]]}, "accessors"
    yield "text for a number", {"nodes": [{"translation": ["x", 0, 0]}]}, "nodes"
    sparse = {"count": 9, "indices": {"bufferView": 0, "componentType": 5121}, "values": {"bufferView": 0}}
    for name, other in (("sparse beyond", {"count": 10**6}), ("sparse without places", {"indices": None})):
        yield name, {"accessors": [one | {"sparse": sparse | other} for one in document["accessors"]]}, "accessors"
    nowhere = {"buffers": [document["buffers"][0], {"byteLength": 99}],
               "bufferViews": [view | {"buffer": 1} for view in document["bufferViews"]]}  # fmt: skip
    yield "a buffer without data", nowhere, r"buffers\[1\]: has no data"
    packed = nowhere | {"extensionsRequired": ["KHR_meshopt_compression"]}
    yield "packed arrays", packed, "KHR_meshopt_compression: packs its arrays, .* without compression"
    yield "an object for a kind", {"accessors": [one | {"componentType": {}} for one in document["accessors"]]}, "acc"
    yield "an object for a path", {"animations": [_pathless(document)]}, "animations"
    yield "a dog", {"nodes": [node | {"name": "tail"} for node in document["nodes"]]}, "skeleton"


def _pathless(document):
    animation = document["animations"][0]
    channels = [channel | {"target": channel["target"] | {"path": {}}} for channel in animation["channels"]]
    return animation | {"channels": channels}


CASES = [name for name, *_ in damaged(character(synthetic_motion(frames=2))[0])]


@pytest.mark.parametrize("case", CASES)
def test_bad_gltf_is_refused_with_its_field(tmp_path, case):
    document, arrays = character(synthetic_motion(frames=4))
    change, field = next((change, field) for name, change, field in damaged(document) if name == case)
    with pytest.raises(MotionFileError, match=rf"bad\.glb: {field}"):
        Motion.load(write(tmp_path / "bad.glb", document | change, arrays))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_glb_loads_or_is_refused_and_never_anything_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "f.glb"
    content = bytearray(write(path, *character(synthetic_motion(frames=3))).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        assert np.isfinite(Motion.load(path).joints()).all()
    except MotionFileError as error:
        assert error.field
