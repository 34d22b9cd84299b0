"""Computes the root's path from rotations: the part of the body that carries it stays at its place on the floor."""

from __future__ import annotations

import torch

from . import skeleton

# What a joint costs as the support, chosen on recordings: its height over the lowest one, a leap of
# the root's velocity from the frame before, and to be another joint than before.
_HEIGHT, _LEAP, _CHANGE = 0.02, 0.02, 0.5  # metres, metres per frame, what a change costs


def path_of(rotations: torch.Tensor) -> torch.Tensor:
    """Compute the path of the pelvis from rotations.

    In each frame the lowest joint touches the floor. From each frame to the next one joint is the support: the root
    moves so that this joint stays where it is. The supports are chosen together, low and steady ones first: they are
    the cheapest sequence (Viterbi 1967). So bodies never leave the floor, and runners do not go as far as they did.

    Args:
        rotations: (..., frames, 24, 3, 3) joint to parent, y up.

    Returns:
        (..., frames, 3) metres, from x = z = 0.
    """
    flat = rotations.flatten(0, -5) if rotations.ndim > 4 else rotations[None]
    joints = skeleton.forward_kinematics(flat, flat.new_zeros(*flat.shape[:2], 3))
    height = joints[..., 1] - _resting(joints)
    lowest = height.amin(dim=-1, keepdim=True)
    height = height - lowest
    moves = -joints[..., [0, 2]].diff(dim=1)  # (N, frames − 1, 24, 2) of the root, where this joint carries it
    supports = _supports(torch.maximum(height[:, 1:], height[:, :-1]), moves)
    steps = moves.gather(2, supports[..., None, None].expand(-1, -1, 1, 2))[:, :, 0]
    ground = torch.cat([steps.new_zeros(len(flat), 1, 2), steps.cumsum(dim=1)], dim=1)
    path = torch.stack([ground[..., 0], -lowest[..., 0], ground[..., 1]], dim=-1)
    return path.unflatten(0, rotations.shape[:-4]) if rotations.ndim > 4 else path[0]


def _supports(height: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
    """(N, steps, 24) and (N, steps, 24, 2) → (N, steps), which joint carries the body at each step."""
    height_cost = (height / _HEIGHT).square()
    change = _CHANGE * (1 - torch.eye(height.shape[-1], device=height.device))
    cost, came_from = height_cost[:, :1].sum(1), []
    for step in range(1, height.shape[1]):
        leap = torch.cdist(moves[:, step - 1], moves[:, step], compute_mode="donot_use_mm_for_euclid_dist")
        best, before = (cost[:, :, None] + (leap / _LEAP).square() + change).min(dim=1)
        came_from.append(before)
        cost = best + height_cost[:, step]
    path = [cost.argmin(dim=-1)]
    for before in reversed(came_from):
        path.append(before.gather(1, path[-1][:, None])[:, 0])
    return torch.stack(path[::-1], dim=1)[:, : height.shape[1]]


def _resting(joints: torch.Tensor) -> torch.Tensor:
    """(24,) the height of each joint when the body's surface around it touches the floor."""
    heights = joints.new_zeros(skeleton.NUM_JOINTS)
    heights[list(skeleton.FEET)] = joints.new_tensor(skeleton.FEET_REST_HEIGHTS)
    return heights
