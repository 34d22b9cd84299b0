"""Even steps from one motion to another: the decoded body changes about equally in each."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .motion import features, skeleton

PROBES = 17  # motions along the way that are decoded to measure it
PATH = 0.1  # weight of a metre between where two bodies stand; one between their joints weighs 1
ROUNDS = 3  # in which shares are chosen, at most
EVEN = 1.4  # times its due that a step may hold
LEAST = 0.1  # share of the way that is taken to be spread evenly in any case: what stands still is passed, too


def apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Measure how far apart pairs of motions are.

    The joints are compared as seen from the point where each body stands. A tenth of the distance between these points
    is added.

    Args:
        one: (N, frames, 149) features.
        other: (N, frames, 149) features.

    Returns:
        (N,) distances in metres.
    """
    (body, place), (other_body, other_place) = _seen(one), _seen(other)
    joints = (body - other_body).norm(dim=-1).mean((-1, -2))
    return joints + PATH * (place - other_place).norm(dim=-1).mean(-1)


def _seen(motions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Joints about the pelvis's point on the floor (N, frames, 24, 3), and that point (N, frames, 3)."""
    rotations, path = features.from_features(motions)
    up = path.new_tensor([0.0, 1.0, 0.0])
    return skeleton.forward_kinematics(rotations, path * up), path * (1 - up)


def even_steps(decode: Callable[[torch.Tensor], torch.Tensor], steps: int) -> torch.Tensor:
    """Choose motions along a way so that the body changes about equally from each to the next.

    The way is first measured at PROBES shares. A decoder changes smoothly with its latent, but fast where it turns from
    one action to the other: there more shares are needed. Where they are not close enough yet, the way is measured
    again, with the motions that were decoded meanwhile.

    Args:
        decode: shares of the way (N,), from 0 to 1 → (N, frames, 149) features.
        steps: the number of motions, both ends included.

    Returns:
        (steps, frames, 149) features.
    """
    share = torch.linspace(0, 1, PROBES)
    motions = decode(share)
    for _ in range(ROUNDS):
        targets = _evened(share, apart(motions[:-1], motions[1:]), steps)
        result = decode(targets)
        lengths = apart(result[:-1], result[1:])
        if lengths.max() * (steps - 1) <= EVEN * lengths.sum():
            break
        share, order = torch.cat([share, targets]).sort()
        motions = torch.cat([motions, result])[order]
    return result


def _evened(share: torch.Tensor, lengths: torch.Tensor, steps: int) -> torch.Tensor:
    """(steps,) shares from 0 to 1 in equal lengths of a way whose lengths (N - 1,) between shares (N,) are known."""
    lengths = (1 - LEAST) * lengths / lengths.sum().clamp(min=1e-9) + LEAST * share.diff()
    along = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    targets = torch.linspace(0, 1, steps) * along[-1]
    after = torch.searchsorted(along, targets).clamp(1, len(lengths))
    part = ((targets - along[after - 1]) / lengths[after - 1].clamp(min=1e-9)).clamp(0, 1)
    shares = torch.lerp(share[after - 1], share[after], part)
    shares[0], shares[-1] = 0, 1
    return shares
