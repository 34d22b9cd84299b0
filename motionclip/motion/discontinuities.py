"""Removes leaps: spreads a flip over the frames around it, and slows down what is too fast for a body.

When a decoder mixes two poses, the mean of their rotations may vanish, and flip from one frame to the next.
"""

from __future__ import annotations

import math

import roma
import torch

from .features import ROTATIONS, VX, VZ, YAW, from_6d, from_features, to_6d
from .skeleton import NUM_JOINTS, forward_kinematics

# Degrees per frame beyond which no recording of the training data turns, but for a few.
PELVIS, LIMBS = 30.0, 60.0
SPREAD = 5  # frames before and after a flip
ROUNDS, RETIMED = 4, 12  # of spreading flips, and of slowing down, at most
FASTEST = 0.3  # metres per frame of the pelvis along each axis
JOINTS = 0.35  # metres per frame of any joint, 10.5 m/s
MARGIN = 0.95  # of that, which what is faster comes down to


def smoothed(motions: torch.Tensor) -> torch.Tensor:
    """Spread flips over the frames around them, so that no joint turns faster than a body's.

    Args:
        motions: (N, frames, 149) features.

    Returns:
        Features of the same shape; most motions come back as they are.
    """
    widest = torch.full((NUM_JOINTS,), LIMBS)
    widest[0] = PELVIS
    least = torch.deg2rad(widest).cos()
    yaw, speed = motions[..., YAW].abs().amax(), motions[..., VX : VZ + 1].abs().amax()
    if yaw > math.radians(PELVIS) or speed > FASTEST:
        motions = motions.clone()
        motions[..., YAW].clamp_(-math.radians(PELVIS), math.radians(PELVIS))
        motions[..., VX : VZ + 1].clamp_(-FASTEST, FASTEST)
    rotations = from_6d(motions[..., :ROTATIONS].unflatten(-1, (NUM_JOINTS, 6)))
    frames, flipped = motions.shape[-2], set()
    for _ in range(ROUNDS):
        cosine = ((rotations[:, 1:] * rotations[:, :-1]).sum((-1, -2)) - 1) / 2
        flips = (cosine < least).nonzero().tolist()
        if not flips:
            break
        flipped |= {motion for motion, _, _ in flips}
        for motion, frame, joint in flips:
            start, end = max(frame - SPREAD, 0), min(frame + 1 + SPREAD, frames - 1)
            ends = roma.rotmat_to_unitquat(rotations[motion, [start, end], joint])
            share = torch.linspace(0, 1, end - start + 1)
            between = roma.unitquat_slerp(ends[0], ends[1], share, shortest_arc=True)
            rotations[motion, start : end + 1, joint] = roma.unitquat_to_rotmat(between)
    if flipped:
        motions, changed = motions.clone(), sorted(flipped)
        motions[changed, :, :ROTATIONS] = to_6d(rotations[changed]).flatten(-2)
    return motions


def slowed(motions: torch.Tensor) -> torch.Tensor:
    """Give stretches that are too fast for a body more time, and the rest a little less.

    Args:
        motions: (N, frames, 149) features.

    Returns:
        Features of the same shape.
    """
    for _ in range(RETIMED):
        speed = forward_kinematics(*from_features(motions)).diff(dim=1).norm(dim=-1).amax(-1)
        fast = (speed > JOINTS).any(1).nonzero()[:, 0].tolist()
        if not fast:
            break
        motions = motions.clone()
        for number in fast:
            motions[number] = _retimed(motions[number], speed[number])
    return motions


def _retimed(motion: torch.Tensor, speed: torch.Tensor) -> torch.Tensor:
    """(frames, 149) in as many frames, each step as long as its speed (frames - 1,) asks for."""
    steps = len(speed)
    least = speed / (MARGIN * JOINTS)
    if least.sum() >= steps:  # fast all along
        times = least * steps / least.sum()
    else:
        low, high = 0.0, 1.0
        for _ in range(20):  # what the others take, so that all take `steps` together
            middle = (low + high) / 2
            low, high = (low, middle) if least.clamp(min=middle).sum() > steps else (middle, high)
        times = least.clamp(min=low)
    arrives = torch.cat([times.new_zeros(1), times.cumsum(0)])
    frame_times = torch.arange(steps + 1.0).clamp(max=float(arrives[-1]))
    index = (torch.searchsorted(arrives, frame_times, right=True) - 1).clamp(0, steps - 1)
    share = ((frame_times - arrives[index]) / times[index].clamp(min=1e-6)).clamp(0, 1)[:, None]
    # Rates are summed up, read at the new times and taken apart again.
    rates = slice(YAW, VZ + 1)
    summed = motion.clone()
    summed[1:, rates] = motion[1:, rates].cumsum(0) + motion[0, rates]
    retimed = torch.lerp(summed[index], summed[index + 1], share)
    retimed[1:, rates] = retimed[:, rates].diff(dim=0)
    return retimed
