"""The verdict on a prompt: known, a guess, or not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .reader import Reader, Reading
from .towers.interface import TextTower


@dataclass(frozen=True)
class Verdict:
    """The promise that `generate` makes for a prompt.

    Attributes:
        level: "known": the motion shows the actions. "guess": it shows the nearest actions that the model knows. "not
            understood": the words mean nothing to the model.
        steps: the actions that are shown, step by step. The actions of one step are done at once.
        shown: the same, each in the words for the style that it is shown in.
        others: other actions that may be meant.
        reason: why the text is not understood, or "".
        without_style: actions in the words for a style that is asked for and not known with them; it is left out.
    """

    level: Literal["known", "guess", "not understood"]
    steps: tuple[tuple[str, ...], ...]
    shown: tuple[tuple[str, ...], ...]
    others: tuple[str, ...]
    reason: str = ""
    without_style: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """Each action that is shown, once."""
        return tuple(dict.fromkeys(action for step in self.steps for action in step))


def decide(
    text: str, plan: Sequence[Sequence[Reading]], shown: tuple[tuple[str, ...], ...], reader: Reader, tower: TextTower
) -> Verdict:
    """Decide the verdict on a text.

    Args:
        text: the prompt.
        plan: the readings of each of its steps, as `MotionCLIP.plan` gives them.
        shown: how each of them is shown.
        reader: knows words, and which of them are foreign.
        tower: cuts words into tokens.

    Returns:
        "known" if every reading is known, "guess" if one is not, with at most 3 other actions, "not understood" if the
        words mean nothing or are foreign.
    """
    steps = tuple(tuple(reading.action for reading in step) for step in plan)
    if reader.foreign(text):
        return Verdict(
            "not understood", steps, shown, (), "these seem to be words of another language; this model reads English"
        )
    if reader.meaningless(text, tower.pieces):
        return Verdict("not understood", steps, shown, (), "these words mean nothing to the model")
    readings = [reading for step in plan for reading in step]
    if all(reading.known for reading in readings):
        return Verdict("known", steps, shown, ())
    others = dict.fromkeys(other for reading in readings if not reading.known for other in reading.others)
    done = {reading.action for reading in readings}
    return Verdict("guess", steps, shown, tuple(other for other in others if other not in done)[:3])
