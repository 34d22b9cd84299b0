"""GLB: the wooden figure of the mannequin-x package as a skinned, animated glTF, y up, metres, 30 fps."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from ..viz.bodies import wooden_figure
from .gltf import Arrays, Json, packed

_MATERIALS = {"wood": [0.52, 0.26, 0.10, 1.0], "floor": [0.66, 0.70, 0.76, 1.0], "line": [0.38, 0.43, 0.52, 1.0]}
# glTF 2.0's own numbers (sections 3.7.2.1 and 5.11)
_VERTICES, _INDICES = 34962, 34963
_LINES, _TRIANGLES = 1, 4


def save(motion: Motion, path: Path, floor: bool = False) -> None:
    """Write the wooden figure in motion.

    Args:
        motion: the motion.
        path: the file.
        floor: whether there is a floor below its path, for viewers that show none.
    """
    path.write_bytes(to_bytes(motion, floor))


def to_bytes(motion: Motion, floor: bool = False) -> bytes:
    """Make the content of the GLB file that `save` writes.

    Args:
        motion: the motion.
        floor: as for `save`.

    Returns:
        The bytes.
    """
    arrays = Arrays(_figure_arrays())
    nodes: list[Json] = [*_BONES, {"name": "figure", "mesh": 0, "skin": 0}]
    nodes[0] = nodes[0] | {"translation": motion.translation[0].tolist()}
    attributes = {"POSITION": 0, "NORMAL": 1, "JOINTS_0": 2, "WEIGHTS_0": 3}
    meshes: list[Json] = [{"primitives": [{"attributes": attributes, "indices": 4, "material": 0}]}]
    skin = {"joints": list(range(24)), "skeleton": 0, "inverseBindMatrices": 5}
    roots = [0, 24]

    quaternions = roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)).numpy()
    tracks = [(joint, "rotation", quaternions[:, joint]) for joint in range(24)]
    tracks.append((0, "translation", motion.translation))
    animation = arrays.animation(motion.name or "motion", np.arange(len(motion)) / FPS, tracks)
    if floor:
        roots.append(len(nodes))
        nodes.append({"name": "floor", "mesh": 1, "translation": _floor_centre(motion)})
        meshes.append({"primitives": _floor(arrays, motion)})
    return packed(
        {
            "asset": {"version": "2.0", "generator": "MotionCLIP for everyone"},
            "scene": 0,
            "scenes": [{"nodes": roots}],
            "nodes": nodes,
            "materials": [
                {
                    "name": name,
                    "pbrMetallicRoughness": {"baseColorFactor": colour, "metallicFactor": 0.0, "roughnessFactor": 0.6},
                    "doubleSided": name != "wood",
                }
                for name, colour in [*_MATERIALS.items()][: len(_MATERIALS) if floor else 1]
            ],
            "meshes": meshes,
            "skins": [skin],
            "animations": [animation],
            "accessors": arrays.accessors,
            "bufferViews": arrays.views,
            "buffers": [{"byteLength": arrays.size}],
        },
        arrays,
    )


def _bones() -> list[Json]:
    bones: list[Json] = [
        {"name": name, "translation": offset}
        for name, offset in zip(skeleton.JOINT_NAMES, skeleton.OFFSETS.tolist(), strict=True)
    ]
    for joint, parent in enumerate(skeleton.PARENTS[1:], start=1):
        bones[parent].setdefault("children", []).append(joint)
    return bones


_BONES = _bones()


@functools.cache
def _figure_arrays() -> Arrays:
    """What all files have in common: vertices, normals, joints, weights, faces, and the inverse bind matrices."""
    figure, arrays = wooden_figure(), Arrays()
    arrays.add(figure.vertices, bounds=True, target=_VERTICES)
    arrays.add(figure.normals, target=_VERTICES)
    arrays.add(figure.joints, target=_VERTICES)
    arrays.add(figure.weights, target=_VERTICES, normalised=True)
    arrays.add(figure.faces.reshape(-1), target=_INDICES)
    binds = np.tile(np.eye(4, dtype=np.float32), (24, 1, 1))
    binds[:, 3, :3] = -skeleton.REST_JOINTS.numpy()  # glTF matrices are column-major
    arrays.add(binds.reshape(24, 16))
    return arrays


def _floor_centre(motion: Motion) -> list[float]:
    low, high = motion.translation.min(0), motion.translation.max(0)
    centre = (low + high) / 2
    return [float(centre[0]), 0.0, float(centre[2])]


def _floor(arrays: Arrays, motion: Motion) -> list[Json]:
    """A square that holds the whole path, and lines on it half a metre apart, about its centre."""
    path = motion.translation[:, [0, 2]]
    reach = max(float((path.max(0) - path.min(0)).max()) / 2 + 0.9, 1.2)
    corners = np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]], np.float32) * reach
    steps = np.arange(np.ceil(-reach / 0.5), reach / 0.5) * 0.5
    ends = [[[-reach, 0.002, s], [reach, 0.002, s]] for s in steps] + [
        [[s, 0.002, -reach], [s, 0.002, reach]] for s in steps
    ]
    lines = np.array(ends, np.float32).reshape(-1, 3)
    up = np.array([[0, 1, 0]], np.float32)
    return [
        {
            "attributes": {
                "POSITION": arrays.add(points, bounds=True, target=_VERTICES),
                "NORMAL": arrays.add(up.repeat(len(points), 0), target=_VERTICES),
            },
            "indices": arrays.add(indices, target=_INDICES),
            "material": material,
            "mode": mode,
        }
        for points, indices, material, mode in (
            (corners, np.array([0, 1, 2, 0, 2, 3], np.uint16), 1, _TRIANGLES),
            (lines, np.arange(len(lines), dtype=np.uint16), 2, _LINES),
        )
    ]
