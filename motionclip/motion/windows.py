"""Windows of a motion: where they start, and their features."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from . import features
from .motion import Motion


def window_starts(frames: int, window: int, stride: int) -> list[int]:
    """First frames of windows that cover a motion: every `stride`, and one that ends with it."""
    last = max(frames - window, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def windows_at(whole: torch.Tensor, starts: Sequence[int], window: int, keep_heading: bool = False) -> torch.Tensor:
    """(..., frames, 149) features → (..., windows, window, 149): each turned to start facing +z, or facing as it does
    in the whole."""
    windows = torch.stack([whole[..., start : start + window, :] for start in starts], dim=-3)
    if keep_heading:
        return features.turn(windows, features.turned(whole)[..., list(starts)])
    return features.canonical(windows)


def cut_windows(motion: Motion, window: int, stride: int, keep_heading: bool = False) -> torch.Tensor:
    """(windows, window, 149) features of a motion, as by `windows_at`; a short motion's last pose is held."""
    whole = features.motion_features(motion.padded(window))
    return windows_at(whole, window_starts(len(motion), window, stride), window, keep_heading)
