"""The answers to the page's own scripts: a dict, or the reason why there is none."""

from __future__ import annotations

import contextlib
import functools
import html
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from motionclip.errors import RequestError

from .request_handling import handle_errors
from .stage import anew

Answer = dict[str, Any]
INCOMPLETE = "the page sent an incomplete request; reload the page and try again"


def answer_or_reason(work: Callable[..., Answer], *args: Any) -> Answer:
    """Call a function for a script of the page.

    Args:
        work: the function.
        args: its arguments.

    Returns:
        Its answer, or {"reason": words} where the visitor's input or the program is wrong.
    """
    try:
        answer: Answer = handle_errors(work)(*args)
    except gr.Error as error:
        return {"reason": html.unescape(error.message)}  # the scripts show it as words, Gradio's toasts as markup
    return answer


def handle_errors_on_stage(rest: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a decorator for handlers whose first output is a stage.

    After an error the stage says why, and keeps its content; so do the other outputs.

    Args:
        rest: the number of the other outputs.
    """

    def decorated(work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def handler(*values: Any) -> Any:
            found = answer_or_reason(lambda: {"outputs": work(*values)})
            return found["outputs"] if "outputs" in found else (anew(found), *[gr.skip()] * rest)

        return handler

    return decorated


@contextlib.contextmanager
def reading_request() -> Iterator[None]:
    """Turn errors within into RequestError, while the parts of a request are read.

    Raises:
        RequestError: where a part is missing or of another kind.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RequestError(INCOMPLETE) from error
