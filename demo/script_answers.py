"""What the page's own scripts are answered: a dict, or the reason why there is none."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from motionclip.errors import RequestError

from .request_handling import told

Answer = dict[str, Any]
INCOMPLETE = "the page sent an incomplete request; reload the page and try again"


def answered(work: Callable[..., Answer], *args: Any) -> Answer:
    """What some work gives, or {"reason": words} where the visitor's input or the program was wrong."""
    try:
        answer: Answer = told(work)(*args)
    except gr.Error as error:
        return {"reason": html.unescape(error.message)}  # the scripts show it as words, Gradio's toasts as markup
    return answer


@contextlib.contextmanager
def taken_apart() -> Iterator[None]:
    """While the parts of a request are read: RequestError where one is missing or of another kind."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RequestError(INCOMPLETE) from error
