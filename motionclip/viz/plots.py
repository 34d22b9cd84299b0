"""Plots as pictures, by matplotlib without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from ..recognition import Segment


def timeline_picture(segments: Sequence[Segment], duration: float) -> np.ndarray:
    """Draw when each label is recognised: a row for each label, a coloured bar for each stretch.

    Args:
        segments: the stretches.
        duration: the length of the motion in seconds.

    Returns:
        (height, width, 3) RGB uint8.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = list(dict.fromkeys(segment.label for segment in segments))
    figure = Figure(figsize=(9, 0.8 + 0.34 * len(labels)), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for segment in segments:
        row = labels.index(segment.label)
        strength = 0.35 + 0.65 * min(max(segment.score, 0.0), 1.0)
        axes.barh(row, segment.end - segment.start, left=segment.start, height=0.72, color="#ea580c", alpha=strength)
    # Labels are the user's words: "$" must not start a formula.
    axes.set_yticks(range(len(labels)), [label.replace("$", r"\$")[:40] for label in labels])
    axes.set_xlim(0, duration)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.spines[["top", "right"]].set_visible(False)
    return _drawn(canvas)


def confusion_picture(counts: torch.Tensor, labels: Sequence[str]) -> np.ndarray:
    """Draw a confusion matrix as shares of each row.

    Args:
        counts: (labels, labels); a row is what was shown, a column what was recognised.
        labels: their names.

    Returns:
        (height, width, 3) RGB uint8.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    side = 2 + 0.19 * len(labels)
    figure = Figure(figsize=(side, side), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Oranges", vmin=0, vmax=1)
    names = [label.replace("$", r"\$")[:40] for label in labels]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("recognised as")
    axes.set_ylabel("shown")
    return _drawn(canvas)


def _drawn(canvas: FigureCanvasAgg) -> np.ndarray:
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
