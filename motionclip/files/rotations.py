"""Rotations from directions: what the retargeting and the inverse kinematics share."""

from __future__ import annotations

import roma
import torch
from torch.nn.functional import normalize


def frame_of(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) axes as columns: along `first`, then as near `second` as can be, then across both."""
    a = normalize(first, dim=-1)
    c = normalize(torch.linalg.cross(a, second.expand_as(a)), dim=-1)
    return torch.stack([a, torch.linalg.cross(c, a), c], dim=-1)


def nearest_rotations(matrices: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) → the rotations that come nearest."""
    u, _, v = torch.linalg.svd(matrices)
    signs = torch.ones(u.shape[:-1], dtype=u.dtype)
    signs[..., 2] = torch.linalg.det(u @ v)
    return (u * signs[..., None, :]) @ v


def swing(rotation: torch.Tensor, rest: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Turn (frames, 3, 3) by the shortest way so that the (3,) rest bone points along (frames, 3) `direction`."""
    now, then = normalize(rotation @ rest, dim=-1), normalize(direction, dim=-1)
    axis = torch.linalg.cross(now, then)
    cosine = (now * then).sum(-1)[:, None, None]
    cross = torch.zeros(len(axis), 3, 3, dtype=axis.dtype)
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross = cross - cross.mT
    # Rodrigues; for exactly opposite bones, which don't occur in bodies, it stays finite.
    return (torch.eye(3, dtype=axis.dtype) + cross + cross @ cross / (1 + cosine).clamp(min=1e-6)) @ rotation


def between(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    """(frames, 3, 3) rotations part of the way from one to the other."""
    return start @ roma.rotvec_to_rotmat(share * roma.rotmat_to_rotvec(start.mT @ end))
