"""Skeletons that move in glTF files: .glb, .gltf, VRM characters (0.x and 1.0) and VRM animations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import roma
import torch
from scipy.spatial.transform import Rotation, Slerp
from torch.nn.functional import normalize

from ..constants import FPS
from .armature import Armature
from .gltf import Document, Json

MAX_NODES = 2000
MAX_PLACES = 2_000_000  # nodes times frames
_PATHS = {"translation": 3, "rotation": 4, "scale": 3}
_VRM_PARTS = {
    "hips": "pelvis", "neck": "neck", "head": "head",
    **{f"{side}{theirs}": f"{side}_{ours}" for side in ("left", "right") for theirs, ours in (
        ("UpperLeg", "hip"), ("LowerLeg", "knee"), ("Foot", "ankle"), ("Toes", "foot"), ("Shoulder", "collar"),
        ("UpperArm", "shoulder"), ("LowerArm", "elbow"), ("Hand", "wrist"))},
}  # fmt: skip


@dataclass(frozen=True)
class _Node:
    """A node's place in its parent at rest."""

    name: str
    parent: int
    translation: np.ndarray
    rotation: np.ndarray  # x y z w
    scale: np.ndarray


def read_animations(document: Document, fps: float | None) -> list[tuple[str, Armature]]:
    """(name, armature) of each animation in a document that moves anything, sampled at 30 frames a second.

    fps: what the keys' own rate is taken for, where it is wrong in the file. Raises MotionFileError.
    """
    nodes, order = _nodes(document)
    parts = _vrm_parts(document, order)
    bind = _bind(document, order)
    result = []
    for number, animation in enumerate(document.items("animations")):
        field = f"animations[{number}]"
        tracks, times = _tracks(document, animation, field, order)
        if tracks:
            armature = _moving(nodes, tracks, times, fps, bind, document)
            armature.parts = parts
            result.append((str(animation.get("name", "")), armature))
    if not result:
        raise document.wrong("animations", "there are none that move a node: it holds a model at rest")
    return result


def _nodes(document: Document) -> tuple[list[_Node], dict[int, int]]:
    """The nodes, parents first, and at which place each of the document's is."""
    items = document.items("nodes")
    if not 1 <= len(items) <= MAX_NODES:
        raise document.wrong("nodes", f"there must be from 1 to {MAX_NODES:,}, not {len(items):,}")
    parents = dict.fromkeys(range(len(items)), -1)
    for index, item in enumerate(items):
        for child in _list(document, item, "children", "nodes"):
            document.item("nodes", child)
            if parents[child] >= 0 or child == index:
                raise document.wrong(f"nodes[{child}]", "hangs on two nodes, or on itself")
            parents[child] = index
    order: dict[int, int] = {}
    waiting = [index for index, parent in parents.items() if parent < 0]
    for index in waiting:
        order[index] = len(order)
        waiting += items[index].get("children", [])
    if len(order) < len(items):
        raise document.wrong("nodes", "they hang on each other in a circle")
    return [_node(document, index, parents[index], order) for index in order], order


def _node(document: Document, index: int, parent: int, order: Mapping[int, int]) -> _Node:
    item, field = document.items("nodes")[index], f"nodes[{index}]"
    above = order[parent] if parent >= 0 else -1
    name = str(item.get("name", field))[:200]
    if "matrix" in item:
        matrix = _numbers(document, item["matrix"], 16, field).reshape(4, 4).T
        scale = np.linalg.norm(matrix[:3, :3], axis=0)
        turned = torch.from_numpy(matrix[:3, :3] / np.maximum(scale, 1e-12))
        rotation = roma.rotmat_to_unitquat(roma.special_procrustes(turned)).numpy()
        return _Node(name, above, matrix[:3, 3], rotation, scale)
    usual = {"translation": [0.0, 0, 0], "rotation": [0.0, 0, 0, 1], "scale": [1.0, 1, 1]}
    places = {key: _numbers(document, item.get(key, usual[key]), width, field) for key, width in _PATHS.items()}
    return _Node(name, above, places["translation"], _unit(places["rotation"][None])[0], places["scale"])


def _list(document: Document, item: Json, key: str, field: str) -> list[Any]:
    value = item.get(key, [])
    if not isinstance(value, list):
        raise document.wrong(field, f"{key} must be a list")
    return value


