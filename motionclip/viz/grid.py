"""Many motions in one video: a grid of moving skeletons under their titles, like the paper's figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import TypeVar

import cv2
import numpy as np

from ..motion.motion import Motion
from .render import frames

T = TypeVar("T")
SIZE, TITLE = 200, 40  # pixels: a picture's side, and the height of the title over it
_LETTERS, _LINES = 30, 2  # of a title


def wrapped(cells: Sequence[T]) -> list[list[T]]:
    """Lay one column of cells out as rows, so that the whole is a little wider than high.

    Args:
        cells: the cells.

    Returns:
        The rows.
    """
    width = math.ceil(math.sqrt(1.6 * len(cells)))
    return [list(cells[start : start + width]) for start in range(0, len(cells), width)]


def grid(rows: Sequence[Sequence[Motion]], titles: Sequence[Sequence[str]]) -> Iterator[np.ndarray]:
    """Draw motions in rows, each under its title.

    Args:
        rows: rows of motions.
        titles: rows of titles.

    Yields:
        (height, width, 3) RGB uint8 pictures of all, as many as the longest motion has frames. Each is drawn in the
        same memory: copy what is to be kept.
    """
    width = max(len(row) for row in rows)
    whole = np.full((len(rows) * (SIZE + TITLE), width * SIZE, 3), 255, np.uint8)
    places = [(motion, r, c) for r, row in enumerate(rows) for c, motion in enumerate(row)]
    for _, r, c in places:
        top, left = r * (SIZE + TITLE), c * SIZE
        for number, text in enumerate(textwrap.wrap(titles[r][c], _LETTERS)[:_LINES]):
            at = (left + 6, top + 15 + 16 * number)
            cv2.putText(whole, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (40, 40, 40), 1, cv2.LINE_AA)
    playing = [(frames(motion, SIZE), r * (SIZE + TITLE) + TITLE, c * SIZE) for motion, r, c in places]
    for _ in range(max(len(motion) for motion, _, _ in places)):
        for pictures, top, left in playing:
            picture = next(pictures, None)
            if picture is not None:  # one that has ended stays as it was last
                whole[top : top + SIZE, left : left + SIZE] = picture
        yield whole
