"""Skeletons that move in glTF files: .glb, .gltf, VRM characters (0.x and 1.0) and VRM animations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy.spatial.transform import Rotation, Slerp

from ..constants import FPS
from .armature import Armature
from .gltf import Document, Json
from .nodes import PATHS, Node, bind_pose, listed, matrices, read_nodes, rotations_of, skinned_bodies, unit, vrm_parts

MAX_PLACES = 2_000_000  # nodes times frames


def read_animations(document: Document, fps: float | None) -> list[tuple[str, Armature]]:
    """Read the animations of a document that move anything, sampled at 30 frames per second.

    Args:
        document: the document.
        fps: the rate of the keys, where the file's own is wrong.

    Returns:
        Name and armature of each.

    Raises:
        MotionFileError: where nothing moves, or something is wrong in the document.
    """
    nodes, order = read_nodes(document)
    parts = vrm_parts(document, order)
    bind = bind_pose(document, order)
    result = []
    for number, animation in enumerate(document.items("animations")):
        field = f"animations[{number}]"
        tracks, times = _tracks(document, animation, field, order)
        if tracks:
            armature = _moving(nodes, tracks, times, fps, bind, document, order)
            armature.parts = parts
            result.append((str(animation.get("name", "")), armature))
    if not result:
        raise document.wrong(
            "animations",
            "none moves anything: this is a model at rest. Export it with its animation; to put a motion on it, give "
            "it as the character (--character)",
        )
    return result


def _tracks(
    document: Document, animation: Json, field: str, order: Mapping[int, int]
) -> tuple[dict[tuple[int, str], tuple[np.ndarray, np.ndarray, str]], np.ndarray]:
    """(node, path) → times, values and how they are joined; and all the times, sorted."""
    samplers = listed(document, animation, "samplers", field)
    tracks = {}
    for channel in listed(document, animation, "channels", field):
        target = channel.get("target") if isinstance(channel, dict) else None
        if not isinstance(target, dict) or str(target.get("path")) not in PATHS or "node" not in target:
            continue  # morphs, and what extensions move
        number = channel.get("sampler")
        if not isinstance(number, int) or not 0 <= number < len(samplers) or not isinstance(samplers[number], dict):
            raise document.wrong(field, f"there is no sampler {number!r}")
        document.item("nodes", target["node"])
        sampler, path = samplers[number], target["path"]
        times, values = document.array(sampler.get("input")), document.array(sampler.get("output"))
        interpolation = str(sampler.get("interpolation", "LINEAR"))
        keys = 3 * len(times) if interpolation == "CUBICSPLINE" else len(times)
        if times.ndim != 1 or (np.diff(times) < 0).any() or values.shape != (keys, PATHS[path]):
            raise document.wrong(field, f"sampler {number}: times must rise, with {PATHS[path]} values for each")
        if interpolation != "CUBICSPLINE":  # of several keys at one time the last counts
            last_keys = np.append(np.diff(times) > 0, True)
            times, values = times[last_keys], values[last_keys]
        elif (np.diff(times) == 0).any():
            raise document.wrong(field, f"sampler {number}: two keys are at one time")
        tracks[order[target["node"]], path] = times, values, interpolation
    times = np.unique(np.concatenate([times for times, *_ in tracks.values()])) if tracks else np.zeros(0)
    return tracks, times


def _sampled(times: np.ndarray, values: np.ndarray, interpolation: str, at: np.ndarray, turns: bool) -> np.ndarray:
    """Keys → (len(at), 3 or 4) values at these times; before the first and after the last key they stay."""
    if interpolation == "CUBICSPLINE":
        return _spline(times, values.reshape(len(times), 3, -1), at, turns)
    if interpolation == "STEP" or len(times) == 1:
        steps = values[np.clip(np.searchsorted(times, at + 1e-6, side="right") - 1, 0, len(times) - 1)]
        return unit(steps) if turns else steps
    at = np.clip(at, times[0], times[-1])
    if turns:
        return Slerp(times, Rotation.from_quat(unit(values)))(at).as_quat()
    return np.stack([np.interp(at, times, column) for column in values.T], axis=1)


def _spline(times: np.ndarray, keys: np.ndarray, at: np.ndarray, turns: bool) -> np.ndarray:
    """Cubic Hermite splines; keys: (times, 3, n), of each the tangent in, the value, the tangent out."""
    if len(times) == 1:
        values = np.repeat(keys[:, 1], len(at), axis=0)
        return unit(values) if turns else values
    at = np.clip(at, times[0], times[-1])
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    span = (times[left + 1] - times[left])[:, None]
    t = (at - times[left])[:, None] / span
    a, b = keys[left, 1], keys[left + 1, 1]
    out, into = span * keys[left, 2], span * keys[left + 1, 0]
    share = 3 * t**2 - 2 * t**3
    values = (1 - share) * a + share * b + (t**3 - 2 * t**2 + t) * out + (t**3 - t**2) * into
    return unit(values) if turns else values


def _moving(
    nodes: list[Node],
    tracks: Mapping[tuple[int, str], tuple[np.ndarray, np.ndarray, str]],
    times: np.ndarray,
    fps: float | None,
    bind: Mapping[int, np.ndarray],
    document: Document,
    order: Mapping[int, int],
) -> Armature:
    """All nodes over time, at 30 frames per second."""
    key_rate = float(1 / np.median(np.diff(times))) if len(times) > 1 else FPS
    stretch = key_rate / fps if fps else 1.0
    frames = int(np.floor((times[-1] - times[0]) * stretch * FPS + 1e-4)) + 1
    if not 1 <= frames <= MAX_PLACES // len(nodes):
        most = MAX_PLACES // len(nodes)
        raise document.wrong(
            "animations", f"would be {frames:,} frames of {len(nodes)} nodes; at most {most:,} are read"
        )
    at = times[0] + np.arange(frames) / FPS / stretch
    worlds: list[torch.Tensor] = []
    rest: list[torch.Tensor] = []
    for index, node in enumerate(nodes):
        resting = {"translation": node.translation, "rotation": node.rotation, "scale": node.scale}
        channels = {
            path: _sampled(*tracks[index, path], at, path == "rotation")
            if (index, path) in tracks
            else np.tile(value, (frames, 1))
            for path, value in resting.items()
        }
        local = matrices(channels)
        rest_local = matrices({path: value[None] for path, value in resting.items()})[0]
        worlds.append(local if node.parent < 0 else worlds[node.parent] @ local)
        rest_world = rest_local if node.parent < 0 else rest[node.parent] @ rest_local
        rest.append(torch.from_numpy(bind[index]) if index in bind else rest_world)
    world, at_rest = torch.stack(worlds, dim=1), torch.stack(rest)
    for transforms in (world, at_rest):
        if not torch.isfinite(transforms).all() or float(transforms.abs().max()) > 1e9:
            raise document.wrong("nodes", "some are larger or farther away than 1,000,000,000 m")
    return Armature(
        names=[node.name for node in nodes],
        bodies=skinned_bodies(document, nodes, order),
        meshes=frozenset(index for index, node in enumerate(nodes) if node.skinned),
        parents=[node.parent for node in nodes],
        rest_rotations=rotations_of(at_rest),
        rest_positions=at_rest[:, :3, 3],
        rotations=rotations_of(world),
        positions=world[..., :3, 3],
        up="y",
        fps=fps or key_rate,
    )