def _numbers(document: Document, value: Any, count: int, field: str) -> np.ndarray:
    try:
        numbers = np.array(value, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise document.wrong(field, f"needs {count} numbers ({error})") from error
    if numbers.shape != (count,) or not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e9:
        raise document.wrong(field, f"needs {count} numbers, not {value!r:.60}")
    return numbers


def _unit(quaternions: np.ndarray) -> np.ndarray:
    """(n, 4) → unit quaternions; those without length stand for no turn."""
    length = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    return np.where(length > 1e-6, quaternions / np.maximum(length, 1e-6), [0.0, 0, 0, 1])


def _vrm_parts(document: Document, order: Mapping[int, int]) -> dict[str, int]:
    """Parts of the body → nodes, where a VRM file says so."""
    extensions = document.content.get("extensions", {})
    if not isinstance(extensions, dict):
        raise document.wrong("extensions", "must be an object")
    result: dict[str, int] = {}
    for name in ("VRMC_vrm", "VRMC_vrm_animation", "VRM"):
        found = extensions.get(name, {})
        humanoid = found.get("humanoid", {}) if isinstance(found, dict) else {}
        bones = humanoid.get("humanBones", {}) if isinstance(humanoid, dict) else {}
        if isinstance(bones, list):  # VRM 0.x
            bones = {str(bone.get("bone")): bone for bone in bones if isinstance(bone, dict)}
        for bone, part in _VRM_PARTS.items():
            said = bones.get(bone) if isinstance(bones, dict) else None
            if isinstance(said, dict):
                document.item("nodes", said.get("node"))
                result[part] = order[said["node"]]
    return result


def _bind(document: Document, order: Mapping[int, int]) -> dict[int, np.ndarray]:
    """Node → (4, 4), where it stood when the skin was bound: a better rest pose than the nodes' own, which may be
    in the midst of a motion."""
    result: dict[int, np.ndarray] = {}
    for skin in document.items("skins"):
        joints = _list(document, skin, "joints", "skins")
        if "inverseBindMatrices" not in skin:
            continue
        matrices = document.array(skin["inverseBindMatrices"])
        if matrices.ndim != 2 or matrices.shape[1] != 16 or len(matrices) < len(joints):
            raise document.wrong("skins", "inverseBindMatrices must be a matrix for each joint")
        for joint, matrix in zip(joints, matrices, strict=False):
            document.item("nodes", joint)
            inverse = matrix.reshape(4, 4).T
            if abs(np.linalg.det(inverse[:3, :3])) > 1e-12:
                result.setdefault(order[joint], np.linalg.inv(inverse))
    return result


def _tracks(
    document: Document, animation: Json, field: str, order: Mapping[int, int]
) -> tuple[dict[tuple[int, str], tuple[np.ndarray, np.ndarray, str]], np.ndarray]:
    """(node, path) → times, values and how they are joined; and all the times, sorted."""
    samplers = _list(document, animation, "samplers", field)
    tracks = {}
    for channel in _list(document, animation, "channels", field):
        target = channel.get("target") if isinstance(channel, dict) else None
        if not isinstance(target, dict) or str(target.get("path")) not in _PATHS or "node" not in target:
            continue  # morphs, and what extensions move
        number = channel.get("sampler")
        if not isinstance(number, int) or not 0 <= number < len(samplers) or not isinstance(samplers[number], dict):
            raise document.wrong(field, f"there is no sampler {number!r}")
        document.item("nodes", target["node"])
        sampler, path = samplers[number], target["path"]
        times, values = document.array(sampler.get("input")), document.array(sampler.get("output"))
        way = str(sampler.get("interpolation", "LINEAR"))
        keys = 3 * len(times) if way == "CUBICSPLINE" else len(times)
        if times.ndim != 1 or (np.diff(times) < 0).any() or values.shape != (keys, _PATHS[path]):
            raise document.wrong(field, f"sampler {number}: times must rise, with {_PATHS[path]} values for each")
        if way != "CUBICSPLINE":  # of several keys at one time the last counts
            kept = np.append(np.diff(times) > 0, True)
            times, values = times[kept], values[kept]
        elif (np.diff(times) == 0).any():
            raise document.wrong(field, f"sampler {number}: two keys are at one time")
        tracks[order[target["node"]], path] = times, values, way
    times = np.unique(np.concatenate([times for times, *_ in tracks.values()])) if tracks else np.zeros(0)
    return tracks, times


def _sampled(times: np.ndarray, values: np.ndarray, way: str, at: np.ndarray, turns: bool) -> np.ndarray:
    """Keys → (len(at), 3 or 4) values at these times; before the first and after the last key they stay."""
    if way == "CUBICSPLINE":
        return _spline(times, values.reshape(len(times), 3, -1), at, turns)
    if way == "STEP" or len(times) == 1:
        held = values[np.clip(np.searchsorted(times, at + 1e-6, side="right") - 1, 0, len(times) - 1)]
        return _unit(held) if turns else held
    at = np.clip(at, times[0], times[-1])
    if turns:
        return Slerp(times, Rotation.from_quat(_unit(values)))(at).as_quat()
    return np.stack([np.interp(at, times, column) for column in values.T], axis=1)


def _spline(times: np.ndarray, keys: np.ndarray, at: np.ndarray, turns: bool) -> np.ndarray:
    """Cubic Hermite splines; keys: (times, 3, n), of each the tangent in, the value, the tangent out."""
    if len(times) == 1:
        values = np.repeat(keys[:, 1], len(at), axis=0)
        return _unit(values) if turns else values
    at = np.clip(at, times[0], times[-1])
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    span = (times[left + 1] - times[left])[:, None]
    t = (at - times[left])[:, None] / span
    a, b = keys[left, 1], keys[left + 1, 1]
    out, into = span * keys[left, 2], span * keys[left + 1, 0]
    share = 3 * t**2 - 2 * t**3
    values = (1 - share) * a + share * b + (t**3 - 2 * t**2 + t) * out + (t**3 - t**2) * into
    return _unit(values) if turns else values


def _moving(
    nodes: list[_Node],
    tracks: Mapping[tuple[int, str], tuple[np.ndarray, np.ndarray, str]],
    times: np.ndarray,
    fps: float | None,
    bind: Mapping[int, np.ndarray],
    document: Document,
) -> Armature:
    """All nodes over time, at 30 frames a second."""
    keyed = float(1 / np.median(np.diff(times))) if len(times) > 1 else FPS
    slower = keyed / fps if fps else 1.0
    frames = int(np.floor((times[-1] - times[0]) * slower * FPS + 1e-4)) + 1
    if not 1 <= frames <= MAX_PLACES // len(nodes):
        most = MAX_PLACES // len(nodes)
        raise document.wrong(
            "animations", f"would be {frames:,} frames of {len(nodes)} nodes; at most {most:,} are read"
        )
    at = times[0] + np.arange(frames) / FPS / slower
    worlds: list[torch.Tensor] = []
    rest: list[torch.Tensor] = []
    for index, node in enumerate(nodes):
        still = {"translation": node.translation, "rotation": node.rotation, "scale": node.scale}
        moved = {
            path: _sampled(*tracks[index, path], at, path == "rotation")
            if (index, path) in tracks
            else np.tile(value, (frames, 1))
            for path, value in still.items()
        }
        local = _matrices(moved)
        own = _matrices({path: value[None] for path, value in still.items()})[0]
        worlds.append(local if node.parent < 0 else worlds[node.parent] @ local)
        placed = own if node.parent < 0 else rest[node.parent] @ own
        rest.append(torch.from_numpy(bind[index]) if index in bind else placed)
    world, at_rest = torch.stack(worlds, dim=1), torch.stack(rest)
    for matrices in (world, at_rest):
        if not torch.isfinite(matrices).all() or float(matrices.abs().max()) > 1e9:
            raise document.wrong("nodes", "they are absurdly large, or far away")
    return Armature(
        names=[node.name for node in nodes],
        parents=[node.parent for node in nodes],
        rest_rotations=_turns(at_rest),
        rest_positions=at_rest[:, :3, 3],
        rotations=_turns(world),
        positions=world[..., :3, 3],
        up="y",
        fps=fps or keyed,
    )


def _matrices(places: Mapping[str, np.ndarray]) -> torch.Tensor:
    """translation (n, 3), rotation (n, 4), scale (n, 3) → (n, 4, 4)."""
    turned = roma.unitquat_to_rotmat(torch.from_numpy(np.ascontiguousarray(places["rotation"])))
    result = torch.zeros(len(turned), 4, 4, dtype=torch.float64)
    result[:, :3, :3] = turned * torch.from_numpy(np.ascontiguousarray(places["scale"]))[:, None, :]
    result[:, :3, 3] = torch.from_numpy(np.ascontiguousarray(places["translation"]))
    result[:, 3, 3] = 1
    return result


def _turns(matrices: torch.Tensor) -> torch.Tensor:
    """(..., 4, 4) → (..., 3, 3) rotations, without scale; the columns are made upright to each other."""
    x, y = normalize(matrices[..., :3, 0], dim=-1), matrices[..., :3, 1]
    z = normalize(torch.linalg.cross(x, y), dim=-1)
    return torch.stack([x, torch.linalg.cross(z, x), z], dim=-1)
