"""Windows of a motion: where they start, and their features."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from . import features
from .motion import Motion


def window_starts(frames: int, window: int, stride: int) -> list[int]:
    """Choose windows that cover a motion: one every `stride` frames, and one that ends where the motion ends.

    Args:
        frames: the motion's length.
        window: the windows' length.
        stride: frames from one window to the next.

    Returns:
        The first frame of each window.
    """
    last = max(frames - window, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def windows_at(whole: torch.Tensor, starts: Sequence[int], window: int, keep_heading: bool = False) -> torch.Tensor:
    """Cut windows out of motions.

    Args:
        whole: (..., frames, 149) features.
        starts: the first frame of each window.
        window: the windows' length in frames.
        keep_heading: whether windows face as they do in the whole; else each is turned to start facing +z.

    Returns:
        (..., windows, window, 149) features.
    """
    windows = torch.stack([whole[..., start : start + window, :] for start in starts], dim=-3)
    if keep_heading:
        return features.turn(windows, features.turned(whole)[..., list(starts)])
    return features.canonical(windows)


def cut_windows(motion: Motion, window: int, stride: int, keep_heading: bool = False) -> torch.Tensor:
    """Cut a motion into windows that cover it; the last pose of a short motion is held.

    Args:
        motion: the motion.
        window: the windows' length in frames.
        stride: frames from one window to the next.
        keep_heading: as for `windows_at`.

    Returns:
        (windows, window, 149) features.
    """
    whole = features.motion_features(motion.padded(window))
    return windows_at(whole, window_starts(len(motion), window, stride), window, keep_heading)
