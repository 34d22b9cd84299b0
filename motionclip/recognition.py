"""Recognition: the labels that fit a motion, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Segment:
    """A stretch of a motion with one label; start and end in seconds, score a cosine."""

    label: str
    start: float
    end: float
    score: float


def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(N, D) and (M, D), of whatever length → (N, M) the cosine of each with each."""
    return functional.normalize(a, dim=-1) @ functional.normalize(b, dim=-1).T
