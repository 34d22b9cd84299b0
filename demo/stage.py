"""A canvas that plays skeletons in the browser: picked by a slider without asking the server, or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from motionclip import Motion
from motionclip.viz.render import BONES, Camera, with_tips

_SCRIPT = (Path(__file__).parent / "stage.js").read_text(encoding="utf-8")
_STYLE = """
canvas {width: 100%; height: 420px; display: block; border-radius: 8px; touch-action: pan-y; cursor: grab}
label {display: flex; gap: 0.8em; align-items: center; padding: 0.6em 0.2em}
input[type=range] {flex: 1; height: 1.6em; accent-color: #ea580c; cursor: pointer}
"""
_CANVAS = '<canvas role="img" aria-label="{what}"></canvas>'
_SLIDER = '<label>{name}<input type="range" min="0" max="100" value="0" step="1"></label>'


def stage(what: str, slider: str = "", elem_id: str | None = None) -> gr.HTML:
    """The component; `what` tells it to those who can't see it, `slider` names a slider that picks a body."""
    template = _CANVAS.format(what=what) + (_SLIDER.format(name=slider) if slider else "")
    return gr.HTML(
        None,
        html_template=template,
        css_template=_STYLE,
        js_on_load=_SCRIPT,
        elem_id=elem_id,
        bones=[list(bone) for bone in BONES],
        focal=Camera().focal,
    )


def scene(motions: Sequence[Motion], labels: Sequence[str], pick: bool = False) -> dict[str, Any]:
    """The component's value: joints in whole millimetres; pick shows one body, else all side by side."""
    bodies = [np.round(1000 * with_tips(motion.joints())).astype(int).reshape(len(motion), -1) for motion in motions]
    return {"bodies": [body.tolist() for body in bodies], "labels": list(labels), "mode": "pick" if pick else "beside"}
