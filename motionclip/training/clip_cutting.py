"""How a labelled recording becomes clips: a clip for each label, or as the paper's code cuts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MIN_FRAMES = 30
CHUNK, WINDOW = 100, 60  # frames, in the paper's code: what a recording is cut into, and what is drawn from that
TRANSITION = "transition"
OTHER = "other"  # the action of a clip that is labelled in words, but in none of BABEL's categories


@dataclass(frozen=True)
class Label:
    """A label of a stretch of a recording.

    Attributes:
        start: its start in seconds.
        end: its end in seconds.
        raw: the annotators' words.
        tidied: the same, normalised by BABEL.
        actions: its action categories.
        whole: whether it is a label of the whole recording.
    """

    start: float
    end: float
    raw: str
    tidied: str
    actions: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True)
class Piece:
    """Frames of a recording, and what they show.

    Attributes:
        first: the first frame.
        last: the frame after the last one.
        captions: the texts.
        actions: the action categories.
    """

    first: int
    last: int
    captions: tuple[str, ...]
    actions: tuple[str, ...]


def by_label(labels: Sequence[Label], frames: int, rate: float) -> list[Piece]:
    """Cut a recording into one piece for each label; labels of the whole recording are one piece.

    Labels without a category, transitions, and pieces of less than a second are left out.

    Args:
        labels: the labels.
        frames: the recording's length.
        rate: its frames per second.

    Returns:
        The pieces.
    """
    known = [label for label in labels if label.actions and (label.whole or label.tidied != TRANSITION)]
    groups = [[label for label in known if label.whole]] + [[label] for label in known if not label.whole]
    pieces = []
    for group in filter(None, groups):
        first, last = round(group[0].start * rate), min(round(group[0].end * rate), frames)
        if last - first >= MIN_FRAMES:
            texts = (text for label in group for text in (label.tidied, label.raw) if text)
            done = (action for label in group for action in label.actions)
            pieces.append(Piece(first, last, tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(done))))
    return pieces


def by_chunks(labels: Sequence[Label], frames: int, rate: float) -> list[Piece]:
    """Cut a recording as the paper's code does.

    Chunks have 100 frames, and any 60 of these in a row are a sample. Its text is all labels of these frames,
    transitions too, in alphabetical order, joined by " and ". A later label replaces an earlier one in the frames of
    both. Frames without a label have no text. Each piece holds those samples of a chunk that have the same text and
    categories. So to draw windows evenly from the pieces is to draw the paper's samples.

    Args:
        labels: the labels.
        frames: the recording's length.
        rate: its frames per second.

    Returns:
        The pieces.
    """
    words = [""] * frames
    actions: list[tuple[str, ...]] = [()] * frames
    whole = [label for label in labels if label.whole]
    spans = [label for label in labels if not label.whole]
    if whole:
        together = tuple(dict.fromkeys(action for label in whole for action in label.actions))
        spans.insert(0, Label(0.0, frames / rate, " and ".join(label.raw for label in whole), "", together))
    for label in spans:
        for frame in range(max(round(label.start * rate), 0), min(round(label.end * rate), frames)):
            words[frame], actions[frame] = label.raw, label.actions or actions[frame]
    pieces: list[Piece] = []
    for chunk in range(0, frames - CHUNK + 1, CHUNK):
        fresh = True
        for first in range(chunk, chunk + CHUNK - WINDOW):
            window = slice(first, first + WINDOW)
            text = " and ".join(sorted({word for word in words[window] if word}))
            counted = Counter(action for done in actions[window] for action in done)
            done = tuple(sorted(counted, key=lambda action: (-counted[action], action)))
            last = pieces[-1] if pieces and not fresh else None
            if not text:
                fresh = True
            elif last and last.captions == (text,) and set(last.actions) == set(done):
                pieces[-1] = Piece(last.first, first + WINDOW, last.captions, last.actions)
            else:
                pieces.append(Piece(first, first + WINDOW, (text,), done))
                fresh = False
    return pieces


CUTS: dict[str, Callable[[Sequence[Label], int, float], list[Piece]]] = {"labels": by_label, "chunks": by_chunks}
