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
    """The component for a stage, by its name; its value is what `offered` gives. offers: whether it also takes what
    other parts of the page put onto the stage. value: of what stands there when the page opens."""
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
    """The value with which what lies on the motion_store can be taken."""
    return {"token": token}


def take(asked: Any) -> Answer:
    """A file's address and name for [token, kind, place of the slider], or the reason why there is none."""

    def work() -> Answer:
        with reading_request():
            token, kind, place = asked
            place = float(place)
        path = Path(motion_store.file(token, kind, place))
        return {"address": served(path), "name": path.name}

    return answer_or_reason(work)
