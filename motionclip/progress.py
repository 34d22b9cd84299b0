"""How far long work on a file is: a line on stderr after a second, for those who ask for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")
DELAY = 1.0  # seconds for which nothing is shown
_line: ContextVar[tqdm[Any] | None] = ContextVar("line", default=None)


@contextmanager
def shown(name: str, since: float | None = None, delay: float | None = None) -> Iterator[float]:
    """Show the progress of the work within, once it has taken a second (DELAY).

    Args:
        name: the name of the file.
        since: when the work began, as an earlier call yielded it; by default now.
        delay: the seconds before it shows, instead of DELAY.

    Yields:
        When the work began.
    """
    from tqdm import tqdm

    words = "{desc}{postfix} [{elapsed}]"
    with tqdm(
        desc=name, bar_format=words, delay=DELAY if delay is None else delay, mininterval=0, miniters=0, leave=False
    ) as line:
        line.start_t = since or line.start_t
        before = _line.set(line)
        try:
            yield line.start_t
        finally:
            _line.reset(before)


def step(words: str) -> None:
    """Name the work that begins now; it is shown only within `shown`."""
    line = _line.get()
    if line is not None:
        line.set_postfix_str(words, refresh=False)
        line.update(0)  # writes it, unless it is too early


def each(items: Sequence[T], words: str) -> Iterator[T]:
    """Yield the items one by one, and show how many are done.

    Args:
        items: the items.
        words: the name of the work.
    """
    last = -1
    for number, item in enumerate(items):
        share = 100 * number // len(items)
        if share > last:
            step(f"{words}, {share} %")
            last = share
        yield item
