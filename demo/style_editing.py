"""The third tab: move a style, or any difference between two motions, onto a third."""

from __future__ import annotations

from typing import Any

import gradio as gr

from motionclip import MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_TEXT, MIN_SECONDS
from motionclip.errors import RequestError
from motionclip.motion.body_parts import BODY_PARTS, BodyPart

from . import content
from .downloads import downloads, offered
from .ends import chosen, end_input
from .own import control
from .player import frames_of, npz_files, take_home, told
from .shelf import shelf
from .stage import busy, chips, clear, mixed, stage

STAGE = "style-stage"
STRENGTHS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)  # that are decoded; the browser mixes what lies between


def build(mc: MotionCLIP) -> None:
    """Lay out the tab and wire it to the pipeline."""

    def base_of(base: str, known: str, file: str | None, seconds: float, seed: int):
        what, name = chosen(mc, base, known, file, "Motion")
        return mc.as_motion(what, frames_of(seconds), seed), name

    @told
    def edit(
        base: str,
        source: str,
        target: str,
        strength: float = 1.0,
        base_known: str = "",
        base_file: str | None = None,
        part: BodyPart = "whole body",
        seconds: float = 2.0,
        seed: float = 0,
    ):
        """Base plus strength × (to − from): the motion before as npz, and after as video and files.

        Args:
            base: the motion to change, in words; a known motion's name or a file goes before it.
            source: what it is like now, e.g. "walk".
            target: what it should be like, e.g. "walk like an old person".
        """
        before, _ = base_of(base, base_known, base_file, seconds, int(seed))
        after = mc.edit(before, _said(source, "From"), _said(target, "To"), strength, part=part)
        return npz_files([before], ["before"])[0], *take_home(after, "edited")

    @told
    def show(base, source, target, base_known, base_file, part, seconds, seed):
        before, name = base_of(base, base_known, base_file, seconds, int(seed))
        a, b = _said(source, "From"), _said(target, "To")
        edited = mc.edit_strengths(before, a, b, STRENGTHS, part=part)
        scene: dict[str, Any] = {
            "name": f"{name}: {a} to {b}",
            "figures": [mixed([before], [0], "before"), mixed(edited, STRENGTHS, "after")],
            "layout": "beside",
            "slider": {
                "label": "Strength", "min": STRENGTHS[0], "max": STRENGTHS[-1], "step": 0.02, "value": 1,
                "from": "the opposite", "to": "twice as much",
            },
        }  # fmt: skip
        return scene, offered(shelf.put_mix(edited, STRENGTHS, "edited"))

    gr.Markdown("Take a motion, say what it is like and what it should be like instead. Its timing and path stay.")
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            figure = stage("Two figures side by side, before and after the change", STAGE)
            files = downloads(STAGE, "The changed motion, as the slider says:")
            control()
        with gr.Column(scale=3, min_width=260):
            base = end_input(mc, "Motion", "walk", "style-base")
            with gr.Row():
                source = gr.Textbox(
                    label="From", placeholder="walk", max_length=MAX_TEXT, min_width=120, elem_id="style-from"
                )
                target = gr.Textbox(
                    label="To", placeholder="walk like an old person", max_length=MAX_TEXT, min_width=120,
                    elem_id="style-to",
                )  # fmt: skip
            go = gr.Button("Change it", variant="primary", elem_id="edit")
            with gr.Accordion("Which part, how long, which take", open=False):
                strength = gr.Slider(-2, 3, value=1.0, step=0.1, label="Strength", visible=False)  # for programs
                part = gr.Radio(list(BODY_PARTS), value="whole body", label="What changes")
                with gr.Row():
                    seconds = gr.Slider(
                        MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds",
                        info="of a motion in words",
                    )  # fmt: skip
                    seed = gr.Number(0, label="Take number", precision=0, minimum=0, maximum=2**31 - 1, min_width=80)
            chips(
                ["style-base", "style-from", "style-to"],
                "edit",
                {
                    "A walk, but …": {
                        target.removeprefix("walk "): [base, of, target] for base, of, target in content.STYLES
                    },
                    "From the paper": {
                        f"{base}: {of} → {target}": [base, of, target] for base, of, target in content.EDITS
                    },
                },
            )

    asked = [base.words, source, target, strength, base.known, base.file, part, seconds, seed]
    shown = gr.on(
        [go.click, base.words.submit, source.submit, target.submit],
        show,
        [component for component in asked if component is not strength],
        [figure, files],
        js=busy(STAGE, "changing it …"),
        api_visibility="private",
        show_progress="hidden",
    )
    shown.then(None, js=clear(STAGE))
    gr.Button(visible=False).click(
        edit,
        asked,
        [gr.File(visible=False), gr.Video(visible=False), gr.Files(visible=False)],
        api_name="edit",
    )


def _said(words: str, what: str) -> str:
    if not words or not words.strip():
        raise RequestError(f'{what}: say it in words, as in "walk"')
    return words
