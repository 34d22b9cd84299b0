"""GLB: the wooden figure of the mannequin-x package as a skinned, animated glTF, y up, metres, 30 fps."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pygltflib as gltf
import roma
import torch

from .. import skeleton
from ..body import wooden_figure
from ..motion import FPS, Motion

_MATERIALS = {"wood": [0.52, 0.26, 0.10, 1.0], "floor": [0.66, 0.70, 0.76, 1.0], "line": [0.38, 0.43, 0.52, 1.0]}
_COMPONENT = {
    np.dtype(np.float32): gltf.FLOAT,
    np.dtype(np.uint8): gltf.UNSIGNED_BYTE,
    np.dtype(np.uint16): gltf.UNSIGNED_SHORT,
}
_TYPE = {0: gltf.SCALAR, 3: gltf.VEC3, 4: gltf.VEC4, 16: gltf.MAT4}


def save(motion: Motion, path: Path, floor: bool = False) -> None:
    """Write the figure moving; with `floor`, over a floor that spans its path (for viewers that show none)."""
    path.write_bytes(to_bytes(motion, floor))


def to_bytes(motion: Motion, floor: bool = False) -> bytes:
    """The GLB file's content."""
    figure = wooden_figure()
    builder = _Builder(gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="MotionCLIP for everyone")))
    document = builder.document
    for name, colour in _MATERIALS.items():
        surface = gltf.PbrMetallicRoughness(baseColorFactor=colour, metallicFactor=0.0, roughnessFactor=0.6)
        document.materials.append(gltf.Material(name=name, pbrMetallicRoughness=surface, doubleSided=name != "wood"))

    for joint, name in enumerate(skeleton.JOINT_NAMES):
        children = [child for child, parent in enumerate(skeleton.PARENTS) if parent == joint]
        rest = skeleton.OFFSETS[joint] if joint else torch.from_numpy(motion.translation[0])
        document.nodes.append(gltf.Node(name=name, children=children, translation=rest.tolist()))
    attributes = gltf.Attributes(
        POSITION=builder.array(figure.vertices, bounds=True, target=gltf.ARRAY_BUFFER),
        NORMAL=builder.array(figure.normals, target=gltf.ARRAY_BUFFER),
        JOINTS_0=builder.array(figure.joints, target=gltf.ARRAY_BUFFER),
        WEIGHTS_0=builder.array(figure.weights, target=gltf.ARRAY_BUFFER, normalised=True),
    )
    faces = builder.array(figure.faces.reshape(-1), target=gltf.ELEMENT_ARRAY_BUFFER)
    document.meshes.append(gltf.Mesh(primitives=[gltf.Primitive(attributes=attributes, indices=faces, material=0)]))
    document.skins.append(
        gltf.Skin(joints=list(range(24)), skeleton=0, inverseBindMatrices=builder.array(_inverse_binds()))
    )
    document.nodes.append(gltf.Node(name="figure", mesh=0, skin=0))
    roots = [0, 24]

    times = builder.array((np.arange(len(motion)) / FPS).astype(np.float32), bounds=True)
    quaternions = roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)).numpy()
    animation = gltf.Animation(name=motion.name or "motion")
    tracks = [(joint, "rotation", quaternions[:, joint]) for joint in range(24)]
    for node, target, values in [*tracks, (0, "translation", motion.translation)]:
        sampler = gltf.AnimationSampler(input=times, output=builder.array(np.ascontiguousarray(values)))
        animation.samplers.append(sampler)
        animation.channels.append(
            gltf.AnimationChannel(
                sampler=len(animation.samplers) - 1, target=gltf.AnimationChannelTarget(node=node, path=target)
            )
        )
    document.animations.append(animation)
    if floor:
        roots.append(_add_floor(builder, motion))
    document.scenes.append(gltf.Scene(nodes=roots))
    document.scene = 0
    return builder.to_bytes()


