"""The nodes of a glTF document: their hierarchy, how they stand, and which part of the body each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import roma
import torch
from torch.nn.functional import normalize

from .armature import subtrees
from .gltf import Document, Json

MAX_NODES = 2000
PATHS = {"translation": 3, "rotation": 4, "scale": 3}  # of a node, and how many numbers each has
_VRM_PARTS = {
    "hips": "pelvis", "neck": "neck", "head": "head",
    **{f"{side}{theirs}": f"{side}_{ours}" for side in ("left", "right") for theirs, ours in (
        ("UpperLeg", "hip"), ("LowerLeg", "knee"), ("Foot", "ankle"), ("Toes", "foot"), ("Shoulder", "collar"),
        ("UpperArm", "shoulder"), ("LowerArm", "elbow"), ("Hand", "wrist"))},
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A node's place in its parent, as the document has it.

    Attributes:
        name: its name.
        parent: the place of its parent among the nodes, −1 for none.
        translation: (3,).
        rotation: (4,), a quaternion, x y z w.
        scale: (3,).
        skinned: whether it is a mesh that bones move, and so no bone itself.
    """

    name: str
    parent: int
    translation: np.ndarray
    rotation: np.ndarray  # x y z w
    scale: np.ndarray
    skinned: bool = False


def read_nodes(document: Document) -> tuple[list[Node], dict[int, int]]:
    """Read the nodes of a document.

    Args:
        document: the document.

    Returns:
        The nodes, parents first, and for each node of the document its place among them.

    Raises:
        MotionFileError: where they form no tree, or there are too many.
    """
    items = document.items("nodes")
    if not 1 <= len(items) <= MAX_NODES:
        raise document.wrong("nodes", f"there must be from 1 to {MAX_NODES:,}, not {len(items):,}")
    parents = dict.fromkeys(range(len(items)), -1)
    for index, item in enumerate(items):
        for child in listed(document, item, "children", "nodes"):
            document.item("nodes", child)
            if parents[child] >= 0 or child == index:
                raise document.wrong(f"nodes[{child}]", "has two parents, or is its own parent; export the file again")
            parents[child] = index
    order: dict[int, int] = {}
    waiting = [index for index, parent in parents.items() if parent < 0]
    for index in waiting:
        order[index] = len(order)
        waiting += items[index].get("children", [])
    if len(order) < len(items):
        raise document.wrong("nodes", "some are their own ancestors; export the file again")
    return [_node(document, index, parents[index], order) for index in order], order


def listed(document: Document, item: Json, key: str, field: str) -> list[Any]:
    """Read a list in one of the document's objects.

    Args:
        document: the document.
        item: the object.
        key: the list's key in it.
        field: the object's name, for the error.

    Returns:
        The list; [] if there is none.

    Raises:
        MotionFileError: for something else than a list.
    """
    value = item.get(key, [])
    if not isinstance(value, list):
        raise document.wrong(field, f"{key} must be a list")
    return value


def unit(quaternions: np.ndarray) -> np.ndarray:
    """Bring quaternions to unit length.

    Args:
        quaternions: (n, 4), x y z w.

    Returns:
        (n, 4); those of no length become the identity.
    """
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    return np.where(length > 1e-6, quaternions / np.maximum(length, 1e-6), [0.0, 0, 0, 1])


def matrices(places: Mapping[str, np.ndarray]) -> torch.Tensor:
    """Make matrices of what moves nodes.

    Args:
        places: "translation" (n, 3), "rotation" (n, 4) unit quaternions, x y z w, and "scale" (n, 3).

    Returns:
        (n, 4, 4).
    """
    rotations = roma.unitquat_to_rotmat(torch.from_numpy(np.ascontiguousarray(places["rotation"])))
    result = torch.zeros(len(rotations), 4, 4, dtype=torch.float64)
    result[:, :3, :3] = rotations * torch.from_numpy(np.ascontiguousarray(places["scale"]))[:, None, :]
    result[:, :3, 3] = torch.from_numpy(np.ascontiguousarray(places["translation"]))
    result[:, 3, 3] = 1
    return result


def local_matrices(nodes: list[Node]) -> torch.Tensor:
    """(nodes, 4, 4), each to its parent."""
    return matrices({path: np.stack([getattr(node, path) for node in nodes]) for path in PATHS})


def rotations_of(transforms: torch.Tensor) -> torch.Tensor:
    """Find the rotations of transforms, without scale and shear.

    Args:
        transforms: (..., 4, 4).

    Returns:
        (..., 3, 3).
    """
    x, y = normalize(transforms[..., :3, 0], dim=-1), transforms[..., :3, 1]
    z = normalize(torch.linalg.cross(x, y), dim=-1)
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=-1)


