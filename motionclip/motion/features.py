"""Motion as the generative model sees it: 149 numbers per frame, free of where the clip starts and faces.

A frame holds the 24 rotations as 6D (the first two columns of the matrix, Zhou et al. 2019), the pelvis's turn about
the vertical since the last frame (radians), its velocity along x and z (metres per frame), its height and the height of
the body's lowest point (metres). The pelvis's rotation and velocity are relative to its heading: the sum of those
turns. So a body that turns around is a bump in one number; absolute rotations of opposite facings would average out
in a linear basis. The first frame faces +z over the origin.
"""

from __future__ import annotations

from collections.abc import Sequence

import roma
import torch

from . import skeleton
from .motion import Motion, about_y, heading, to_axis_angle

ROTATIONS = 6 * skeleton.NUM_JOINTS
YAW, VX, VZ, HEIGHT, CLEARANCE = range(ROTATIONS, ROTATIONS + 5)
FEATURES = ROTATIONS + 5
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


def yaw_rates(root: torch.Tensor) -> torch.Tensor:
    """Compute how fast the pelvis turns about the vertical.

    This is the vertical part of the angular velocity. It is smooth also where a body lies, rolls or flips, and so has
    no heading.

    Args:
        root: (..., frames, 3, 3) rotations of the pelvis.

    Returns:
        (..., frames) radians turned since the frame before; the first frame has the value of the second.
    """
    if root.shape[-3] < 2:
        return torch.zeros_like(root[..., 0, 0])
    between = root[..., 1:, :, :] @ root[..., :-1, :, :].mT
    turned = roma.rotmat_to_rotvec(between)[..., 1]
    return torch.cat([turned[..., :1], turned], dim=-1)


