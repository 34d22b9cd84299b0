"""No leaps: what moves faster than a body is spread over the frames around.

Where a decoder hesitates between two poses, the mean of their rotations may vanish and flip from one frame to the next.
"""

from __future__ import annotations

import math

import roma
import torch
from torch.nn import functional

from .features import ROTATIONS, VX, VZ, YAW, from_6d, from_features, to_6d
from .skeleton import NUM_JOINTS, forward_kinematics

# Degrees per frame beyond which no recording of the training data turns, but for a few.
PELVIS, LIMBS = 30.0, 60.0
SPREAD = 5  # frames before and after a flip
ROUNDS = 4
FASTEST = 0.3  # metres per frame of the pelvis along each axis
JOINTS = 0.35  # metres per frame of any joint, 10.5 m/s
BLUR = 2.0  # frames, of what is faster


def smoothed(motions: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149) whose joints turn no faster than a body's do; almost always what was given."""
    widest = torch.full((NUM_JOINTS,), LIMBS)
    widest[0] = PELVIS
    least = torch.deg2rad(widest).cos()
    yaw, speed = motions[..., YAW].abs().amax(), motions[..., VX : VZ + 1].abs().amax()
    if yaw > math.radians(PELVIS) or speed > FASTEST:
        motions = motions.clone()
        motions[..., YAW].clamp_(-math.radians(PELVIS), math.radians(PELVIS))
        motions[..., VX : VZ + 1].clamp_(-FASTEST, FASTEST)
    rotations = from_6d(motions[..., :ROTATIONS].unflatten(-1, (NUM_JOINTS, 6)))
    frames, changed = motions.shape[-2], False
    for _ in range(ROUNDS):
        cosine = ((rotations[:, 1:] * rotations[:, :-1]).sum((-1, -2)) - 1) / 2
        flips = (cosine < least).nonzero().tolist()
        if not flips:
            break
        changed = True
        for motion, frame, joint in flips:
            start, end = max(frame - SPREAD, 0), min(frame + 1 + SPREAD, frames - 1)
            ends = roma.rotmat_to_unitquat(rotations[motion, [start, end], joint])
            share = torch.linspace(0, 1, end - start + 1)
            between = roma.unitquat_slerp(ends[0], ends[1], share, shortest_arc=True)
            rotations[motion, start : end + 1, joint] = roma.unitquat_to_rotmat(between)
    if changed:
        motions = torch.cat([to_6d(rotations).flatten(-2), motions[..., ROTATIONS:]], dim=-1)
    return _slowed(motions)


def _slowed(motions: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149), blurred over time where a joint is faster than a body's are."""
    kernel = (-0.5 * (torch.arange(-SPREAD, SPREAD + 1) / BLUR).square()).exp()
    kernel = kernel / kernel.sum()
    for _ in range(2 * ROUNDS):
        speed = forward_kinematics(*from_features(motions)).diff(dim=1).norm(dim=-1).amax(-1)
        fast = (speed > JOINTS).float()
        if not fast.any():
            break
        near = functional.max_pool1d(functional.pad(fast, (0, 1))[:, None], 2 * SPREAD + 1, 1, SPREAD)
        share = functional.conv1d(functional.pad(near, (SPREAD, SPREAD), mode="replicate"), kernel[None, None])[:, 0]
        ends = functional.pad(motions.transpose(1, 2), (SPREAD, SPREAD), mode="replicate")
        blurred = functional.conv1d(ends.flatten(0, 1)[:, None], kernel[None, None]).reshape(motions.mT.shape).mT
        motions = torch.lerp(motions, blurred, share[..., None])
    return motions
