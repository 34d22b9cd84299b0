"""Rigged characters made by code, as Mixamo, Unreal, VRM and Rigify have them, and how their files play."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from figures import BODY_JOINTS
from scipy.spatial.transform import Rotation

from motionclip.files import gltf

SIDES = {"left": 1.0, "right": -1.0}
FEET = ("ankle", "foot")
UPRIGHT = Rotation.from_euler("x", -90, degrees=True).as_matrix()  # z up → y up


def body() -> dict[str, np.ndarray]:
    """Part → place in a T-pose, metres, y up, facing +z. Not SMPL's proportions."""
    places = {"pelvis": (0, 1.02, 0), "spine1": (0, 1.12, 0), "spine2": (0, 1.23, -0.01), "spine3": (0, 1.34, -0.02),
              "neck": (0, 1.52, -0.02), "head": (0, 1.62, 0.0)}  # fmt: skip
    for side, sign in SIDES.items():
        places |= {
            f"{side}_hip": (sign * 0.1, 0.95, 0.0), f"{side}_knee": (sign * 0.1, 0.51, 0.015),
            f"{side}_ankle": (sign * 0.1, 0.1, -0.02), f"{side}_foot": (sign * 0.11, 0.025, 0.13),
            f"{side}_collar": (sign * 0.03, 1.47, -0.01), f"{side}_shoulder": (sign * 0.18, 1.46, -0.02),
            f"{side}_elbow": (sign * 0.45, 1.46, -0.03), f"{side}_wrist": (sign * 0.72, 1.46, -0.02),
        }  # fmt: skip
    return {part: np.array(place, float) for part, place in places.items()}


PARENTS = {"pelvis": None, "spine1": "pelvis", "spine2": "spine1", "spine3": "spine2", "neck": "spine3", "head": "neck"}
for _side in SIDES:
    _chains = (("pelvis", "hip", "knee", "ankle", "foot"), ("spine3", "collar", "shoulder", "elbow", "wrist"))
    for _chain in _chains:
        _parts = [_chain[0], *(f"{_side}_{part}" for part in _chain[1:])]
        PARENTS |= dict(zip(_parts[1:], _parts, strict=False))


@dataclass
class Bone:
    """A bone at rest in the world: its place, where it ends, and the bone it hangs on."""

    parent: str | None
    place: np.ndarray
    end: np.ndarray
    heavy: bool = True


@dataclass
class Kind:
    """What a family of characters is like.

    names: part → bone. arms: degrees below level. axis: along which of its own axes a bone points; "" for none of them
    turned. unit: metres of the file's. up: how the armature's node is turned. extra: bone → (the part it hangs on, its
    place from there, whether it moves the mesh). flat: bones that hang on the root, where others are in between.
    faces: +1 ahead of z, −1 against it. pointed: degrees that the feet hang down at rest. body: part → its
    place in a T-pose.
    """

    names: dict[str, str]
    arms: float = 0.0
    axis: str = "y"
    unit: float = 0.01
    turned: bool = True
    root: str = ""
    split: tuple[str, ...] = ()
    extra: dict[str, tuple[str, tuple[float, float, float], bool]] = field(default_factory=dict)
    flat: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    faces: float = 1.0
    pointed: float = 0.0
    body: dict[str, np.ndarray] | None = None
    suffix: str = ".glb"
    vrm: str = ""
    bound_elsewhere: bool = False


def _both(name: str, ours: str) -> dict[str, str]:
    """left and right part → bone, `*` for the side's letter, `+` for its word."""
    return {
        f"{side}_{ours}": name.replace("*", side[0]).replace("^", side[0].upper()).replace("+", side.capitalize())
        for side in SIDES
    }


def _named(middle: str, sides: dict[str, str]) -> dict[str, str]:
    names = dict(zip(("pelvis", "spine1", "spine2", "spine3", "neck", "head"), middle.split(), strict=True))
    for ours, theirs in sides.items():
        names |= _both(theirs, ours)
    return names


def _sides(text: str) -> dict[str, str]:
    parts = ["hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist"]
    return dict(zip(parts, text.split(), strict=True))


