"""The downloads next to a stage: a button for each kind of file. A file is made when somebody asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from .character_requests import on_character
from .motion_store import motion_store
from .script_answers import Answer, answer_or_reason, reading_request
from .stage import component, served

KINDS = (("mp4", "▶ Skeleton video"), ("gif", "GIF"), ("bvh", "BVH"), ("glb", "GLB"), ("npz", "AMASS npz"))


def downloads(stage: str, what: str = "Download:", offers: bool = True, value: dict[str, str] | None = None) -> gr.HTML:
    """Build the download buttons of a stage. Their value is what `offered` returns.

    Args:
        stage: the stage's name.
        what: the words before the buttons.
        offers: whether they also offer what other parts of the page put onto the stage.
        value: the value when the page opens.

    Returns:
        The component.
    """
    return component(
        "page/downloads.js",
        value,
        what=what,
        stage=stage,
        offers=offers,
        kinds=[list(kind) for kind in KINDS],
        server_functions=[take, on_character],
    )


def offered(token: str) -> dict[str, str]:
    """The value with which the motion of a token can be downloaded."""
    return {"token": token}


def take(request: Any) -> Answer:
    """Write a file for [token, kind, place of the slider].

    Returns:
        The file's address and name, or the reason why there is none.
    """

    def work() -> Answer:
        with reading_request():
            token, kind, place = request
            place = float(place)
        path = Path(motion_store.file(token, kind, place))
        return {"address": served(path), "name": path.name}

    return answer_or_reason(work)
