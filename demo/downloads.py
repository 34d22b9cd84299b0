"""What is beside a stage: one button for each kind of file, which is made when asked for; the video first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from motionclip import Motion

from .player import told
from .shelf import shelf
from .stage import component, served

KINDS = (("mp4", "▶ Skeleton video"), ("gif", "GIF"), ("bvh", "BVH"), ("glb", "GLB"), ("npz", "AMASS npz"))


def downloads(what: str = "Take it home:") -> gr.HTML:
    """The component; its value is what `offered` gives."""
    return component(
        "page/downloads.js", None, what=what, kinds=[list(kind) for kind in KINDS], server_functions=[take]
    )


def offered(motion: Motion, name: str) -> dict[str, str]:
    """The value with which a motion can be taken; name: of its files."""
    return {"token": shelf.put(motion, name)}


def take(asked: Sequence[Any]) -> dict[str, str]:
    """A file's address and name for [token, kind], or the reason why there is none."""
    try:
        token, kind = asked
        path = Path(told(shelf.file)(token, kind))
    except gr.Error as error:
        return {"reason": error.message}
    except (TypeError, ValueError):
        return {"reason": "this is no request for a file"}
    return {"address": served(path), "name": path.name}
