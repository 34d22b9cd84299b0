"""Recognition: the labels that fit a motion, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Segment:
    """A stretch of a motion with one label.

    Attributes:
        label: what it shows.
        start: its start in seconds.
        end: its end in seconds.
        score: how well it fits, from −1 to 1, as `MotionCLIP.label_scores` says.
    """

    label: str
    start: float
    end: float
    score: float


def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Compute the cosines of each with each.

    Args:
        a: (N, D) of any length.
        b: (M, D) of any length.

    Returns:
        (N, M) cosines.
    """
    return functional.normalize(a, dim=-1) @ functional.normalize(b, dim=-1).T
