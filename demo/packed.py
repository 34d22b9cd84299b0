"""What the stage in the browser reads: motions and the figure as compact bytes."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import roma
import torch

from motionclip import Motion
from motionclip.motion import skeleton
from motionclip.viz.bodies import SkinnedMesh

REACH = 2.0  # metres that the largest whole number of a position stands for
_LARGEST = 32767


def motion_bytes(motion: Motion) -> bytes:
    """A motion, 12 kB for two seconds: "MCM1", frames, joints; rotations as 4 × int16, frame by frame; the path as
    3 × float32 (metres)."""
    quaternions = roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)).numpy()
    rotations = np.round(_LARGEST * quaternions).astype("<i2")
    header = b"MCM1" + np.array([len(motion), skeleton.NUM_JOINTS], "<u2").tobytes()
    return header + rotations.tobytes() + motion.translation.astype("<f4").tobytes()


def motion_text(motion: Motion) -> str:
    """The same in base64, as JSON can hold it."""
    return base64.b64encode(motion_bytes(motion)).decode()


def body_bytes(figure: SkinnedMesh) -> bytes:
    """A body, 180 kB for the wooden figure: "MCB1", vertices, corners; joints at rest as 3 × float32; positions as
    3 × int16 of REACH, normals as 4 × int8, joints and weights as 4 bytes each; corners as uint16."""
    normals = np.zeros((len(figure.normals), 4), np.int8)
    normals[:, :3] = np.round(127 * figure.normals)
    parts = (
        b"MCB1",
        np.array([len(figure.vertices), figure.faces.size], "<u4"),
        skeleton.REST_JOINTS.numpy().astype("<f4"),
        np.round(figure.vertices / REACH * _LARGEST).astype("<i2"),
        normals,
        figure.joints,
        figure.weights,
        figure.faces.astype("<u2"),
    )
    return b"".join(part if isinstance(part, bytes) else part.tobytes() for part in parts)


def between(motions: Sequence[Motion], at: Sequence[float], place: float) -> Motion:
    """What the stage shows between motions of one length that lie at rising places: rotations by the shortest arc, the
    path straight."""
    high = int(np.clip(np.searchsorted(at, place), 1, max(len(motions) - 1, 1)))
    if len(motions) == 1:
        return motions[0]
    before, after = motions[high - 1], motions[high]
    share = float(np.clip((place - at[high - 1]) / (at[high] - at[high - 1]), 0, 1))
    a, b = (roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)) for motion in (before, after))
    b = torch.where((a * b).sum(-1, keepdim=True) < 0, -b, b)
    poses = roma.unitquat_to_rotvec(roma.unitquat_slerp(a, b, torch.tensor(share), shortest_arc=False))
    path = (1 - share) * before.translation + share * after.translation
    return Motion(poses.numpy(), path, after.name)
