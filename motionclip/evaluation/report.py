"""The page of pictures that goes with the figures of a model: table, confusion matrix, and what it generates."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from ..files.labels_table import read_table
from ..files.writing import write_atomically
from ..pipeline import MotionCLIP
from ..training.dataset import load_clips
from ..viz.plots import confusion_picture
from ..viz.render import strip
from .protocol import confusion
from .table import Measurement, table

PROMPTS = (
    "a person walks like a zombie", "dance salsa", "bow politely like an old person", "kick", "cartwheel",
    "walk, then bow, then wave goodbye", "Spiderman in action!", "couch", "Swan Lake", "Usain Bolt",
)  # fmt: skip
PAIRS = (("walk", "dance salsa"), ("bow", "shoot basketball"))
EDITS = ("walk like an old person", "walk proudly", "zombie walk")
STYLE = """
body {font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2em auto; padding: 0 1em; color: #1f2937}
img {max-width: 100%; border: 1px solid #e5e7eb; border-radius: 6px} pre {overflow-x: auto; font-size: 13px}
figure {margin: 1.2em 0} figcaption {font-weight: 600}
"""


def write_page(path: Path, mc: MotionCLIP, data: Path, split: str, models: Mapping[str, Sequence[Measurement]]) -> Path:
    """Write an HTML file with the table and pictures, everything in the one file.

    Args:
        path: the file.
        mc: the model.
        data: the data folder.
        split: the split of the pictures.
        models: the columns of the table: name → figures.

    Returns:
        The path.
    """
    actions = sorted({row["action"] for row in read_table(data)})
    counts = confusion(mc, load_clips(data, split), actions)
    parts = [
        f"<h1>How good it is, on the {html.escape(split)} split</h1>",
        f"<pre>{html.escape(table(models))}</pre>",
        "<h2>What is taken for what</h2>",
        _figure("Windows of each action (rows) and what they are recognised as (columns)", confusion_picture(*counts)),
        "<h2>Text to motion</h2>",
    ]
    parts += [_figure(text, strip(mc.generate(text), 9, 220)) for text in PROMPTS]
    parts.append("<h2>Interpolation: the middle pose of each of eleven steps</h2>")
    parts += [_figure(f"{a} → {b}", strip(mc.interpolate(a, b), size=220)) for a, b in PAIRS]
    parts.append("<h2>Style editing</h2>")
    base = mc.generate("walk")
    parts.append(_figure("walk", strip(base, 9, 220)))
    for target, motion in zip(EDITS, mc.edit_towards(base, "walk", EDITS), strict=True):
        parts.append(_figure(f"walk, edited to: {target}", strip(motion, 9, 220)))
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>MotionCLIP: evaluation</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>"
    )
    write_atomically(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))
    return path


def _figure(caption: str, picture: np.ndarray) -> str:
    encoded = base64.b64encode(iio.imwrite("<bytes>", picture, extension=".png", optimize=True)).decode()
    caption = html.escape(caption)
    picture_html = f'<img alt="{caption}" src="data:image/png;base64,{encoded}">'
    return f"<figure><figcaption>{caption}</figcaption>{picture_html}</figure>"