def vrm_parts(document: Document, order: Mapping[int, int]) -> dict[str, int]:
    """Read which nodes are which parts of the body, where a VRM file says so.

    Args:
        document: the document.
        order: node of the document → its place among the nodes.

    Returns:
        Part → place among the nodes; empty for other files.

    Raises:
        MotionFileError: for a wrong extension.
    """
    extensions = document.content.get("extensions", {})
    if not isinstance(extensions, dict):
        raise document.wrong("extensions", "must be an object")
    result: dict[str, int] = {}
    for name in ("VRMC_vrm", "VRMC_vrm_animation", "VRM"):
        extension = extensions.get(name, {})
        humanoid = extension.get("humanoid", {}) if isinstance(extension, dict) else {}
        bones = humanoid.get("humanBones", {}) if isinstance(humanoid, dict) else {}
        if isinstance(bones, list):  # VRM 0.x
            bones = {str(bone.get("bone")): bone for bone in bones if isinstance(bone, dict)}
        for bone, part in _VRM_PARTS.items():
            entry = bones.get(bone) if isinstance(bones, dict) else None
            if isinstance(entry, dict):
                document.item("nodes", entry.get("node"))
                result[part] = order[entry["node"]]
    return result


def bind_pose(document: Document, order: Mapping[int, int]) -> dict[int, np.ndarray]:
    """Read where the nodes were when the skins were bound.

    This is a better rest pose than the nodes' own, which may be a frame of a motion. Each skin may have a space of its
    own. The result is in the space of the skin with the most joints. Another skin is brought there by a joint that both
    share, or is left out.

    Args:
        document: the document.
        order: node of the document → its place among the nodes.

    Returns:
        Place among the nodes → (4, 4).

    Raises:
        MotionFileError: for wrong skins.
    """
    skins = []
    for skin in document.items("skins"):
        joints = skin_joints(document, skin)
        if "inverseBindMatrices" not in skin:
            continue
        inverses = document.array(skin["inverseBindMatrices"])
        if inverses.ndim != 2 or inverses.shape[1] != 16 or len(inverses) < len(joints):
            raise document.wrong("skins", "inverseBindMatrices must be a matrix for each joint")
        poses: dict[int, np.ndarray] = {}
        for joint, matrix in zip(joints, inverses, strict=False):
            inverse = matrix.reshape(4, 4).T.copy()
            inverse[3] = [0, 0, 0, 1]
            if abs(np.linalg.det(inverse[:3, :3])) > 1e-12:
                poses.setdefault(order[joint], np.linalg.inv(inverse))
        skins.append(poses)
    result: dict[int, np.ndarray] = {}
    for poses in sorted(skins, key=len, reverse=True):
        shared = next((joint for joint in poses if joint in result), None)
        if shared is not None or not result:
            to_first = np.eye(4) if shared is None else result[shared] @ np.linalg.inv(poses[shared])
            result |= {joint: to_first @ matrix for joint, matrix in poses.items() if joint not in result}
    return result


def skin_joints(document: Document, skin: Json) -> list[int]:
    """Read the joints of a skin.

    Args:
        document: the document.
        skin: one of its skins.

    Returns:
        Their nodes in the document; [] if there are none.

    Raises:
        MotionFileError: for a joint that is no node.
    """
    joints = listed(document, skin, "joints", "skins")
    for joint in joints:
        document.item("nodes", joint)
    return joints


def skinned_bodies(document: Document, nodes: Sequence[Node], order: Mapping[int, int]) -> tuple[frozenset[int], ...]:
    """Find the nodes of each skeleton: skins that share a joint, or hang on one another's, are of one body.

    Args:
        document: the document.
        nodes: its nodes, parents before children.
        order: node of the document → its place among the nodes.

    Returns:
        For each body the places of its nodes.

    Raises:
        MotionFileError: for a joint that is no node.
    """
    bodies: list[set[int]] = []
    for skin in document.items("skins"):
        joints = {order[joint] for joint in skin_joints(document, skin) if joint in order}
        hanging = joints.union(*subtrees([node.parent for node in nodes], joints))
        same = [body for body in bodies if body & hanging]
        bodies = [body for body in bodies if body not in same] + [hanging.union(*same)]
    return tuple(frozenset(body) for body in bodies if body)


def _node(document: Document, index: int, parent: int, order: Mapping[int, int]) -> Node:
    item, field = document.items("nodes")[index], f"nodes[{index}]"
    above = order[parent] if parent >= 0 else -1
    name = str(item.get("name", field))[:200]
    skinned = "mesh" in item and "skin" in item
    if "matrix" in item:
        matrix = _numbers(document, item["matrix"], 16, field).reshape(4, 4).T
        scale = np.linalg.norm(matrix[:3, :3], axis=0)
        axes = torch.from_numpy(matrix[:3, :3] / np.maximum(scale, 1e-12))
        rotation = roma.rotmat_to_unitquat(roma.special_procrustes(axes)).numpy()
        return Node(name, above, matrix[:3, 3], rotation, scale, skinned)
    usual = {"translation": [0.0, 0, 0], "rotation": [0.0, 0, 0, 1], "scale": [1.0, 1, 1]}
    places = {key: _numbers(document, item.get(key, usual[key]), width, field) for key, width in PATHS.items()}
    return Node(name, above, places["translation"], unit(places["rotation"][None])[0], places["scale"], skinned)


def _numbers(document: Document, value: Any, count: int, field: str) -> np.ndarray:
    try:
        numbers = np.array(value, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise document.wrong(field, f"needs {count} numbers ({error})") from error
    if numbers.shape != (count,) or not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e9:
        raise document.wrong(field, f"needs {count} numbers, not {value!r:.60}")
    return numbers