def to_features(rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    """Compute the features of motions, in their own heading.

    Args:
        rotations: (..., frames, 24, 3, 3) joint to parent.
        translation: (..., frames, 3) position of the pelvis in metres.

    Returns:
        (..., frames, 149) features.
    """
    velocity = torch.diff(translation, dim=-2, prepend=translation[..., :1, :])
    if velocity.shape[-2] > 1:
        velocity = torch.cat([velocity[..., 1:2, :], velocity[..., 1:, :]], dim=-2)
    yaw = yaw_rates(rotations[..., 0, :, :])
    back = about_y(yaw[..., :1] - yaw.cumsum(dim=-1))
    root = (back @ rotations[..., 0, :, :])[..., None, :, :]
    velocity = (back @ velocity[..., None])[..., 0]
    lowest = skeleton.clearance(skeleton.forward_kinematics(rotations, translation))
    six = to_6d(torch.cat([root, rotations[..., 1:, :, :]], dim=-3)).flatten(-2)
    rest = torch.stack([yaw, velocity[..., 0], velocity[..., 2], translation[..., 1], lowest], dim=-1)
    return torch.cat([six, rest], dim=-1)


def from_features(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute motions from features.

    Args:
        features: (..., frames, 149) features.

    Returns:
        Rotations (..., frames, 24, 3, 3), joint to parent, and translation (..., frames, 3) in metres, which starts
        over the origin.
    """
    rotations = from_6d(features[..., :ROTATIONS].unflatten(-1, (skeleton.NUM_JOINTS, 6)))
    vx, vz, height = (features[..., index] for index in (VX, VZ, HEIGHT))
    heading = turned(features)
    root = about_y(heading) @ rotations[..., 0, :, :]
    sine, cosine = heading.sin(), heading.cos()
    path = torch.stack([cosine * vx + sine * vz, cosine * vz - sine * vx], dim=-1).cumsum(dim=-2)
    path = path - path[..., :1, :]
    rotations = torch.cat([root[..., None, :, :], rotations[..., 1:, :, :]], dim=-3)
    return rotations, torch.stack([path[..., 0], height, path[..., 1]], dim=-1)


def motion_features(motion: Motion) -> torch.Tensor:
    """Compute the features of a whole motion, in the world's own frame.

    Args:
        motion: the motion.

    Returns:
        (frames, 149) features.
    """
    return to_features(motion.rotations(), torch.from_numpy(motion.translation))


def features_motion(features: torch.Tensor, name: str = "") -> Motion:
    """Make a motion of features.

    Args:
        features: (frames, 149) features.
        name: the motion's name.

    Returns:
        The motion, which starts over the origin.
    """
    return Motion.from_rotations(*from_features(features), name=name)


def features_motions(features: torch.Tensor) -> list[Motion]:
    """Make motions of features, computed together.

    Args:
        features: (N, frames, 149) features.

    Returns:
        N motions, which start over the origin.
    """
    rotations, translation = from_features(features)
    poses = to_axis_angle(rotations)
    return [Motion(*one) for one in zip(poses, translation.cpu().numpy(), strict=True)]


def motions_of(parts: Sequence[torch.Tensor]) -> list[Motion]:
    """Make motions of features; those of one length are computed together.

    Args:
        parts: (any, 149) features each.

    Returns:
        The motions in the same order.
    """
    motions: dict[int, Motion] = {}
    for length in {len(part) for part in parts}:
        numbers = [number for number, part in enumerate(parts) if len(part) == length]
        made = features_motions(torch.stack([parts[number] for number in numbers]))
        motions |= dict(zip(numbers, made, strict=True))
    return [motions[number] for number in range(len(parts))]


def turn(features: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    """Turn features about the vertical.

    Args:
        features: (..., frames, 149) features.
        angle: (...) radians.

    Returns:
        Features of the same shape.
    """
    rotation = about_y(angle)[..., None, :, :]
    root = features[..., :6].unflatten(-1, (2, 3)) @ rotation.transpose(-1, -2)
    vx, vz = features[..., VX], features[..., VZ]
    sine, cosine = torch.sin(angle)[..., None], torch.cos(angle)[..., None]
    velocity = torch.stack([cosine * vx + sine * vz, cosine * vz - sine * vx], dim=-1)
    unchanged = features[..., 6:VX], features[..., HEIGHT:]
    return torch.cat([root.flatten(-2), unchanged[0], velocity, unchanged[1]], dim=-1)


def turned(features: torch.Tensor) -> torch.Tensor:
    """Say how far a body has turned since the first frame.

    Args:
        features: (..., frames, 149) features.

    Returns:
        (..., frames) radians about the vertical.
    """
    yaw = features[..., YAW]
    return yaw.cumsum(dim=-1) - yaw[..., :1]


def facing(features: torch.Tensor, frame: int = 0) -> torch.Tensor:
    """Compute the heading of one frame.

    Args:
        features: (..., frames, 149) features.
        frame: the frame.

    Returns:
        (...) radians about y from +z.
    """
    return heading(from_6d(features[..., frame, :6]))


def canonical(features: torch.Tensor) -> torch.Tensor:
    """Turn features so that the first frame faces +z.

    Args:
        features: (..., frames, 149) features.

    Returns:
        Features of the same shape.
    """
    return turn(features, -facing(features))


def points(features: torch.Tensor) -> torch.Tensor:
    """Compute joint positions as seen from the point on the ground below the pelvis, and the velocity of that point.

    Args:
        features: (..., frames, 149) features.

    Returns:
        (..., frames, 74) numbers in metres and metres per second.
    """
    rotations, translation = from_features(features)
    joints = _over_ground(rotations, translation).flatten(-2)
    velocity = torch.diff(translation, dim=-2, prepend=translation[..., :1, :])[..., [0, 2]]
    return torch.cat([joints, 30 * velocity], dim=-1)


def joints(features: torch.Tensor) -> torch.Tensor:
    """Compute joint positions as seen from the point on the ground below the pelvis.

    Args:
        features: (..., frames, 149) features.

    Returns:
        (..., frames, 24, 3) in metres.
    """
    return _over_ground(*from_features(features))


def _over_ground(rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    return skeleton.forward_kinematics(rotations, translation * translation.new_tensor([0, 1, 0]))


def mirror(features: torch.Tensor) -> torch.Tensor:
    """Swap left and right, by reflection in the plane x = 0.

    Args:
        features: (..., frames, 149) features.

    Returns:
        Features of the same shape.
    """
    sides = features[..., :ROTATIONS].unflatten(-1, (skeleton.NUM_JOINTS, 6))[..., list(skeleton.MIRROR), :]
    # S·R·S with S = diag(−1, 1, 1): entries with exactly one x index change sign.
    signs = features.new_tensor([1, -1, -1, -1, 1, 1])
    return torch.cat([(sides * signs).flatten(-2), -features[..., YAW:VZ], features[..., VZ:]], dim=-1)


def held(features: torch.Tensor, frames: int) -> torch.Tensor:
    """Hold the last pose of motions.

    Args:
        features: (..., any, 149) features.
        frames: for how many more.

    Returns:
        (..., any + frames, 149) features.
    """
    rest = features[..., -1:, :].repeat_interleave(frames, dim=-2)
    rest[..., YAW:HEIGHT] = 0
    return torch.cat([features, rest], dim=-2)


def eased(share: torch.Tensor) -> torch.Tensor:
    """Ease shares from 0 to 1 in and out, by the smoothstep 3 x² - 2 x³; the shape stays."""
    return share * share * (3 - 2 * share)


def join(windows: torch.Tensor, starts: Sequence[int]) -> torch.Tensor:
    """Join windows into whole motions: each is turned to go on from the one before, and overlaps are cross-faded.

    Args:
        windows: (N, windows, frames, 149) features.
        starts: the first frame of each window.

    Returns:
        (N, whole, 149) features.
    """
    length = windows.shape[2]
    whole = windows.new_empty(len(windows), starts[-1] + length, FEATURES)
    whole[:, :length] = windows[:, 0]
    for index in range(1, len(starts)):
        start, end = starts[index], starts[index - 1] + length
        window = windows[:, index]
        window = turn(window, facing(whole, start) - facing(window))
        share = eased(torch.linspace(0, 1, end - start + 2)[1:-1, None])
        whole[:, start:end] = torch.lerp(whole[:, start:end], window[:, : end - start], share)
        whole[:, end : start + length] = window[:, end - start :]
    return whole


def in_order(parts: Sequence[torch.Tensor], overlaps: Sequence[int]) -> tuple[torch.Tensor, list[int]]:
    """Put parts one after the other: each is turned to go on from the one before, and becomes it over its last frames.

    Args:
        parts: (any, 149) features each.
        overlaps: the number of these frames, for each part but the last.

    Returns:
        (all frames, 149) features, and the frame at which each part starts.
    """
    whole, starts = parts[0], [0]
    for part, longest in zip(parts[1:], overlaps, strict=True):
        over = min(longest, len(whole) - 1, len(part) - 1)
        start = len(whole) - over
        part = turn(part, facing(whole, start) - facing(part))
        share = eased(torch.linspace(0, 1, over + 2)[1:-1, None])
        whole = torch.cat([whole[:start], torch.lerp(whole[start:], part[:over], share), part[over:]])
        starts.append(start)
    return whole, starts
