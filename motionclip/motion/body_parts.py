"""Parts of the body, as masks over the features of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

from . import features, skeleton

BodyPart = Literal["whole body", "upper body", "lower body"]


def _part_mask(names: Sequence[str]) -> torch.Tensor:
    """(149,) 1 for the features of these joints."""
    mask = torch.zeros(features.FEATURES)
    for name in names:
        joint = skeleton.JOINT_INDEX[name]
        mask[6 * joint : 6 * joint + 6] = 1
    return mask


_UPPER = [
    name
    for name in skeleton.JOINT_NAMES
    if not name.startswith(("pelvis", "left_hip", "right_hip")) and name.split("_")[-1] not in ("knee", "ankle", "foot")
]
BODY_PARTS = {
    "whole body": torch.ones(features.FEATURES),
    "upper body": _part_mask(_UPPER),
    "lower body": 1 - _part_mask(_UPPER),
}
