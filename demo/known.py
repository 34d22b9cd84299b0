"""The fifth tab: what the model knows as a map. Pointing at a place plays the motion there; a line makes a way."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from motionclip import MotionCLIP
from motionclip.errors import RequestError

from .downloads import downloads
from .packed import motion_text
from .player import told
from .shelf import shelf
from .stage import component, figure, mixed, scene, stage

STAGE = "map-stage"
STEPS = 11
_WHOLE = 1000  # places travel as whole numbers


def build(mc: MotionCLIP) -> None:
    """Lay out the tab and wire it to the pipeline."""
    bank = mc.bank
    if bank is None or bank.atlas is None:
        gr.Markdown("This model has no map. `motionclip draw-map --model FOLDER` draws it.")
        return
    entries, drawn = bank.entries, bank.atlas

    def atlas(_: Any = None) -> dict[str, Any]:
        """Places, labels and families of all known motions."""
        labels = bank.labels
        number = {label: n for n, label in enumerate(labels)}
        family = dict(zip(bank.actions, drawn.family_of.tolist(), strict=True))
        return {
            "points": (_WHOLE * drawn.points).round().int().flatten().tolist(),
            "label_of": [number[entry.label] for entry in entries],
            "labels": labels,
            "family_of": [family[entry.action] for entry in entries],
            "families": list(drawn.families),
        }

    def one(asked: Any) -> dict[str, Any]:
        """The motion of an entry, by its number."""
        return answered(lambda: _one(mc, asked))

    def take(asked: Any) -> dict[str, Any]:
        """The same for the stage, with the token of its files."""

        def show() -> dict[str, Any]:
            motion = mc.as_motion(entries[_number(asked, len(entries))])
            return {"scene": scene([motion], [motion.name], motion.name), "token": shelf.put_motion(motion, "known")}

        return answered(show)

    def way(asked: Any) -> dict[str, Any]:
        """The way between two entries: what it passes, and its motions for the stage."""

        def show() -> dict[str, Any]:
            a, b = (entries[_number(number, len(entries))] for number in asked)
            motions = mc.interpolate(a, b, steps=STEPS)
            shares = np.linspace(0, 1, STEPS).round(3).tolist()
            between = {
                "name": f"{a.label} to {b.label}",
                "figures": [mixed(motions, shares, "between")],
                "layout": "beside",
                "slider": {
                    "label": f"From {a.label} to {b.label}",
                    "min": 0, "max": 1, "value": 0.5, "from": a.label, "to": b.label,
                },
            }  # fmt: skip
            passed = [
                {"x": _WHOLE * w.place[0], "y": _WHOLE * w.place[1], "label": w.entry.label} for w in mc.way(a, b)
            ]
            return {"scene": between, "passed": passed, "token": shelf.put_mix(motions, shares, "between")}

        return answered(show)

    def find(words: Any) -> dict[str, Any]:
        """Where words belong on the map, and the known motions nearest to them."""

        def show() -> dict[str, Any]:
            x, y = mc.place(str(words))
            near = [{"number": entry.index, "label": entry.label} for entry in mc.nearest(str(words), 6)]
            return {"x": _WHOLE * x, "y": _WHOLE * y, "near": near}

        return answered(show)

    gr.Markdown(
        "All motions that the model knows: near means alike. Point at a dot and it moves, click and it comes onto the "
        "stage. With “Draw a way”, drag from one dot to another."
    )
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=6, min_width=320):
            component(
                "page/map.js", elem_id="map", stage=STAGE, how=figure(), server_functions=[atlas, one, take, way, find]
            )
        with gr.Column(scale=5, min_width=320):
            stage("The figure from the map", STAGE)
            downloads(STAGE)


def answered(work: Any) -> dict[str, Any]:
    """What some work gives, or the reason why it gives nothing."""
    try:
        return told(work)()
    except gr.Error as error:
        return {"reason": error.message}


def _one(mc: MotionCLIP, asked: Any) -> dict[str, Any]:
    assert mc.bank is not None
    return {"motion": motion_text(mc.as_motion(mc.bank.entries[_number(asked, len(mc.bank))]))}


def _number(asked: Any, count: int) -> int:
    if type(asked) is not int or not 0 <= asked < count:
        raise RequestError(f"map: there is no motion number {asked!r}; there are {count:,}, the first is 0")
    return asked
