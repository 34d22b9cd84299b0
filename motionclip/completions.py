"""Completions of a prompt while somebody types it: the model's actions, and the captions of its motions."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import prompt_parsing
from .errors import RequestError

COUNT = 8
LONGEST = 200  # the last characters of a prompt, which are completed


@dataclass(frozen=True)
class Completion:
    """A suggestion for an unfinished prompt.

    Attributes:
        text: the whole prompt, with the steps before the one that was completed.
        known: the action or caption in it.
        action: the action that it shows.
    """

    text: str
    known: str
    action: str


class Completions:
    """Looks up actions and captions by the beginnings of their words.

    Args:
        actions: the names of actions.
        captions: captions of motions, each with the action that it tells of.
    """

    def __init__(self, actions: Iterable[str], captions: Iterable[tuple[str, str]]) -> None:
        action_of = {caption: action for caption, action in captions} | {action: action for action in actions}
        # Actions before captions, short ones first: what most people mean by a word.
        order = sorted(action_of, key=lambda text: (text != action_of[text], len(text), text))
        self._known = [(text, action_of[text], " " + _plain(text)) for text in order]

    def matching(self, typed: str, count: int = COUNT) -> list[Completion]:
        """Complete the last step of a prompt.

        The order: what begins as the step does, then what has its words one after the other, then what has all of its
        words anywhere. The last word may be incomplete. "a person wal" is read as "wal"; "walk, then si" completes
        "si".

        Args:
            typed: the unfinished prompt.
            count: the most completions to return.

        Returns:
            Completions, best first; none where nothing is typed.

        Raises:
            RequestError: for a count below 1.
        """
        if count < 1:
            raise RequestError(f"count: must be at least 1, not {count}")
        before, step = prompt_parsing.last_step(typed[-LONGEST:])
        before = typed[: -len(step)].lstrip() if before else ""
        words = {_plain(step), _plain(prompt_parsing.without_lead(step))} - {""}
        matches = []
        for number, (_, _, plain) in enumerate(self._known):
            ranks = [rank for phrase in words if (rank := _rank(plain, phrase)) is not None]
            if ranks:
                matches.append((min(ranks), number))
        best = [self._known[number] for _, number in heapq.nsmallest(count, matches)]
        return [Completion(before + text, text, action) for text, action, _ in best]


def _rank(plain: str, words: str) -> int | None:
    """How well a known text, with a space before it, fits the words that were typed: 0 is best, None is not at all."""
    if plain.startswith(" " + words):
        return 0
    if " " + words in plain:
        return 1
    return 2 if all(" " + word in plain for word in words.split()) else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