def _fingers(pattern: str) -> dict[str, tuple[str, tuple[float, float, float], bool]]:
    result = {}
    for number, finger in enumerate(("Index", "Middle", "Ring")):
        for part, name in _both(pattern.replace("#", finger), "wrist").items():
            result[name] = (part, (SIDES[part.partition("_")[0]] * 0.09, -0.01, 0.03 * (1 - number)), True)
    return result


MIXAMO = Kind(
    {part: f"mixamorig:{name}" for part, name in _named(
        "Hips Spine Spine1 Spine2 Neck Head",
        _sides("+UpLeg +Leg +Foot +ToeBase +Shoulder +Arm +ForeArm +Hand")).items()},
    extra={"mixamorig:HeadTop_End": ("head", (0, 0.2, 0), False), **_fingers("mixamorig:+Hand#1"),
           "mixamorig:LeftToe_End": ("left_foot", (0, 0, 0.08), False)},
    bound_elsewhere=True,
)  # fmt: skip
UNREAL = Kind(
    _named("pelvis spine_01 spine_02 spine_03 neck_01 head",
           _sides("thigh_* calf_* foot_* ball_* clavicle_* upperarm_* lowerarm_* hand_*")),
    arms=48.0, axis="x", root="root",
    extra={"ik_foot_root": ("", (0, 0, 0), False), "ik_foot_l": ("", (0.1, 0.1, 0), False),
           "ik_hand_gun": ("", (0.5, 1, 0), False), "thigh_twist_01_l": ("left_hip", (0, -0.2, 0), True),
           "upperarm_twist_01_l": ("left_shoulder", (0.05, -0.06, 0), True), **_fingers("#_01_*")},
)  # fmt: skip
VRM = Kind(
    _named("J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head",
           _sides("J_Bip_^_UpperLeg J_Bip_^_LowerLeg J_Bip_^_Foot J_Bip_^_ToeBase J_Bip_^_Shoulder J_Bip_^_UpperArm "
                  "J_Bip_^_LowerArm J_Bip_^_Hand")),
    axis="", unit=1.0, turned=False, root="Root", without=("left_foot", "right_foot"), suffix=".vrm", vrm="VRMC_vrm",
    extra={"J_Sec_Hair1": ("head", (0, 0.1, -0.1), True), "J_Sec_Hair2": ("head", (0.05, 0.1, -0.1), True)},
)  # fmt: skip
RIGIFY = Kind(
    _named("DEF-spine DEF-spine.001 DEF-spine.002 DEF-spine.003 DEF-spine.004 DEF-spine.006",
           _sides("DEF-thigh.^ DEF-shin.^ DEF-foot.^ DEF-toe.^ DEF-shoulder.^ DEF-upper_arm.^ DEF-forearm.^ "
                  "DEF-hand.^")),
    arms=35.0, unit=1.0, turned=False, split=("hip", "knee", "shoulder", "elbow"),
    flat=("left_hip", "right_hip", "left_collar", "right_collar", "left_shoulder", "right_shoulder"),
    extra={"DEF-pelvis.L": ("", (0.08, 1.0, 0.02), True), "DEF-breast.L": ("", (0.1, 1.35, 0.1), True)},
)  # fmt: skip
KINDS = {"Mixamo": MIXAMO, "Unreal": UNREAL, "VRM": VRM, "Rigify": RIGIFY}


