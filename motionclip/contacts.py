"""Feet on the floor: generated motion is set down on it, and feet that stand are kept from sliding."""

from __future__ import annotations

import torch
from torch.nn import functional

from . import skeleton
from .features import ROTATIONS, from_features

# A foot stands when it is within about 4 cm of the floor and slower than about 60 cm a second.
_LOW, _LOW_EDGE = 0.04, 0.008
_SLOW, _SLOW_EDGE = 0.020, 0.003


def grounded(features: torch.Tensor) -> torch.Tensor:
    """(..., frames, 147), raised or lowered as a whole so that its lowest joint touches the floor."""
    heights = _joints(features)[..., 1]
    resting = heights.new_zeros(skeleton.NUM_JOINTS)
    resting[list(skeleton.FEET)] = heights.new_tensor(skeleton.FEET_REST_HEIGHTS)
    lowest = (heights - resting).amin(dim=(-1, -2))
    return torch.cat([features[..., :-1], features[..., -1:] - lowest[..., None, None]], dim=-1)


def planted(features: torch.Tensor) -> torch.Tensor:
    """(N, frames, 147) with the body's path moved so that standing feet stay where they are.

    The pose of each frame is kept: what a standing foot would slide, the pelvis moves the other way.
    """
    if features.shape[-2] < 2:
        return features
    feet = _joints(features)[..., skeleton.FEET, :]
    slide = feet[..., [0, 2]].diff(dim=-3)
    height = feet[..., 1] - feet.new_tensor(skeleton.FEET_REST_HEIGHTS)
    height = torch.maximum(height[..., 1:, :], height[..., :-1, :])
    standing = ((_LOW - height) / _LOW_EDGE).sigmoid() * ((_SLOW - slide.norm(dim=-1)) / _SLOW_EDGE).sigmoid()
    # Feet are set down and lifted over some frames, not at once.
    standing = functional.avg_pool1d(standing.transpose(-1, -2), 5, 1, padding=2, count_include_pad=False)
    standing = standing.transpose(-1, -2)[..., None]
    shift = -(standing * slide).sum(-2) / standing.sum(-2).clamp(min=1)
    shift = functional.pad(shift, (0, 0, 1, 0))
    velocity = features[..., ROTATIONS : ROTATIONS + 2] + shift
    return torch.cat([features[..., :ROTATIONS], velocity, features[..., -1:]], dim=-1)


def _joints(features: torch.Tensor) -> torch.Tensor:
    rotations, translation = from_features(features)
    return skeleton.forward_kinematics(rotations, translation)
