"""One's own character: motion on the skeleton of a rigged GLB or VRM, with everything else in its file kept."""

import json
import shutil
import subprocess
from pathlib import Path

import characters
import numpy as np
import pytest
import torch
from characters import KINDS, SIDES, changed, play, write
from conftest import synthetic_motion
from figures import LIMBS, between
from typer.testing import CliRunner

from motionclip import Motion, files
from motionclip.cli import app
from motionclip.files import MotionFileError, foot_placement, gltf
from motionclip.files.retarget_to_character import Character
from motionclip.motion import skeleton

J = skeleton.JOINT_INDEX


def stepping(frames=90):
    """A walk whose feet stand while they are down: steps on bent legs, with the soles level."""
    motion = synthetic_motion("squat", frames)
    poses, path = motion.poses.copy(), motion.translation.copy()
    poses[:, :, :] = 0
    phase = 2 * np.pi * np.arange(frames) / 45
    for side, sign in SIDES.items():
        bend = 0.3 + 0.25 * np.maximum(sign * np.sin(phase), 0)
        poses[:, J[f"{side}_hip"], 0] = -bend
        poses[:, J[f"{side}_knee"], 0] = 2 * bend
        poses[:, J[f"{side}_ankle"], 0] = -bend
        poses[:, J[f"{side}_shoulder"], 2] = -sign * 1.1
        poses[:, J[f"{side}_elbow"], 1] = -sign * (0.6 + 0.3 * np.sin(phase))
    moved = Motion(poses, path, "steps")
    lowest = (moved.joints()[:, skeleton.FEET, 1] - np.array(skeleton.FEET_REST_HEIGHTS)).min(1)
    path[:, 1] -= lowest
    path[:, [0, 2]] = 0.1 * np.stack([np.cos(phase), np.sin(phase)], 1) * 0
    return Motion(poses, path, "steps").turned(0.7)


def directions(kind, played, motion):
    """(frames, limbs) degrees between the limbs of the character and of the motion."""
    joints, apart = motion.joints(), []
    for a, b in LIMBS:
        ours, theirs = joints[:, J[b]] - joints[:, J[a]], played.at(kind.names[b]) - played.at(kind.names[a])
        cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        apart.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return np.stack(apart, 1)


def legs(kind):
    """The length of the character's legs, SMPL's being 1."""
    rest = characters.bones(kind)
    places = [[rest[kind.names[f"{side}_{part}"]].place for part in ("hip", "knee", "ankle")] for side in SIDES]
    theirs = sum(np.linalg.norm(np.diff(np.stack(leg), axis=0), axis=1).sum() for leg in places)
    ours = sum(float(skeleton.OFFSETS[J[f"{side}_{part}"]].norm()) for side in SIDES for part in ("knee", "ankle"))
    return theirs / ours


def lowest(kind, played):
    """(frames, 2) heights of the lowest vertex of the left and the right foot."""
    feet = [[kind.names[f"{side}_{part}"] for part in characters.FEET] for side in SIDES]
    return np.stack([played.mesh[:, [name in foot for name in played.moved_by], 1].min(axis=1) for foot in feet], 1)


def stands_as(motion, kind, path):
    """Assert that the limbs of a written character point as the motion's, and its feet stand where these do."""
    played = play(path)
    apart = directions(kind, played, motion)
    assert apart.mean() < 1 and apart.mean(0).max() < 2 and apart.max() < 4
    feet = motion.joints()[:, skeleton.FEET]
    clearance = feet[..., 1] - np.array(skeleton.FEET_REST_HEIGHTS)
    assert np.abs(lowest(kind, played).min(axis=1) - legs(kind) * clearance.min(axis=1)).max() < 0.01
    for side, number in (("left", 0), ("right", 2)):
        down = clearance[:, number] < 0.005
        theirs = played.at(kind.names[f"{side}_ankle"])[:, [0, 2]] - legs(kind) * feet[:, number][:, [0, 2]]
        runs = np.split(np.flatnonzero(down), np.flatnonzero(np.diff(np.flatnonzero(down)) > 1) + 1)
        assert max(np.linalg.norm(np.ptp(theirs[run], axis=0)) for run in runs) < 0.01


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_limbs_point_alike_and_feet_stand_on_the_floor(tmp_path, kind):
    motion = stepping()
    stands_as(motion, kind, motion.save(tmp_path / f"out{kind.suffix}", character=write(kind, tmp_path)))


