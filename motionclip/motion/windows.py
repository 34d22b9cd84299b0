"""Windows of a motion: where they start, and their features."""

from __future__ import annotations

import torch

from . import features
from .motion import Motion


def window_starts(frames: int, window: int, stride: int) -> list[int]:
    """First frames of windows that cover a motion: every `stride`, and one that ends with it."""
    last = max(frames - window, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def cut_windows(motion: Motion, window: int, stride: int) -> torch.Tensor:
    """(windows, window, 149) features, each turned to start facing +z; a short motion's last pose is held."""
    whole = features.motion_features(motion.padded(window))
    return features.canonical(
        torch.stack([whole[start : start + window] for start in window_starts(len(motion), window, stride)])
    )
