"""The third tab: move a style, or any difference between two motions, onto a third."""

from __future__ import annotations

from typing import Any

import gradio as gr

from motionclip import MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_SEED, MIN_SECONDS
from motionclip.motion.body_parts import BODY_PARTS, BodyPart

from . import content
from .character_requests import control
from .downloads import downloads, offered
from .end_input import chosen, end_input, linked, picked
from .motion_store import motion_store
from .request_handling import all_files, frames_of, handle_errors, npz_files
from .script_answers import handle_errors_on_stage
from .stage import anew, busy, chips, clear, component, mixed, stage

STAGE = "style-stage"
STRENGTHS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0)  # that are decoded; the browser mixes what lies between


def build(mc: MotionCLIP, model: str) -> None:
    """Lay out the tab and wire it to the pipeline.

    Args:
        mc: the model.
        model: its name, for links.
    """

    @handle_errors
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
        source_known: str = "",
        target_known: str = "",
        source_file: str | None = None,
        target_file: str | None = None,
    ):
        """Base plus strength × (to − from): the motion before as npz, and after as video and files.

        Args:
            base: the motion to change, in words; a known motion's name or a file goes before it.
            source: what it is like now, e.g. "walk"; likewise.
            target: what it should be like, e.g. "walk like an old person"; likewise.
        """
        what, _ = chosen(mc, base, base_known, base_file, "Motion")
        a, _ = chosen(mc, source, source_known, source_file, "From")
        b, _ = chosen(mc, target, target_known, target_file, "To")
        before = mc.as_motion(what, frames_of(seconds), int(seed))
        after = mc.edit(before, a, b, strength, part=part)
        return npz_files([before], ["before"])[0], *all_files(after, "edited")

    @handle_errors_on_stage(1)
    def show(*values):
        *ends, part, seconds, seed = values
        what, name = picked(mc, ends[:4], "Motion")
        (a, name_a), (b, name_b) = picked(mc, ends[4:8], "From"), picked(mc, ends[8:], "To")
        plain = (part, seconds, seed) == ("whole body", 2, 0)
        before = mc.as_motion(what, frames_of(seconds), int(seed))
        edited = mc.edit_strengths(before, a, b, STRENGTHS, part=part)
        scene: dict[str, Any] = {
            "name": f"{name}: {name_a} to {name_b}",
            "figures": [mixed([before], [0], "before"), mixed(edited, STRENGTHS, "after")],
            "layout": "beside",
            "request": linked(ends, ["base", "from", "to"]) if plain else None,
            "slider": {
                "label": "Strength", "min": STRENGTHS[0], "max": STRENGTHS[-1], "step": 0.02, "value": 1,
                "from": "the opposite", "to": "twice as much",
            },
        }  # fmt: skip
        return anew(scene), offered(motion_store.put_mix(edited, STRENGTHS, "edited"))

    gr.Markdown(
        "Take a motion, say what it is like and what it should be like instead. Its timing and path stay.",
        elem_classes="lead",
    )
    with gr.Row(elem_classes="ends"):
        base = end_input(mc, "Motion", "walk", "style-base")
        source = end_input(mc, "From", "walk", "style-from")
        target = end_input(mc, "To", "walk like an old person", "style-to")
        go = gr.Button("Change it", variant="primary", elem_id="edit", min_width=120, scale=0)
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            figure = stage(
                "Two figures side by side, before and after the change",
                STAGE,
                empty="“Change it” brings the motion here, before and after.",
            )
            files = downloads(STAGE, "The changed motion, as the slider says:")
            only = "A link has no place for a file, nor for another part, length or take than at first."
            component("page/share.js", tab="style", model=model, only=only)
            control()
        with gr.Column(scale=3, min_width=260):
            with gr.Accordion("Which part, how long, which take", open=False):
                strength = gr.Slider(-2, 3, value=1.0, step=0.1, label="Strength", visible=False)  # for programs
                part = gr.Radio(list(BODY_PARTS), value="whole body", label="What changes")
                with gr.Row():
                    seconds = gr.Slider(
                        MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds",
                        info="of a motion in words",
                    )  # fmt: skip
                    seed = gr.Number(0, label="Take number", precision=0, minimum=0, maximum=MAX_SEED, min_width=80)
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

    shown = gr.on(
        [submit for end in (base, source, target) for submit in (end.words.submit, end.known.submit)] + [go.click],
        show,
        [*base.inputs, *source.inputs, *target.inputs, part, seconds, seed],
        [figure, files],
        js=busy(STAGE, "changing it …"),
        api_visibility="private",
        show_progress="hidden",
    )
    shown.then(None, js=clear(STAGE))
    gr.Button(visible=False).click(
        edit,
        [
            base.words,
            source.words,
            target.words,
            strength,
            base.known,
            base.file,
            part,
            seconds,
            seed,
            source.known,
            target.known,
            source.file,
            target.file,
        ],  # fmt: skip
        [gr.File(visible=False), gr.Video(visible=False), gr.Files(visible=False)],
        api_name="edit",
    )
