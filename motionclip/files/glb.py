"""GLB: the wooden figure of the mannequin-x package as a skinned, animated glTF, y up, metres, 30 fps."""

from __future__ import annotations

import functools
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import roma
import torch

from .. import skeleton
from ..body import wooden_figure
from ..motion import FPS, Motion

Json = dict[str, Any]

_MATERIALS = {"wood": [0.52, 0.26, 0.10, 1.0], "floor": [0.66, 0.70, 0.76, 1.0], "line": [0.38, 0.43, 0.52, 1.0]}
# glTF 2.0's own numbers and names (sections 3.6.2.2, 3.7.2.1 and 5.11)
_COMPONENT = {np.dtype(np.float32): 5126, np.dtype(np.uint8): 5121, np.dtype(np.uint16): 5123}
_TYPE = {0: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_VERTICES, _INDICES = 34962, 34963
_LINES, _TRIANGLES = 1, 4


def save(motion: Motion, path: Path, floor: bool = False) -> None:
    """Write the figure moving; with `floor`, over a floor that spans its path (for viewers that show none)."""
    path.write_bytes(to_bytes(motion, floor))


def to_bytes(motion: Motion, floor: bool = False) -> bytes:
    """The GLB file's content."""
    arrays = _Arrays(_figure_arrays())
    nodes: list[Json] = [*_BONES, {"name": "figure", "mesh": 0, "skin": 0}]
    nodes[0] = nodes[0] | {"translation": motion.translation[0].tolist()}
    attributes = {"POSITION": 0, "NORMAL": 1, "JOINTS_0": 2, "WEIGHTS_0": 3}
    meshes: list[Json] = [{"primitives": [{"attributes": attributes, "indices": 4, "material": 0}]}]
    skin = {"joints": list(range(24)), "skeleton": 0, "inverseBindMatrices": 5}
    roots = [0, 24]

    times = arrays.add((np.arange(len(motion)) / FPS).astype(np.float32), bounds=True)
    quaternions = roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)).numpy()
    tracks = [(joint, "rotation", quaternions[:, joint]) for joint in range(24)]
    tracks.append((0, "translation", motion.translation))
    animation = {
        "name": motion.name or "motion",
        "samplers": [{"input": times, "output": arrays.add(values)} for _, _, values in tracks],
        "channels": [
            {"sampler": number, "target": {"node": node, "path": path}} for number, (node, path, _) in enumerate(tracks)
        ],
    }
    if floor:
        roots.append(len(nodes))
        nodes.append({"name": "floor", "mesh": 1, "translation": _floor_centre(motion)})
        meshes.append({"primitives": _floor(arrays, motion)})
    return _packed(
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
def _figure_arrays() -> _Arrays:
    """What all files have in common: vertices, normals, joints, weights, faces, and the inverse bind matrices."""
    figure, arrays = wooden_figure(), _Arrays()
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


def _floor(arrays: _Arrays, motion: Motion) -> list[Json]:
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


class _Arrays:
    """Arrays in one binary buffer, with an accessor and a view for each, after those of `first`."""

    def __init__(self, first: _Arrays | None = None) -> None:
        self.accessors: list[Json] = [*first.accessors] if first else []
        self.views: list[Json] = [*first.views] if first else []
        self.parts: list[bytes] = [*first.parts] if first else []
        self.size: int = first.size if first else 0

    def add(self, values: np.ndarray, bounds: bool = False, target: int | None = None, normalised: bool = False) -> int:
        """Append (count,) or (count, n) values; returns the accessor's index. Bounds are asked for by glTF for some."""
        data = values.tobytes()
        view: Json = {"buffer": 0, "byteOffset": self.size, "byteLength": len(data)}
        accessor: Json = {
            "bufferView": len(self.views),
            "componentType": _COMPONENT[values.dtype],
            "count": len(values),
            "type": _TYPE[0 if values.ndim == 1 else values.shape[1]],
        }
        if target:
            view["target"] = target
        if normalised:
            accessor["normalized"] = True
        if bounds:
            columns = values.reshape(len(values), -1)
            accessor |= {"min": columns.min(0).tolist(), "max": columns.max(0).tolist()}
        self.views.append(view)
        self.accessors.append(accessor)
        padding = -len(data) % 4
        self.parts.append(data + bytes(padding))
        self.size += len(data) + padding
        return len(self.accessors) - 1


def _packed(document: Json, arrays: _Arrays) -> bytes:
    """The document and the buffer as a binary glTF file (glTF 2.0, section 4.4)."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + arrays.size)
    binary = struct.pack("<I4s", arrays.size, b"BIN\0")
    return b"".join([header, struct.pack("<I4s", len(text), b"JSON"), text, binary, *arrays.parts])