def _inverse_binds() -> np.ndarray:
    binds = np.tile(np.eye(4, dtype=np.float32), (24, 1, 1))
    binds[:, 3, :3] = -skeleton.REST_JOINTS.numpy()  # glTF matrices are column-major
    return binds.reshape(24, 16)


def _add_floor(builder: _Builder, motion: Motion) -> int:
    """A square floor around the whole path with lines half a metre apart; returns its node."""
    low, high = motion.translation.min(0), motion.translation.max(0)
    centre = (low + high) / 2
    reach = max(float((high - low)[[0, 2]].max()) / 2 + 0.9, 1.2)
    corners = np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]], np.float32) * reach
    steps = np.arange(np.ceil(-reach / 0.5), reach / 0.5) * 0.5
    ends = [[[-reach, 0.002, s], [reach, 0.002, s]] for s in steps] + [
        [[s, 0.002, -reach], [s, 0.002, reach]] for s in steps
    ]
    lines = np.array(ends, np.float32).reshape(-1, 3)
    up = np.array([[0, 1, 0]], np.float32)
    primitives = []
    for points, indices, material, mode in (
        (corners, np.array([0, 1, 2, 0, 2, 3], np.uint16), 1, gltf.TRIANGLES),
        (lines, np.arange(len(lines), dtype=np.uint16), 2, gltf.LINES),
    ):
        attributes = gltf.Attributes(
            POSITION=builder.array(points, bounds=True, target=gltf.ARRAY_BUFFER),
            NORMAL=builder.array(up.repeat(len(points), 0), target=gltf.ARRAY_BUFFER),
        )
        faces = builder.array(indices, target=gltf.ELEMENT_ARRAY_BUFFER)
        primitives.append(gltf.Primitive(attributes=attributes, indices=faces, material=material, mode=mode))
    document = builder.document
    document.meshes.append(gltf.Mesh(primitives=primitives))
    document.nodes.append(gltf.Node(name="floor", mesh=1, translation=[float(centre[0]), 0.0, float(centre[2])]))
    return len(document.nodes) - 1


class _Builder:
    """Collects arrays in one binary buffer, with an accessor for each."""

    def __init__(self, document: gltf.GLTF2) -> None:
        self.document, self.size = document, 0
        self.parts: list[bytes] = []

    def array(
        self, values: np.ndarray, bounds: bool = False, target: int | None = None, normalised: bool = False
    ) -> int:
        """Append (count,) or (count, n) values; returns the accessor's index. Bounds are asked for by glTF for some."""
        data = values.tobytes()
        self.document.bufferViews.append(
            gltf.BufferView(buffer=0, byteOffset=self.size, byteLength=len(data), target=target)
        )
        padding = -len(data) % 4
        self.parts.append(data + bytes(padding))
        self.size += len(data) + padding
        columns = values.reshape(len(values), -1)
        self.document.accessors.append(
            gltf.Accessor(
                bufferView=len(self.document.bufferViews) - 1,
                componentType=_COMPONENT[values.dtype],
                count=len(values),
                type=_TYPE[0 if values.ndim == 1 else values.shape[1]],
                normalized=normalised,
                min=columns.min(0).tolist() if bounds else None,
                max=columns.max(0).tolist() if bounds else None,
            )
        )
        return len(self.document.accessors) - 1

    def to_bytes(self) -> bytes:
        """The document and the buffer as a binary glTF file (glTF 2.0, section 4.4)."""
        self.document.buffers.append(gltf.Buffer(byteLength=self.size))
        # pygltflib's own way to JSON copies every object twice, which takes longer than all else.
        text = json.dumps(self.document, default=_filled, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        chunks = [(b"JSON", text), (b"BIN\0", b"".join(self.parts))]
        body = b"".join(struct.pack("<I4s", len(data), kind) + data for kind, data in chunks)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def _filled(part: object) -> dict[str, object]:
    """What a part of a glTF document says, without what it leaves open."""
    return {key: value for key, value in vars(part).items() if value or value == 0}
