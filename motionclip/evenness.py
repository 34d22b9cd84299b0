"""Even steps from one motion to another: as much of the way in each, by how far the decoded bodies are apart."""

from __future__ import annotations

from collections.abc import Callable

import torch

from . import features, skeleton

PROBES = 17  # motions along the way that are decoded to measure it
PATH = 0.1  # what a metre between where two bodies stand counts beside one between their joints
LEAST = 0.1  # share of the way that is taken to be spread evenly in any case: what stands still is passed, too


def apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149) twice → (N,) metres between their joints, each body seen from where it stands, with the way it
    faces; and besides a tenth of how far apart they stand."""
    (body, place), (other_body, other_place) = _seen(one), _seen(other)
    joints = (body - other_body).norm(dim=-1).mean((-1, -2))
    return joints + PATH * (place - other_place).norm(dim=-1).mean(-1)


def _seen(motions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Joints about the pelvis's point on the floor (N, frames, 24, 3), and that point (N, frames, 3)."""
    rotations, path = features.from_features(motions)
    up = path.new_tensor([0.0, 1.0, 0.0])
    return skeleton.forward_kinematics(rotations, path * up), path * (1 - up)


def even_shares(decode: Callable[[torch.Tensor], torch.Tensor], steps: int) -> torch.Tensor:
    """(steps,) shares of the way from 0 to 1 between which decoded motions change about equally.

    decode: shares (N,) → (N, frames, 149). The way is measured at PROBES shares; a decoder changes smoothly with its
    latent, but fast where it turns from one action to the other, and there the shares come to lie close.
    """
    share = torch.linspace(0, 1, PROBES)
    probed = decode(share)
    lengths = apart(probed[:-1], probed[1:])
    lengths = (1 - LEAST) * lengths / lengths.sum().clamp(min=1e-9) + LEAST / (PROBES - 1)
    along = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    wanted = torch.linspace(0, 1, steps) * along[-1]
    after = torch.searchsorted(along, wanted).clamp(1, PROBES - 1)
    part = (wanted - along[after - 1]) / lengths[after - 1]
    found = torch.lerp(share[after - 1], share[after], part)
    found[0], found[-1] = 0, 1
    return found