def bones(kind: Kind) -> dict[str, Bone]:
    """Name → bone, parents first."""
    places = body() if kind.body is None else dict(kind.body)
    for side, sign in SIDES.items():
        shoulder = places[f"{side}_shoulder"].copy()
        down = Rotation.from_euler("z", -sign * kind.arms, degrees=True)
        for part in ("elbow", "wrist"):
            places[f"{side}_{part}"] = shoulder + down.apply(places[f"{side}_{part}"] - shoulder)
    ahead = np.array([kind.faces, 1, kind.faces])
    places = {part: place * ahead for part, place in places.items()}
    next_part = {parent: part for part, parent in PARENTS.items() if part != "neck" and parent} | {
        "pelvis": "spine1", "spine3": "neck", "neck": "head"}  # fmt: skip
    result: dict[str, Bone] = {}
    if kind.root:
        result[kind.root] = Bone(None, np.zeros(3), np.array([0, 0.1, 0]), heavy=False)
    for part in sorted(PARENTS, key=BODY_JOINTS.index):
        if part in kind.without:
            continue
        parent = None if part in kind.flat else PARENTS[part]
        above = kind.names[parent] if parent else kind.root or None
        if parent and parent.partition("_")[2] in kind.split:
            above = f"{above}.001"
        ahead_of = places[next_part[part]] if part in next_part else places[part] + _beyond(part) * ahead
        if part.partition("_")[2] in kind.split:
            middle = (places[part] + ahead_of) / 2
            result[kind.names[part]] = Bone(above, places[part], middle)
            result[f"{kind.names[part]}.001"] = Bone(kind.names[part], middle, ahead_of)
        else:
            result[kind.names[part]] = Bone(above, places[part], ahead_of)
    for name, (part, away, heavy) in kind.extra.items():
        place = (places[part] if part else 0) + np.array(away) * ahead
        above = kind.names[part] if part else kind.root or None
        result[name] = Bone(above, place, place + np.array([0, 0.05, 0.02]), heavy)
    for side in SIDES:
        for name in (kind.names[f"{side}_{part}"] for part in FEET if f"{side}_{part}" not in kind.without):
            result[name].place, result[name].end = _hung(
                kind, places[f"{side}_ankle"], np.stack([result[name].place, result[name].end])
            )
    return result


