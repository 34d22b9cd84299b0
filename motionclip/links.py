"""Reads and writes links to a motion: its prompt, seed, length, closeness and model in a URL's query."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from .constants import CLOSENESS, FPS, MAX_SEED, MAX_STORY_SECONDS, MAX_TEXT
from .errors import LinkError

DEFAULT = "default"
# Plainer than what float() takes, and the same as on the page.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class LinkedRequest:
    """The request in a link.

    Attributes:
        prompt: the text.
        seed: which instance, 0 to 2,147,483,647.
        seconds: the length of each step of the prompt, up to 60; 0 for as long as it usually takes.
        closeness: as for `MotionCLIP.generate`, 0 to 1.
        model: the name that --model takes.
    """

    prompt: str
    seed: int = 0
    seconds: float = 0.0
    closeness: float = CLOSENESS
    model: str = DEFAULT

    def query(self) -> str:
        """The request as a URL's query: "prompt=walk&seed=3&seconds=2.5&closeness=1&model=default"."""
        fields = {
            "prompt": self.prompt,
            "seed": self.seed,
            "seconds": f"{self.seconds:g}",
            "closeness": f"{self.closeness:g}",
            "model": self.model,
        }
        return urlencode(fields)


def read(query: str, models: Collection[str] = (DEFAULT,)) -> LinkedRequest:
    """Read the request in a URL's query. Only the prompt is needed; the rest is by default as in LinkedRequest.

    Args:
        query: the query, with or without its "?".
        models: the names of the models that can be used.

    Returns:
        The request.

    Raises:
        LinkError: for an unknown model, a seed that is not a whole number from 0 to 2,147,483,647, a length or
            closeness outside the limits, an unknown field, a field that is given twice, or a missing prompt.
    """
    query_fields = parse_qs(query.removeprefix("?"), keep_blank_values=True)
    for name, values in query_fields.items():
        if name not in LinkedRequest.__dataclass_fields__:
            raise LinkError(name, f"is no part of a link; there are {', '.join(LinkedRequest.__dataclass_fields__)}")
        if len(values) > 1:
            raise LinkError(name, "stands twice in the link; leave one")
    fields = {name: value for name, (value,) in query_fields.items()}
    prompt = fields.get("prompt", "").strip()
    if not prompt:
        raise LinkError("prompt", "is missing; a link needs one, as in ?prompt=walk")
    if len(prompt) > MAX_TEXT:
        raise LinkError("prompt", f"has {len(prompt):,} characters; at most {MAX_TEXT:,} are taken")
    model = fields.get("model", DEFAULT)
    if model not in models:
        raise LinkError("model", f"there is no {model!r} here; choose one of {', '.join(models)}")
    length = fields.get("seconds", "0")
    seconds = 0.0 if length == "0" else _number("seconds", length, 1 / FPS, MAX_STORY_SECONDS)
    closeness = _number("closeness", fields.get("closeness", str(CLOSENESS)), 0, 1)
    return LinkedRequest(prompt, _seed(fields.get("seed", "0")), seconds, closeness, model)


def _seed(words: str) -> int:
    if not (words.isascii() and words.isdigit() and len(words) <= 10 and int(words) <= MAX_SEED):
        raise LinkError("seed", f"there is no seed {words[:40]!r}; it is a whole number from 0 to {MAX_SEED:,}")
    return int(words)


def _number(field: str, words: str, least: float, most: float) -> float:
    value = float(words) if _DECIMAL.fullmatch(words) else math.nan
    if not least <= value <= most:
        raise LinkError(field, f"must be a number from {least:.2g} to {most:g}, not {words[:40]!r}")
    return value
