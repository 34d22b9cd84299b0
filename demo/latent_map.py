"""The tab Map: the known motions in two dimensions. Pointing at one plays it; a line drawn makes an interpolation."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from motionclip import MotionCLIP

from .character_requests import control
from .downloads import downloads
from .map_endpoints import MapEndpoints
from .motion_store import motion_store
from .script_answers import Answer, answer_or_reason, reading_request
from .stage import component, figure, mixed, stage

STAGE = "map-stage"
STEPS = 11


def build(mc: MotionCLIP) -> None:
    """Lay out the tab and wire it to the pipeline."""
    atlas = MapEndpoints.of(mc)
    if atlas is None:
        gr.Markdown("This model has no map. `motionclip draw-map --model FOLDER` draws it.")
        return

    def way(ends: Any) -> Answer:
        """The way between two entries: what it passes, and its motions for the stage."""

        def show() -> Answer:
            with reading_request():
                start, end = ends
            a, b = atlas.entry(start), atlas.entry(end)
            motions = mc.interpolate(a, b, steps=STEPS)
            shares = np.linspace(0, 1, STEPS).round(3).tolist()
            between = {
                "name": f"{a.phrase} to {b.phrase}",
                "figures": [mixed(motions, shares, "between")],
                "layout": "beside",
                "slider": {
                    "label": f"From {a.phrase} to {b.phrase}",
                    "min": 0, "max": 1, "value": 0.5, "from": a.phrase, "to": b.phrase,
                },
            }  # fmt: skip
            token = motion_store.put_mix(motions, shares, "between")
            return {"scene": between, "token": token} | atlas.line(a, b)

        return answer_or_reason(show)

    gr.Markdown(
        "All motions that the model knows: near dots are similar motions. Point at a dot and it moves, click and it "
        "comes onto the stage. With “Draw a way”, drag from one dot to another."
    )
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=6, min_width=320):
            component(
                "page/map.js",
                elem_id="map",
                stage=STAGE,
                how=figure(),
                server_functions=[*atlas.questions(), way],
            )
        with gr.Column(scale=5, min_width=320):
            stage("The figure from the map", STAGE)
            downloads(STAGE)
            control()
