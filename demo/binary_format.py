"""The stage's binary format: motions and bodies as compact bytes."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import roma
import torch

from motionclip import Motion
from motionclip.errors import RequestError
from motionclip.files.rig import Tracks
from motionclip.motion import skeleton
from motionclip.viz.bodies import SkinnedMesh

REACH = 2.0  # metres that the largest whole number of a position stands for
_LARGEST = 32767
MOST_VERTICES = 1 << 16


def motion_bytes(motion: Motion) -> bytes:
    """Pack a motion for the stage, 12 kB for two seconds.

    Returns:
        "MCM1", frames, joints; rotations as 4 × int16, frame by frame; the path as 3 × float32 (metres).
    """
    quaternions = roma.rotvec_to_unitquat(torch.from_numpy(motion.poses)).numpy()
    rotations = np.round(_LARGEST * quaternions).astype("<i2")
    header = b"MCM1" + np.array([len(motion), skeleton.NUM_JOINTS], "<u2").tobytes()
    return header + rotations.tobytes() + motion.translation.astype("<f4").tobytes()


def motion_text(motion: Motion) -> str:
    """The content of `motion_bytes` in base64, for JSON."""
    return base64.b64encode(motion_bytes(motion)).decode()


def motion_of(text: str) -> Motion:
    """Unpack the text of `motion_text`.

    Raises:
        ValueError: for any other text.
    """
    data = base64.b64decode(text, validate=True)
    if data[:4] != b"MCM1" or len(data) < 8:
        raise ValueError("this is no motion of the stage's format")
    frames, joints = np.frombuffer(data, "<u2", 2, 4).tolist()
    if joints != skeleton.NUM_JOINTS or len(data) != 8 + frames * (8 * joints + 12):
        raise ValueError("this is no motion of the stage's format")
    whole = np.frombuffer(data, "<i2", 4 * joints * frames, 8).reshape(frames, joints, 4).astype(np.float64)
    path = np.frombuffer(data, "<f4", 3 * frames, 8 + 2 * whole.size).reshape(frames, 3)
    sizes = np.linalg.norm(whole, axis=-1, keepdims=True)
    if not (sizes > 0).all():
        raise ValueError("a rotation is empty")
    return Motion(roma.unitquat_to_rotvec(torch.from_numpy(whole / sizes)).numpy(), path.copy())


def tracks_text(tracks: Tracks) -> str:
    """Pack the motion of a character's nodes for the stage, in base64.

    Returns:
        "MCT1"; the number of frames, of nodes that turn and of nodes that move, and the numbers of these nodes in the
        file, as uint32; rotations as 4 × int16, frame by frame; positions as 3 × float32, frame by frame.
    """
    turns = {node: values for node, path, values in tracks if path == "rotation"}
    goes = {node: values for node, path, values in tracks if path == "translation"}
    frames = len(next(iter(turns.values())))
    parts = (
        np.array([frames, len(turns), len(goes), *turns, *goes], "<u4"),
        np.round(_LARGEST * np.stack([*turns.values()], axis=1)).astype("<i2"),
        np.stack([*goes.values()], axis=1).astype("<f4"),
    )
    return base64.b64encode(b"MCT1" + b"".join(part.tobytes() for part in parts)).decode()


def body_bytes(figure: SkinnedMesh) -> bytes:
    """Pack a body for the stage, 180 kB for the wooden figure.

    Returns:
        "MCB1", vertices, corners; joints at rest as 3 × float32; positions as 3 × int16 of REACH, normals as 4 × int8,
        joints and weights as 4 bytes each; corners as uint16.

    Raises:
        RequestError: for a body that is too large for that.
    """
    if len(figure.vertices) > MOST_VERTICES or not np.abs(figure.vertices).max() <= REACH:
        raise RequestError(f"body: the stage draws {MOST_VERTICES:,} vertices within {REACH:g} m of joint 0 at most")
    normals = np.zeros((len(figure.normals), 4), np.int8)
    normals[:, :3] = np.round(127 * figure.normals)
    parts = (
        b"MCB1",
        np.array([len(figure.vertices), figure.faces.size], "<u4"),
        figure.rest.astype("<f4"),
        np.round(figure.vertices / REACH * _LARGEST).astype("<i2"),
        normals,
        figure.joints,
        figure.weights,
        figure.faces.astype("<u2"),
    )
    return b"".join(part if isinstance(part, bytes) else part.tobytes() for part in parts)


def between(motions: Sequence[Motion], at: Sequence[float], place: float) -> Motion:
    """Interpolate between motions as the stage does: rotations along the shortest arc, the path in a straight line.

    Args:
        motions: motions of one length.
        at: the place of each, rising.
        place: the place to show.

    Returns:
        The motion at that place.
    """
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
