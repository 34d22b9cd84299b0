"""Rotations from directions: what the retargeting and the inverse kinematics share."""

from __future__ import annotations

import roma
import torch
from torch.nn.functional import normalize


def frame_of(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Build orthogonal axes from two directions.

    Args:
        first: (..., 3) the direction of the first axis.
        second: (..., 3) a direction; the second axis comes as near to it as possible.

    Returns:
        (..., 3, 3) with the axes as columns; the third is perpendicular to both.
    """
    a = normalize(first, dim=-1)
    c = normalize(torch.linalg.cross(a, second.expand_as(a)), dim=-1)
    return torch.stack([a, torch.linalg.cross(c, a), c], dim=-1)


def nearest_rotations(matrices: torch.Tensor) -> torch.Tensor:
    """Find the rotations nearest to matrices.

    Args:
        matrices: (..., 3, 3).

    Returns:
        (..., 3, 3) rotations.
    """
    u, _, v = torch.linalg.svd(matrices)
    signs = torch.ones(u.shape[:-1], dtype=u.dtype)
    signs[..., 2] = torch.linalg.det(u @ v)
    return (u * signs[..., None, :]) @ v


def swing(rotation: torch.Tensor, rest: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Turn rotations the shortest way until a bone has a direction.

    Args:
        rotation: (frames, 3, 3) rotations.
        rest: (3,) the bone at rest.
        direction: (frames, 3) the directions that it gets.

    Returns:
        (frames, 3, 3) rotations.
    """
    now, then = normalize(rotation @ rest, dim=-1), normalize(direction, dim=-1)
    axis = torch.linalg.cross(now, then)
    cosine = (now * then).sum(-1)[:, None, None]
    cross = torch.zeros(len(axis), 3, 3, dtype=axis.dtype)
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross = cross - cross.mT
    # Rodrigues; for exactly opposite bones, which don't occur in bodies, it stays finite.
    return (torch.eye(3, dtype=axis.dtype) + cross + cross @ cross / (1 + cosine).clamp(min=1e-6)) @ rotation


def between(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    """Interpolate rotations along the shortest arc.

    Args:
        start: (frames, 3, 3) rotations.
        end: (frames, 3, 3) rotations.
        share: how far from start to end, 0–1.

    Returns:
        (frames, 3, 3) rotations.
    """
    return start @ roma.rotvec_to_rotmat(share * roma.rotmat_to_rotvec(start.mT @ end))
