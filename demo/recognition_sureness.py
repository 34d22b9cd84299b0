"""Words for how sure the page is of what it reads. `recognition_sureness.json` holds the least share for each word,
as measured, and the command that measured it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from motionclip.bank import CONTRAST

STORED = Path(__file__).with_name("recognition_sureness.json")
# The words, the surest first, and how often the first label has to be right where one is said.
AIMS = {"surely": 0.9, "probably": 0.6, "perhaps": 0.25}
NONE = "hardly"
ACTIONS, LIST = "actions", "list"  # what is chosen from: all actions that are known, or any other labels
FROM: Mapping[str, Mapping[str, float]] = json.loads(STORED.read_text(encoding="utf-8"))["from"]


def shares(cosines: torch.Tensor) -> torch.Tensor:
    """(…, labels) cosines of a motion to labels → the probability of each, of the same shape; they add up to 1."""
    return (cosines / CONTRAST).softmax(-1)


def word(share: float, since: Mapping[str, float]) -> str:
    """Say in a word how sure it is that a motion shows a label.

    Args:
        share: the label's probability.
        since: word → the probability from which it holds, the surest first, as in `FROM`.

    Returns:
        The word.
    """
    return next((said for said, least in since.items() if share >= least), NONE)


def sentence(best: Sequence[tuple[str, float]], sure: str, stretches: Sequence[str] = ()) -> str:
    """Say what a motion shows, and how sure that is.

    Args:
        best: labels with their probabilities, best first.
        sure: the word for the first.
        stretches: the labels of a long motion's stretches, in order.

    Returns:
        The sentence.
    """
    first = best[0][0]
    if len(stretches) > 1:
        return f"In turn: {', '.join(stretches)}. As a whole it is nearest to {first}."
    if sure == NONE:
        return f"None of these labels fits well; {first} fits best."
    if sure == "perhaps" and len(best) > 1:
        return f"Perhaps: {first}, or {best[1][0]}."
    return f"{sure.capitalize()}: {first}."