def test_toes_do_not_dig_into_the_floor_where_the_heel_rises(tmp_path):
    kind, frames = characters.UNREAL, 30
    poses, path = np.zeros((frames, 24, 3), np.float32), np.zeros((frames, 3), np.float32)
    for side in SIDES:
        poses[:, J[f"{side}_ankle"], 0] = np.linspace(0, 0.8, frames)
    heights = Motion(poses, path).joints()[:, skeleton.FEET, 1] - np.array(skeleton.FEET_REST_HEIGHTS)
    path[:, 1] = -heights.min(axis=1)  # on the balls of its feet
    played = play(Motion(poses, path).save(tmp_path / "tiptoe.glb", character=write(kind, tmp_path)))
    heels, toes = (
        played.mesh[:, [name in {kind.names[f"{side}_{part}"] for side in SIDES} for name in played.moved_by], 1]
        for part in ("ankle", "foot")
    )
    assert heels[-1].max() > heels[0].max() + 0.05
    assert toes.min() > -0.015


@pytest.mark.parametrize("angle", [15.0, 35.0, 55.0])
@pytest.mark.parametrize("kind", [characters.MIXAMO, characters.VRM], ids=["Mixamo", "VRM"])
def test_feet_that_point_down_at_rest_stand_flat(tmp_path, kind, angle):
    kind, motion = changed(kind, pointed=angle), stepping()
    path = motion.save(tmp_path / f"out{kind.suffix}", character=write(kind, tmp_path))
    stands_as(motion, kind, path)
    soles = {kind.names[f"{side}_{part}"] for side in SIDES for part in ("ankle", "foot")}
    played = play(path)
    boxes = np.sort(played.mesh[:, [name in soles for name in played.moved_by], 1].reshape(len(motion), -1, 8), axis=2)
    assert (boxes[..., 3] - boxes[..., 0]).max() < 0.01  # the four lowest corners of each are level