def _hung(kind: Kind, ankle: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points of a flat foot, where they are on one that hangs down."""
    return ankle + Rotation.from_euler("x", kind.faces * kind.pointed, degrees=True).apply(points - ankle)


def _beyond(part: str) -> np.ndarray:
    """Where a last bone ends, from its joint."""
    sign = 1 if part.startswith("left") else -1
    ends = {"head": (0, 0.2, 0), "foot": (0, 0, 0.08), "ankle": (0, -0.06, 0.15), "wrist": (sign * 0.1, 0, 0)}
    return np.array(ends[part.rpartition("_")[2]], float)


def _turn(axis: str, way: np.ndarray) -> np.ndarray:
    """(3, 3), one of whose columns points along the bone."""
    if not axis:
        return np.eye(3)
    first = way / np.linalg.norm(way)
    spare = np.array([0.0, 0, 1]) if abs(first[2]) < 0.9 else np.array([0.0, 1, 0])
    second = np.cross(spare, first)
    second /= np.linalg.norm(second)
    third = np.cross(first, second)
    columns = {"x": (first, second, third), "y": (third, first, second)}[axis]
    return np.stack(columns, axis=1)


def _box(bone: Bone, feet: bool) -> tuple[np.ndarray, np.ndarray]:
    """(8, 3) corners and (12, 3) triangles about a bone; of feet, down to the floor."""
    way = bone.end - bone.place
    long = max(np.linalg.norm(way), 0.02)
    turn = _turn("y", way if np.linalg.norm(way) > 1e-6 else np.array([0, 1.0, 0]))
    corners = np.array([[x, y, z] for x in (-0.04, 0.04) for y in (0, long) for z in (-0.04, 0.04)]) @ turn.T
    corners = corners + bone.place
    if feet:
        low, high = (
            np.minimum(bone.place, bone.end) - [0.04, 0, 0.03],
            np.maximum(bone.place, bone.end) + [0.04, 0, 0.03],
        )
        low[1] = 0
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6],
                      [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip
    return corners, faces


PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\xff\x80\x40\x20\x60\xc0\0\x10\x20\x30\xff\xff\xff")),
        (b"IEND", b""),
    )
)


def character(kind: Kind) -> tuple[dict, gltf.Arrays]:
    """A glTF document and its arrays: bones under an armature, boxes about them in two skins, a texture."""
    skeleton, arrays = bones(kind), gltf.Arrays()
    flat = bones(changed(kind, pointed=0))
    armature = np.eye(4)
    armature[:3, :3] = (UPRIGHT if kind.turned else np.eye(3)) * kind.unit
    worlds = {}
    for name, bone in skeleton.items():
        worlds[name] = np.eye(4)
        worlds[name][:3, :3] = _turn(kind.axis, bone.end - bone.place) * kind.unit
        worlds[name][:3, 3] = bone.place
    rotation = Rotation.from_matrix(armature[:3, :3] / kind.unit).as_quat()
    nodes: list[dict] = [{"name": "Armature", "rotation": rotation.tolist(), "scale": [kind.unit] * 3, "children": []}]
    number = {name: 1 + index for index, name in enumerate(skeleton)}
    for name, bone in skeleton.items():
        above = worlds[bone.parent] if bone.parent else armature
        local = np.linalg.inv(above) @ worlds[name]
        turn = Rotation.from_matrix(local[:3, :3] / np.cbrt(np.linalg.det(local[:3, :3]))).as_quat()
        nodes.append({"name": name, "translation": local[:3, 3].tolist(), "rotation": turn.tolist()})
        nodes[number[bone.parent] if bone.parent else 0].setdefault("children", []).append(number[name])
    hair = [name for name in skeleton if "Hair" in name or name == kind.names["head"]]
    skins, meshes = [], []
    for which, members in enumerate(([name for name in skeleton if "Hair" not in name], hair)):
        # A skin may be bound in a space of its own; what its vertices and matrices share cancels.
        own = np.eye(4)
        if which or kind.bound_elsewhere:
            own[:3, :3], own[:3, 3] = 100 * UPRIGHT.T, [3, 1, -2]
        points, faces, joints = [], [], []
        for joint, name in enumerate(members):
            if skeleton[name].heavy:
                feet = name in {kind.names[f"{side}_{part}"] for side in SIDES for part in ("ankle", "foot")}
                corners, triangles = _box(flat[name], feet)
                if feet:
                    side = next(side for side in SIDES if name in {kind.names[f"{side}_{part}"] for part in FEET})
                    corners = _hung(kind, skeleton[kind.names[f"{side}_ankle"]].place, corners)
                faces.append(triangles + 8 * len(points))
                points.append(corners @ own[:3, :3].T + own[:3, 3])
                joints.append(np.repeat([[joint, 0, 0, 0]], 8, axis=0))
        inverse = np.stack([np.linalg.inv(own @ worlds[name]) for name in members])
        inverse[:, 3] = [0, 0, 0, 1]
        weights = np.tile(np.array([[1, 0, 0, 0]], np.float32), (8 * len(points), 1))
        # What has no weight has to be joint 0.
        attributes = {
            "POSITION": arrays.add(np.concatenate(points).astype(np.float32), bounds=True, target=34962),
            "JOINTS_0": arrays.add(np.concatenate(joints).astype(np.uint8), target=34962),
            "WEIGHTS_0": arrays.add(weights, target=34962),
        }
        indices = arrays.add(np.concatenate(faces).reshape(-1).astype(np.uint16), target=34963)
        meshes.append({"name": f"Body{which}", "primitives": [
            {"attributes": attributes, "indices": indices, "material": 0}]})  # fmt: skip
        matrices = arrays.add(inverse.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32))
        skins.append({"joints": [number[name] for name in members], "inverseBindMatrices": matrices})
        nodes.append({"name": ("LeftArm_mesh", "Head")[which], "mesh": which, "skin": which})
    picture = arrays.size
    arrays.parts.append(PNG + bytes(-len(PNG) % 4))
    arrays.size += len(arrays.parts[-1])
    arrays.views.append({"buffer": 0, "byteOffset": picture, "byteLength": len(PNG)})
    document = {
        "asset": {"version": "2.0", "generator": "tests", "copyright": "göd ünd 髪"},
        "scene": 0,
        "scenes": [{"nodes": [0, len(nodes) - 2, len(nodes) - 1]}],
        "nodes": nodes,
        "meshes": meshes,
        "skins": skins,
        "images": [{"bufferView": len(arrays.views) - 1, "mimeType": "image/png"}],
        "textures": [{"source": 0}],
        "materials": [{"name": "skin", "pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.6, 0.5, 1.0]},
                       "emissiveFactor": [0.1, 0.30000001, 1e-07]}],
        "accessors": arrays.accessors,
        "bufferViews": arrays.views,
        "buffers": [{"byteLength": arrays.size}],
    }  # fmt: skip
    if kind.vrm:
        document["extensionsUsed"] = [kind.vrm]
        document["extensions"] = {kind.vrm: _vrm(kind, number)}
    return document, arrays


def _vrm(kind: Kind, number: dict[str, int]) -> dict:
    human = {"pelvis": "hips", "spine1": "spine", "neck": "neck", "head": "head"}
    parts = {"hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "shoulder": "UpperArm", "elbow": "LowerArm",
             "wrist": "Hand", "collar": "Shoulder"}  # fmt: skip
    human |= {f"{side}_{ours}": f"{side}{theirs}" for side in SIDES for ours, theirs in parts.items()}
    found = {bone: {"node": number[kind.names[part]]} for part, bone in human.items()}
    if kind.vrm == "VRM":
        return {
            "humanoid": {"humanBones": [{"bone": bone} | node for bone, node in found.items()]},
            "specVersion": "0.0",
        }
    return {"specVersion": "1.0", "humanoid": {"humanBones": found}, "meta": {
        "name": "test", "authors": ["tests"], "licenseUrl": "https://vrm.dev/licenses/1.0/"}}  # fmt: skip


def blocks(kind: Kind) -> tuple[dict, gltf.Arrays]:
    """The same figure without a skin: a box hangs on each bone, scaled unevenly, as robots are made of parts."""
    document, arrays = character(kind)
    rest = {node["name"]: node for node in document["nodes"]}
    figure = gltf.Arrays()
    nodes, meshes = [node for node in document["nodes"] if "skin" not in node], []
    for name, bone in bones(kind).items():
        if not bone.heavy:
            continue
        corners, faces = _box(bone, name in {kind.names[f"{side}_{part}"] for side in SIDES for part in FEET})
        turn = _turn(kind.axis, bone.end - bone.place)
        places = (corners - bone.place) @ turn / kind.unit / [1, 2, 1]
        attributes = {"POSITION": figure.add(places.astype(np.float32), bounds=True, target=34962)}
        indices = figure.add(faces.reshape(-1).astype(np.uint16), target=34963)
        rest[name].setdefault("children", []).append(len(nodes))
        nodes.append({"name": f"{name} box", "mesh": len(meshes), "scale": [1, 2, 1]})
        meshes.append({"primitives": [{"attributes": attributes, "indices": indices}]})
    kept = {key: document[key] for key in ("asset", "scene")}
    return kept | {
        "scenes": [{"nodes": [0]}], "nodes": nodes, "meshes": meshes, "accessors": figure.accessors,
        "bufferViews": figure.views, "buffers": [{"byteLength": figure.size}],
    }, figure  # fmt: skip


def side_by_side(kind: Kind, other: Kind, apart: float = 2.0) -> tuple[dict, gltf.Arrays]:
    """Two characters in one document, each with an armature and skins of its own, so many metres apart."""
    (document, arrays), (second, theirs) = character(kind), character(other)
    nodes, meshes, skins, accessors, views = (
        len(document[what]) for what in ("nodes", "meshes", "skins", "accessors", "bufferViews")
    )
    for node in second["nodes"]:
        node["children"] = [nodes + child for child in node.get("children", [])]
        node |= {"mesh": meshes + node["mesh"], "skin": skins + node["skin"]} if "skin" in node else {}
        if not node["children"]:
            del node["children"]
    second["nodes"][0]["translation"] = [apart, 0, 0]
    for skin in second["skins"]:
        skin["joints"] = [nodes + joint for joint in skin["joints"]]
        skin["inverseBindMatrices"] += accessors
    for mesh in second["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["attributes"] = {name: accessors + at for name, at in primitive["attributes"].items()}
            primitive["indices"] += accessors
    arrays.accessors += [accessor | {"bufferView": views + accessor["bufferView"]} for accessor in theirs.accessors]
    arrays.views += [view | {"byteOffset": arrays.size + view["byteOffset"]} for view in theirs.views]
    arrays.parts += theirs.parts
    arrays.size += theirs.size
    for what in ("nodes", "meshes", "skins"):
        document[what] += second[what]
    document["scenes"][0]["nodes"] += [nodes + root for root in second["scenes"][0]["nodes"]]
    document["buffers"] = [{"byteLength": arrays.size}]
    return document, arrays


def write(kind: Kind, folder: Path, name: str = "me") -> Path:
    """The character as a file."""
    path = folder / f"{name}{kind.suffix}"
    path.write_bytes(gltf.packed(*character(kind)))
    return path


@dataclass
class Played:
    """A file's first animation: worlds: node → (frames, 4, 4); points: node's name → (frames, 3); mesh: (frames, V, 3)
    the vertices of all skins, and which node moves each the most."""

    worlds: np.ndarray
    names: list[str]
    mesh: np.ndarray
    moved_by: list[str]

    def at(self, name: str) -> np.ndarray:
        return self.worlds[:, self.names.index(name), :3, 3]


def play(path: Path) -> Played:
    """By the definition of glTF 2.0, at the keys' times."""
    document = gltf.Document(path)
    content = document.content
    animation = content["animations"][0]
    frames = len(document.array(animation["samplers"][0]["input"]))
    nodes = content["nodes"]
    usual = {"translation": [0.0, 0, 0], "rotation": [0.0, 0, 0, 1], "scale": [1.0, 1, 1]}
    moved = [
        {path: np.tile(np.array(node.get(path, value), float), (frames, 1)) for path, value in usual.items()}
        for node in nodes
    ]
    for channel in animation["channels"]:
        target = channel["target"]
        moved[target["node"]][target["path"]] = document.array(animation["samplers"][channel["sampler"]]["output"])
    worlds = np.tile(np.eye(4), (frames, len(nodes), 1, 1))

    def place(node: int, above: np.ndarray) -> None:
        local = np.tile(np.eye(4), (frames, 1, 1))
        if "matrix" in nodes[node]:
            local[:] = np.array(nodes[node]["matrix"]).reshape(4, 4).T
        else:
            turn = Rotation.from_quat(moved[node]["rotation"]).as_matrix()
            local[:, :3, :3] = turn * moved[node]["scale"][:, None, :]
            local[:, :3, 3] = moved[node]["translation"]
        worlds[:, node] = above @ local
        for child in nodes[node].get("children", []):
            place(child, worlds[:, node])

    for root in content["scenes"][0]["nodes"]:
        place(root, np.tile(np.eye(4), (frames, 1, 1)))
    mesh, moved_by = [], []
    for number, node in enumerate(nodes):
        if "mesh" in node and "skin" not in node:
            for primitive in content["meshes"][node["mesh"]]["primitives"]:
                points = document.array(primitive["attributes"]["POSITION"])
                mesh.append(
                    np.einsum("frc,vc->fvr", worlds[:, number, :3, :3], points) + worlds[:, number, None, :3, 3]
                )
                moved_by += [node["name"].removesuffix(" box")] * len(points)
        if "skin" not in node:
            continue
        skin = content["skins"][node["skin"]]
        inverse = document.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        for primitive in content["meshes"][node["mesh"]]["primitives"]:
            found = [document.array(primitive["attributes"][key]) for key in ("POSITION", "JOINTS_0", "WEIGHTS_0")]
            points, joints, weights = found[0], found[1].astype(int), found[2]
            transforms = worlds[:, skin["joints"]] @ inverse
            blended = np.einsum("vj,fvjrc->fvrc", weights, transforms[:, joints])
            mesh.append(np.einsum("fvrc,vc->fvr", blended[..., :3, :3], points) + blended[..., :3, 3])
            heaviest = np.take_along_axis(joints, weights.argmax(1)[:, None], axis=1)[:, 0]
            moved_by += [nodes[skin["joints"][joint]]["name"] for joint in heaviest]
    return Played(worlds, [node["name"] for node in nodes], np.concatenate(mesh, axis=1), moved_by)


def changed(kind: Kind, **what: object) -> Kind:
    return replace(kind, **what)


def on_legs(kind: Kind, share: float) -> Kind:
    """A character whose legs are by so much as long as the kind's."""
    places = body()
    lower = (1 - share) * places["left_hip"][1]
    for part, place in places.items():
        leg = part.partition("_")[2] in ("hip", "knee", *FEET)
        place[1:] = share * place[1:] if leg else place[1:] - [lower, 0]
    return changed(kind, body=places)
