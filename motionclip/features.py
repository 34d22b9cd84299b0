"""Motion as the generative model sees it: 147 numbers a frame, free of where the clip starts and faces.

A frame holds the 24 rotations as 6D (the first two columns of the matrix, Zhou et al. 2019), the pelvis's
velocity along x and z (metres a frame) and its height (metres). The first frame faces +z over the origin.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from . import skeleton
from .motion import Motion, about_y, heading, to_axis_angle

ROTATIONS = 6 * skeleton.NUM_JOINTS
FEATURES = ROTATIONS + 3
POINTS = 3 * skeleton.NUM_JOINTS + 2


def to_6d(rotations: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) rotation matrices → (..., 6), their first two columns."""
    return rotations[..., :2].transpose(-1, -2).flatten(-2)


def from_6d(six: torch.Tensor) -> torch.Tensor:
    """(..., 6) → (..., 3, 3) rotation matrices, by Gram-Schmidt (Zhou et al. 2019)."""
    # roma's takes norms along a last axis of three, which torch is slow at; here the three come first.
    x, y = six.movedim(-1, 0).split(3)
    x = x * x.square().sum(0).rsqrt()
    y = y - (x * y).sum(0) * x
    y = y * y.square().sum(0).rsqrt()
    columns = torch.stack([x, y, torch.linalg.cross(x, y, dim=0)], dim=1)
    return columns.movedim((0, 1), (-2, -1)).contiguous()


def to_features(rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    """(..., frames, 24, 3, 3) and (..., frames, 3) → (..., frames, 147), not yet turned to face +z."""
    velocity = torch.diff(translation, dim=-2, prepend=translation[..., :1, :])
    if velocity.shape[-2] > 1:
        velocity = torch.cat([velocity[..., 1:2, :], velocity[..., 1:, :]], dim=-2)
    return torch.cat([to_6d(rotations).flatten(-2), velocity[..., [0, 2]], translation[..., [1]]], dim=-1)


def from_features(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(..., frames, 147) → rotations (..., frames, 24, 3, 3) and translation (..., frames, 3) from the origin."""
    rotations = from_6d(features[..., :ROTATIONS].unflatten(-1, (skeleton.NUM_JOINTS, 6)))
    path = features[..., ROTATIONS : ROTATIONS + 2].cumsum(dim=-2)
    path = path - path[..., :1, :]
    return rotations, torch.stack([path[..., 0], features[..., -1], path[..., 1]], dim=-1)


def motion_features(motion: Motion) -> torch.Tensor:
    """(frames, 147) of a whole motion, in the world's own frame."""
    return to_features(motion.rotations(), torch.from_numpy(motion.translation))


def features_motion(features: torch.Tensor, name: str = "") -> Motion:
    """(frames, 147) → Motion."""
    return Motion.from_rotations(*from_features(features), name=name)


def features_motions(features: torch.Tensor) -> list[Motion]:
    """(N, frames, 147) → N motions, worked out together."""
    rotations, translation = from_features(features)
    poses = to_axis_angle(rotations)
    return [Motion(*one) for one in zip(poses, translation.cpu().numpy(), strict=True)]


def turn(features: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Turn (..., frames, 147) about y by (...) radians; rotations and velocities both turn linearly."""
    rotation = about_y(angle)[..., None, :, :]
    root = features[..., :6].unflatten(-1, (2, 3)) @ rotation.transpose(-1, -2)
    vx, vz = features[..., ROTATIONS], features[..., ROTATIONS + 1]
    sine, cosine = torch.sin(angle)[..., None], torch.cos(angle)[..., None]
    velocity = torch.stack([cosine * vx + sine * vz, cosine * vz - sine * vx], dim=-1)
    return torch.cat([root.flatten(-2), features[..., 6:ROTATIONS], velocity, features[..., -1:]], dim=-1)


def facing(features: torch.Tensor, frame: int = 0) -> torch.Tensor:
    """(..., frames, 147) → (...) heading of one frame in radians."""
    return heading(from_6d(features[..., frame, :6]))


def canonical(features: torch.Tensor) -> torch.Tensor:
    """Turned so that the first frame faces +z."""
    return turn(features, -facing(features))


def points(features: torch.Tensor) -> torch.Tensor:
    """(..., frames, 147) → (..., frames, 74): the joints about the pelvis's ground point, and its velocity, in metres
    and metres a second."""
    rotations, translation = from_features(features)
    joints = skeleton.forward_kinematics(rotations, translation * translation.new_tensor([0, 1, 0])).flatten(-2)
    velocity = torch.diff(translation, dim=-2, prepend=translation[..., :1, :])[..., [0, 2]]
    return torch.cat([joints, 30 * velocity], dim=-1)


def mirror(features: torch.Tensor) -> torch.Tensor:
    """Left and right swapped, by reflection in the plane x = 0."""
    sides = features[..., :ROTATIONS].unflatten(-1, (skeleton.NUM_JOINTS, 6))[..., list(skeleton.MIRROR), :]
    # S·R·S with S = diag(−1, 1, 1): entries with exactly one x index change sign.
    signs = features.new_tensor([1, -1, -1, -1, 1, 1])
    vx = features[..., ROTATIONS : ROTATIONS + 1]
    return torch.cat([(sides * signs).flatten(-2), -vx, features[..., ROTATIONS + 1 :]], dim=-1)


def join(windows: torch.Tensor, starts: Sequence[int]) -> torch.Tensor:
    """(N, windows, frames, 147) that begin at `starts` → (N, whole, 147): turned into one heading, and cross-faded
    where they overlap."""
    length = windows.shape[2]
    whole = windows.new_empty(len(windows), starts[-1] + length, FEATURES)
    whole[:, :length] = windows[:, 0]
    for index in range(1, len(starts)):
        start, end = starts[index], starts[index - 1] + length
        window = windows[:, index]
        window = turn(window, facing(whole, start) - facing(window))
        share = torch.linspace(0, 1, end - start + 2)[1:-1, None]
        share = share * share * (3 - 2 * share)
        whole[:, start:end] = torch.lerp(whole[:, start:end], window[:, : end - start], share)
        whole[:, end : start + length] = window[:, end - start :]
    return whole