@pytest.mark.parametrize("prompt", ["squat", "turn around", "walk like a zombie"])
@pytest.mark.parametrize("kind", [characters.MIXAMO, characters.VRM], ids=["Mixamo", "VRM"])
def test_what_is_made_of_words_keeps_its_limbs_and_its_feet(mc, tmp_path, kind, prompt):
    motion = mc.generate(prompt, frames=90, seed=1)
    played, scale = play(motion.save(tmp_path / f"o{kind.suffix}", character=write(kind, tmp_path))), legs(kind)
    bottoms = lowest(kind, played)
    apart = directions(kind, played, motion)
    assert apart.mean(axis=0).max() < 2 and apart.max() < 6
    for part, number in (("left_ankle", 0), ("left_foot", 1), ("right_ankle", 2), ("right_foot", 3)):
        if part in kind.without:
            continue
        foot = motion.joints()[:, skeleton.FEET[number]]
        rest, theirs = characters.bones(kind)[kind.names[part]].place, played.at(kind.names[part])
        clearance = foot[:, 1] - skeleton.FEET_REST_HEIGHTS[number]
        low = np.flatnonzero(clearance < 0.01)
        # Higher than the motion's only by as much as the mesh would dip into the floor.
        raised = (theirs[:, 1] - rest[1]) / scale - clearance
        dip = np.maximum(raised - bottoms[:, number // 2] / scale, 0)
        assert raised[low].min(initial=0) > -0.01 and (raised - dip)[low].max(initial=0) < 0.01
        for run in np.split(low, np.flatnonzero(np.diff(low) > 1) + 1):
            steps = np.linalg.norm(np.diff(foot[run], axis=0), axis=1)
            if len(run) > 1 and steps.max() * 30 < 0.3:  # it stands, and is not set down or lifted
                away = (theirs[run] / scale - foot[run])[:, [0, 2]]
                assert np.linalg.norm(away - away[0], axis=1).max() < 0.01


@pytest.mark.parametrize("prompt", ["kick", "walk", "jump", "dance"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_tilted_feet_do_not_dip_into_the_floor(mc, tmp_path, kind, prompt):
    """No vertex of theirs is a centimetre under the floor, or under the motion's own foot where that is lower."""
    motion = mc.generate(prompt, seed=1)
    played = play(motion.save(tmp_path / f"o{kind.suffix}", character=write(kind, tmp_path)))
    clearance = motion.joints()[:, skeleton.FEET, 1] - np.array(skeleton.FEET_REST_HEIGHTS)
    floor = np.minimum(clearance.reshape(-1, 2, 2).min(axis=2), 0)
    assert (lowest(kind, played) / legs(kind) - floor).min() > -0.01
    assert directions(kind, played, motion).mean(axis=0).max() < 2


def test_feet_that_are_below_the_floor_in_the_motion_stay_there(tmp_path):
    """As on a way down stairs."""
    kind, motion = characters.MIXAMO, stepping()
    motion = Motion(motion.poses, motion.translation - np.float32([0, 0.3, 0]), "down")
    stands_as(motion, kind, motion.save(tmp_path / "out.glb", character=write(kind, tmp_path)))


def test_long_motions_are_solved_in_stretches_without_a_seam(mc, tmp_path, monkeypatch):
    kind, motion = characters.MIXAMO, mc.generate("turn around", frames=90, seed=0)
    source = write(kind, tmp_path)
    whole = play(motion.save(tmp_path / "whole.glb", character=source))
    monkeypatch.setattr(foot_placement, "_STRETCH", 45)
    monkeypatch.setattr(foot_placement, "_OVERLAP", 30)
    parts = play(motion.save(tmp_path / "parts.glb", character=source))
    for part in ("pelvis", "left_ankle", "right_ankle"):
        apart = parts.at(kind.names[part]) - whole.at(kind.names[part])
        assert np.abs(np.diff(apart[:45], axis=0)).max() < 0.003  # without the overlap 0.006


def crouching_legs(tmp_path, monkeypatch):
    """The legs and targets of foot placement for a motion on another character's bones."""
    found, solved = [], foot_placement._changed
    monkeypatch.setattr(foot_placement, "_changed", lambda *given: found.append(given) or solved(*given))
    synthetic_motion("squat", 30).save(tmp_path / "out.glb", character=write(characters.MIXAMO, tmp_path))
    return found[0]


def test_foot_placement_finds_the_least_cost(tmp_path, monkeypatch):
    """The cost is written out here once more, by itself; where it is least its slope is zero."""
    legs, targets = crouching_legs(tmp_path, monkeypatch)

    def slope(change):
        change = change.clone().requires_grad_()
        feet, _ = legs.feet(change)
        height = 1e3 * (targets.low * (targets.heights - feet[..., 1]) ** 2).sum()
        off = targets.steps - feet[..., [0, 2]].diff(dim=0)
        slide = 2e5 * (targets.stands * (off**2).sum(dim=-1)).sum()
        jerk = 0.5 * (change[2:] - 2 * change[1:-1] + change[:-2]).square().sum()
        moved = (1e-6 * change[:, :3] ** 2).sum() + (0.2 * change[:, 3:6] ** 2).sum() + (change[:, 6:] ** 2).sum()
        return torch.autograd.grad(height + slide + jerk + moved, change)[0]

    start = torch.zeros(len(targets.low), 18, dtype=torch.float64)
    assert slope(foot_placement._changed(legs, targets)).norm() < 1e-6 * slope(start).norm()


def test_the_lower_end_of_a_tilted_foot_counts(tmp_path):
    feet = torch.zeros(5, 4, 3, dtype=torch.float64)
    feet[..., 1] = torch.tensor(skeleton.FEET_REST_HEIGHTS)
    feet[:, 0, 1] += 0.012  # the left heel rises a little from its ball
    stance = Character(write(characters.MIXAMO, tmp_path))._stance
    targets = foot_placement._Targets.of(feet, torch.zeros(5, 4, dtype=torch.float64), stance)
    for weights in (targets.low, targets.stands):
        heel, ball = weights[0, 0], weights[0, 1]
        assert ball > 0.9 and heel < 0.4 * ball


@pytest.mark.parametrize("share", [0.1, 0.3, 2.5])
def test_legs_of_any_length_stand_as_well(tmp_path, share):
    kind, motion = characters.on_legs(characters.MIXAMO, share), stepping()
    source = write(kind, tmp_path)
    stands_as(motion, kind, motion.save(tmp_path / "out.glb", character=source))
    tallest = max(bone.end[1] for bone in characters.bones(kind).values()) / legs(kind)
    assert Character(source).height == pytest.approx(tallest, abs=0.1 / legs(kind))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_figures_of_blocks_stand_as_those_with_a_skin(tmp_path, kind):
    motion, source = stepping(), tmp_path / f"blocks{kind.suffix}"
    source.write_bytes(gltf.packed(*characters.blocks(kind)))
    character = Character(source)
    assert not character.notes and character.height == pytest.approx(Character(write(kind, tmp_path)).height, abs=0.01)
    stands_as(motion, kind, motion.save(tmp_path / f"out{kind.suffix}", character=source))


def test_weights_that_do_not_sum_to_one_move_nothing_at_rest(tmp_path):
    """As where a vertex has more bones than the four of the first set."""
    kind = characters.UNREAL
    document, arrays = characters.character(kind)
    data = bytearray(b"".join(arrays.parts))
    for mesh in document["meshes"]:
        accessor = arrays.accessors[mesh["primitives"][0]["attributes"]["WEIGHTS_0"]]
        at, count = arrays.views[accessor["bufferView"]]["byteOffset"], 4 * accessor["count"]
        half = np.frombuffer(data, np.float32, count, at) * np.float32(0.6)
        data[at : at + 4 * count] = half.tobytes()
    arrays.parts = [bytes(data)]
    (tmp_path / "half.glb").write_bytes(gltf.packed(document, arrays))
    heights = [Character(path).height for path in (tmp_path / "half.glb", write(kind, tmp_path))]
    assert heights[0] == pytest.approx(heights[1], abs=1e-4)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_written_reads_as_the_motion(tmp_path, kind):
    motion = synthetic_motion("wave left hand", 30).turned(-0.4)
    path = motion.save(tmp_path / f"out{kind.suffix}", character=write(kind, tmp_path))
    again = files.load(path)
    assert len(again) == 30 and between(again, motion).mean() < 1.5
    assert abs(again.heading() - motion.heading()) < 0.1


@pytest.mark.parametrize("kind", [characters.VRM, characters.MIXAMO], ids=["VRM", "Mixamo"])
def test_everything_else_in_the_file_is_kept(tmp_path, kind):
    source = write(kind, tmp_path)
    before = gltf.Document(source)
    after = gltf.Document(synthetic_motion(frames=9).save(tmp_path / "o.glb", character=source))
    assert after.chunk.startswith(before.chunk)
    for key, value in before.content.items():
        if key in ("accessors", "bufferViews"):
            assert after.content[key][: len(value)] == value
        elif key != "buffers":
            assert after.content[key] == value
    assert set(after.content) == {*before.content, "animations"}


def test_animations_that_were_there_come_after(tmp_path):
    source = synthetic_motion("squat", 5).save(tmp_path / "a.glb", character=write(characters.UNREAL, tmp_path))
    walk = synthetic_motion("walk", 12)
    both = walk.save(tmp_path / "b.glb", character=source)
    assert [animation["name"] for animation in gltf.Document(both).content["animations"]] == ["walk", "squat"]
    assert [len(reading.motion) for reading in files.read(both)] == [12, 5]


def test_the_pose_of_the_nodes_does_not_matter_where_the_skin_knows_the_rest(tmp_path):
    kind, motion = characters.MIXAMO, synthetic_motion(frames=6)
    straight = play(motion.save(tmp_path / "a.glb", character=write(kind, tmp_path)))
    document, arrays = characters.character(kind)
    for name, turn in (
        (kind.names["left_elbow"], [0.5, 0.5, 0.5, 0.5]),
        ("mixamorig:LeftHandIndex1", [0, 0, 0.6, 0.8]),
    ):
        node = next(node for node in document["nodes"] if node["name"] == name)
        node["rotation"] = turn
    (tmp_path / "posed.glb").write_bytes(gltf.packed(document, arrays))
    posed = play(motion.save(tmp_path / "b.glb", character=tmp_path / "posed.glb"))
    assert np.abs(posed.mesh - straight.mesh).max() < 1e-3


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_scaled_armatures_stand_as_high(tmp_path, unit):
    kind = changed(characters.UNREAL, unit=unit)
    played = play(synthetic_motion("squat", 6).save(tmp_path / "a.glb", character=write(kind, tmp_path)))
    assert 1.2 < played.at("head").max() < 1.8 and directions(kind, played, synthetic_motion("squat", 6)).max() < 3


@pytest.mark.parametrize("version", ["VRM", "VRMC_vrm"])
def test_a_vrm_that_faces_backwards_and_has_names_of_its_own(tmp_path, version):
    names = {part: f"bone{number}" for number, part in enumerate(characters.VRM.names)}
    kind = changed(characters.VRM, vrm=version, faces=-1.0, names=names)
    motion = synthetic_motion("wave left hand", 10)
    played = play(motion.save(tmp_path / "a.vrm", character=write(kind, tmp_path)))
    assert directions(kind, played, motion).mean() < 1


def test_unknown_names_print_a_map_to_fill_in_and_read_with_it(tmp_path):
    names = {part: f"bone{number}" for number, part in enumerate(characters.UNREAL.names)}
    kind = changed(characters.UNREAL, names=names, extra={})
    source, motion = write(kind, tmp_path), synthetic_motion(frames=5)
    with pytest.raises(MotionFileError, match=r"me\.glb: skeleton: .*\n.*--character-map:\npelvis =") as error:
        motion.save(tmp_path / "a.glb", character=source)
    form = str(error.value).partition("--character-map:\n")[2]
    filled = "\n".join(f"{line.partition('=')[0].strip()} = {names[line.partition('=')[0].strip()]}"
                       for line in form.splitlines() if not line.startswith("#"))  # fmt: skip
    (tmp_path / "map.txt").write_text(filled)
    arguments = ["convert", str(motion.save(tmp_path / "m.bvh")), str(tmp_path / "b.glb"), "--character", str(source)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and "left_knee =" in result.output
    result = CliRunner().invoke(app, [*arguments, "--character-map", str(tmp_path / "map.txt")])
    assert result.exit_code == 0, result.output
    assert directions(kind, play(tmp_path / "b.glb"), motion).mean() < 1


def spoiled(document):
    """What is wrong → the change to a document, and the words that say so."""
    nodes = document["nodes"]
    crouching = [
        node | {"rotation": [0.7, 0, 0, 0.71]} if node["name"] in ("thigh_l", "thigh_r") else node for node in nodes
    ]
    mirrored = [node | {"scale": [-1, 1, 1]} if node["name"] == "root" else node for node in nodes]
    uneven = [node | {"scale": [1, 1, 1.5]} if node["name"] == "pelvis" else node for node in nodes]
    no_hand = [node | {"name": "x"} if node["name"].startswith(("hand_l", "Index", "Ring", "Middle")) else node
               for node in nodes]  # fmt: skip
    short = [node | {"translation": [0, 0, 0]} if node["name"] == "calf_l" else node for node in nodes]
    yield "crouching", {"nodes": crouching, "skins": []}, r"rest pose: does not stand upright .* Rest Position"
    yield "mirrored", {"nodes": mirrored}, r"root: is scaled by -1, 1, 1, .* apply the scale"
    yield "uneven", {"nodes": uneven}, r"pelvis: is scaled by 1, 1, 1\.5"
    yield "no hand", {"nodes": no_hand}, r"lowerarm_l: has no hand: .* left_wrist = NODE"
    yield "no thigh", {"nodes": short}, r"skeleton: has arms, legs or hips of no length"
    yield "texture beside", {"images": [{"uri": "skin.png"}]}, r"images\[0\]: is not inside"
    yield "buffer beside", {"buffers": [{"uri": "a.bin", "byteLength": 5}]}, r"buffers\[0\]: is not inside"
    for name in gltf.PACKED:
        yield name, {"extensionsRequired": [name]}, rf"{name}: packs its arrays, .* without compression .* npx"


CASES = [name for name, *_ in spoiled(characters.character(characters.UNREAL)[0])]


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_animated_is_refused_with_what_to_do(tmp_path, case):
    document, arrays = characters.character(characters.UNREAL)
    change, words = next((change, words) for name, change, words in spoiled(document) if name == case)
    (tmp_path / "bad.glb").write_bytes(gltf.packed(document | change, arrays))
    with pytest.raises(MotionFileError, match=rf"bad\.glb: {words}"):
        Character(tmp_path / "bad.glb")


@pytest.mark.parametrize("apart", [0.0, 2.0])
@pytest.mark.parametrize(
    "pair", [("Mixamo", "Mixamo"), ("Mixamo", "Unreal"), ("Rigify", "VRM"), ("Unreal", "Unreal")], ids="-".join
)
def test_two_skeletons_in_one_file_are_refused_with_what_to_do(tmp_path, pair, apart):
    one, other = (KINDS[name] for name in pair)
    (tmp_path / "two.glb").write_bytes(gltf.packed(*characters.side_by_side(one, other, apart)))
    hips = f"{one.names['pelvis']}, {other.names['pelvis']}"
    with pytest.raises(
        MotionFileError, match=rf"two\.glb: skeleton: there are 2, with the hips {hips}, .* delete other"
    ):
        Character(tmp_path / "two.glb")


def test_two_skeletons_that_only_a_map_names_are_refused_as_well(tmp_path):
    names = {part: f"bone{number}" for number, part in enumerate(characters.UNREAL.names)}
    kind = changed(characters.UNREAL, names=names, extra={})
    (tmp_path / "two.glb").write_bytes(gltf.packed(*characters.side_by_side(kind, kind)))
    named = {part: name for part, name in names.items() if not part.startswith("spine")}
    with pytest.raises(MotionFileError, match=r"two\.glb: skeleton: there are 2, with the hips bone0, bone0"):
        Character(tmp_path / "two.glb", named)


def test_damaged_maps_and_bind_matrices(tmp_path):
    (tmp_path / "map.txt").write_bytes(b"left_knee = Kn\xffee")
    with pytest.raises(MotionFileError, match=r"map\.txt: text: is not UTF-8 .* byte 14"):
        files.read_map(tmp_path / "map.txt")
    document, arrays = characters.character(characters.UNREAL)
    accessor = arrays.accessors[document["skins"][0]["inverseBindMatrices"]]
    data = bytearray(b"".join(arrays.parts))
    place = arrays.views[accessor["bufferView"]]["byteOffset"]
    matrices = np.frombuffer(data, np.float32, 16 * accessor["count"], place).reshape(-1, 16).copy()
    matrices[:, 15] = 0  # what should be 1: singular as it stands
    data[place : place + matrices.nbytes] = matrices.tobytes()
    arrays.parts = [bytes(data)]
    (tmp_path / "a.glb").write_bytes(gltf.packed(document, arrays))
    assert Character(tmp_path / "a.glb").parts["left_knee"] == "calf_l"


def test_other_files_are_no_characters(tmp_path):
    motion = synthetic_motion(frames=3)
    (tmp_path / "a.gltf").write_text('{"asset": {"version": "2.0"}}')
    with pytest.raises(MotionFileError, match=r"a\.gltf: file: a character is a \.glb or \.vrm"):
        motion.save(tmp_path / "b.glb", character=tmp_path / "a.gltf")
    (tmp_path / "a.glb").write_bytes(b"MZ, whatever")
    with pytest.raises(MotionFileError, match=r"a\.glb: file: a character is a \.glb or \.vrm: save it as one"):
        Character(tmp_path / "a.glb")
    for data, words in (
        (b"", r"is empty \(0 bytes\)"),
        (b"glT", "is cut off"),
        (b"glTF\x02\0\0\0\x40\0\0", "is cut off"),
    ):
        (tmp_path / "a.glb").write_bytes(data)
        with pytest.raises(MotionFileError, match=rf"a\.glb: file: {words}; export it or copy it again"):
            Character(tmp_path / "a.glb")
    document, arrays = characters.character(characters.UNREAL)
    statue = [{"name": "statue", "mesh": 0}, {"name": "base", "children": [0]}]
    (tmp_path / "a.glb").write_bytes(gltf.packed(document | {"nodes": statue, "skins": []}, arrays))
    with pytest.raises(MotionFileError, match=r"a\.glb: skeleton: is missing: the figure has no bones; rig it"):
        Character(tmp_path / "a.glb")
    for name in ("gone.glb", "."):
        result = CliRunner().invoke(app, ["convert", str(motion.save(tmp_path / "m.bvh")), str(tmp_path / "c.glb"),
                                          "--character", str(tmp_path / name)])  # fmt: skip
        assert result.exit_code == 1 and "error: " in result.output and "fault" not in result.output
    with pytest.raises(ValueError, match=r"b\.bvh: a character is written to \.glb and \.vrm files"):
        motion.save(tmp_path / "b.bvh", character=write(characters.UNREAL, tmp_path))


def test_nodes_with_a_matrix_get_parts_that_can_be_animated(tmp_path):
    kind, motion = characters.UNREAL, synthetic_motion(frames=4)
    straight = play(motion.save(tmp_path / "a.glb", character=write(kind, tmp_path)))
    document, arrays = characters.character(kind)
    for number, node in enumerate(document["nodes"]):
        local = np.eye(4)
        turn = characters.Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])).as_matrix()
        local[:3, :3] = turn * np.array(node.get("scale", [1, 1, 1]))
        local[:3, 3] = node.get("translation", [0, 0, 0])
        kept = {key: value for key, value in node.items() if key not in ("rotation", "scale", "translation")}
        document["nodes"][number] = kept if "skin" in node else kept | {"matrix": local.T.reshape(-1).tolist()}
    (tmp_path / "matrices.glb").write_bytes(gltf.packed(document, arrays))
    moved = motion.save(tmp_path / "b.glb", character=tmp_path / "matrices.glb")
    animated = {channel["target"]["node"] for channel in gltf.Document(moved).content["animations"][0]["channels"]}
    assert not any("matrix" in gltf.Document(moved).content["nodes"][node] for node in animated)
    assert np.abs(play(moved).mesh - straight.mesh).max() < 1e-4


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_motions(tmp_path, frames):
    motion = synthetic_motion(frames=frames)
    played = play(motion.save(tmp_path / "a.glb", character=write(characters.RIGIFY, tmp_path)))
    assert len(played.mesh) == frames and np.isfinite(played.mesh).all()


def test_from_words_on_the_command_line(tmp_path):
    source = write(characters.VRM, tmp_path)
    out = str(tmp_path / "me-walking.vrm")
    result = CliRunner().invoke(app, ["generate", "walk", "-o", out, "--frames", "60", "--character", str(source)])
    assert result.exit_code == 0, result.output
    assert len(play(tmp_path / "me-walking.vrm").worlds) == 60
    before = source.read_bytes()
    result = CliRunner().invoke(app, ["generate", "walk", "-o", str(source), "--character", str(source)])
    assert result.exit_code == 1 and "is the character itself" in result.output and source.read_bytes() == before
    (tmp_path / "names").write_text("")
    result = CliRunner().invoke(app, ["generate", "walk", "-o", out, "--character-map", str(tmp_path / "names")])
    assert result.exit_code == 1 and "--character FILE" in result.output
    result = CliRunner().invoke(app, ["generate", "walk", "-o", str(tmp_path / "me.bvh"), "--character", str(source)])
    assert result.exit_code == 1 and "use one of .glb, .vrm" in result.output


def test_the_khronos_validator_finds_nothing(tmp_path):
    """Where node and its gltf-validator are installed; benchmarks/validator.py tries more."""
    node = shutil.which("node")
    found = node and subprocess.run([node, "-e", "require('gltf-validator')"], capture_output=True).returncode == 0
    if not found:
        pytest.skip("needs node and npm's gltf-validator (NODE_PATH says where)")
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
    import validator

    path = synthetic_motion(frames=8).save(tmp_path / "a.vrm", character=write(characters.VRM, tmp_path))
    assert validator.validate([path])[path.name] == (0, 0)
    content = gltf.Document(path).content
    (tmp_path / "bad.gltf").write_text(json.dumps(content | {"scene": 7}))
    assert validator.validate([tmp_path / "bad.gltf"])["bad.gltf"][0] > 0
