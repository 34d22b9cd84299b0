"""BVH files made by code: the SMPL body under other names, with other hierarchies, axes, units and spellings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import roma
import torch

from motionclip import Motion
from motionclip.motion import skeleton

BODY_JOINTS = skeleton.JOINT_NAMES[:22]
# Turns of the world: y up → the axis named.
TURNS = {
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
    "-y": np.diag([1.0, -1, -1]),
    "-z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}


def named(words: str) -> dict[str, str]:
    """The 22 parts in SMPL's order → these names."""
    return dict(zip(BODY_JOINTS, words.split(), strict=True))


HUMANIK = named(
    "Hips LeftUpLeg RightUpLeg Spine LeftLeg RightLeg Spine1 LeftFoot RightFoot Spine2 LeftToeBase RightToeBase Neck "
    "LeftShoulder RightShoulder Head LeftArm RightArm LeftForeArm RightForeArm LeftHand RightHand"
)


@dataclass
class Node:
    """A joint: where it is in its parent, (frames, 3, 3) how it turns there, and where its bone ends."""

    name: str
    parent: str | None
    offset: np.ndarray
    turns: np.ndarray
    end: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: str = "Zrotation Xrotation Yrotation"


@dataclass
class Figure:
    """A skeleton in motion, to be changed and then written. nodes: by name, in any order but for the root."""

    nodes: dict[str, Node]
    path: np.ndarray
    fps: float = 30.0
    order: list[str] = field(default_factory=list)

    def add(self, parent: str, name: str, offset: tuple[float, float, float] = (0, 0, 0), first: bool = False) -> None:
        """A node that doesn't move; `first` among its parent's children."""
        self.nodes[name] = Node(name, parent, np.array(offset, float), np.tile(np.eye(3), (len(self.path), 1, 1)))
        self.order = [name, *self.order] if first else [*self.order, name]

    def wrap(self, node: str, name: str, offset: tuple[float, float, float] = (0, 0, 0)) -> None:
        """Put a node that doesn't move between this one and its parent."""
        self.add(self.nodes[node].parent, name, offset)
        self.nodes[node].parent = name
        self.nodes[node].offset = self.nodes[node].offset - np.array(offset, float)

    def drop(self, node: str) -> None:
        """Take a node without children away; its parent's bone ends where it was."""
        gone = self.nodes.pop(node)
        self.order.remove(node)
        self.nodes[gone.parent].end = tuple(gone.offset)

    def text(self) -> str:
        """The BVH file."""
        lines, columns = ["HIERARCHY"], []

        def write(name: str, depth: int) -> None:
            node, pad = self.nodes[name], "\t" * depth
            channels = node.channels if node.parent else f"Xposition Yposition Zposition {node.channels}"
            lines.extend([f"{pad}{'JOINT' if node.parent else 'ROOT'} {name}", pad + "{"])
            lines.append(f"{pad}\tOFFSET " + " ".join(f"{x:.6f}" for x in node.offset))
            lines.append(f"{pad}\tCHANNELS {len(channels.split())} {channels}")
            if not node.parent:
                columns.append(self.path)
            axes = "".join(channel[0] for channel in node.channels.split() if channel.endswith("rotation"))
            order = axes if len(axes) == 3 else "ZXY"  # of a hinge the other two angles are zero
            euler = roma.rotmat_to_euler(order, torch.from_numpy(node.turns), degrees=True).numpy()
            for channel in node.channels.split():
                turned = channel.endswith("rotation")
                columns.append(euler[:, [order.index(channel[0])]] if turned else np.zeros((len(self.path), 1)))
            children = [child for child in self.order if self.nodes[child].parent == name]
            for child in children:
                write(child, depth + 1)
            if not children:
                end = " ".join(f"{x:.6f}" for x in node.end)
                lines.extend([f"{pad}\tEnd Site", pad + "\t{", f"{pad}\t\tOFFSET {end}", pad + "\t}"])
            lines.append(pad + "}")

        write(next(name for name in self.order if self.nodes[name].parent is None), 0)
        rows = np.concatenate(columns, axis=1)
        lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / self.fps:.8f}"]
        lines += [" ".join(f"{value:.6f}" for value in row) for row in rows]
        return "\n".join(lines) + "\n"


def figure(motion: Motion, names: dict[str, str] = HUMANIK, up: str = "y", unit: float = 100.0) -> Figure:
    """The motion on a skeleton whose rest pose is SMPL's, with y up, while the world has another axis up."""
    turns = motion.rotations().double().numpy()
    turns[:, 0] = TURNS[up] @ turns[:, 0]
    nodes = {}
    for index, part in enumerate(BODY_JOINTS):
        parent = None if index == 0 else names[BODY_JOINTS[skeleton.PARENTS[index]]]
        offset = unit * skeleton.OFFSETS[index].double().numpy() * (index > 0)
        nodes[names[part]] = Node(names[part], parent, offset, turns[:, index])
    return Figure(nodes, unit * motion.translation.astype(float) @ TURNS[up].T, order=list(nodes))


LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


def between(one: Motion, other: Motion, bones: list[tuple[str, str]] = LIMBS) -> np.ndarray:
    """(frames, bones) degrees between the directions of bones in two motions."""
    ways = []
    for motion in (one, other):
        joints = motion.joints()
        way = np.stack([joints[:, skeleton.JOINT_INDEX[b]] - joints[:, skeleton.JOINT_INDEX[a]] for a, b in bones], 1)
        ways.append(way / np.linalg.norm(way, axis=-1, keepdims=True))
    return np.degrees(np.arccos(np.clip((ways[0] * ways[1]).sum(-1), -1, 1)))


def turned_by(one: Motion, other: Motion, part: str) -> np.ndarray:
    """(frames,) degrees between the world rotations of a part in two motions."""
    ways = [
        skeleton.global_transforms(m.rotations().double(), torch.zeros(len(m), 3).double())[0] for m in (one, other)
    ]
    index = skeleton.JOINT_INDEX[part]
    return torch.rad2deg(roma.rotmat_geodesic_distance(ways[0][:, index], ways[1][:, index])).numpy()
