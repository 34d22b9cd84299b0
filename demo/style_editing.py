"""The third tab: move a style, or any difference between two motions, onto a third."""

from __future__ import annotations

import gradio as gr

from motionclip import MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_TEXT, MIN_SECONDS
from motionclip.errors import RequestError
from motionclip.motion.body_parts import BODY_PARTS

from . import content
from .ends import chosen, end_input
from .player import frames_of, take_home, told, video_and_files
from .stage import scene, stage


def build(mc: MotionCLIP) -> None:
    """Lay out the tab and wire it to the pipeline."""

    def base_of(base: str, known: str, file: str | None, seconds: float, seed: int):
        what, _ = chosen(mc, base, known, file, "Base")
        return mc.as_motion(what, frames_of(seconds), seed)

    @told
    def edit(
        base: str,
        source: str,
        target: str,
        strength: float = 1.0,
        base_known: str = "",
        base_file: str | None = None,
        part: str = "whole body",
        seconds: float = 2.0,
        seed: float = 0,
    ):
        """Base plus strength × (to − from): the motion before and after, side by side.

        Args:
            base: the motion to change, in words; a known motion's name or a file goes before it.
            source: what it is like now, e.g. "walk".
            target: what it should be like, e.g. "walk like an old person".
        """
        before = base_of(base, base_known, base_file, seconds, int(seed))
        after = mc.edit(before, _said(source, "From"), _said(target, "To"), strength, part=part)
        files = take_home(after, "edited")
        return scene([before, after], ["before", "after"]), *files

    gr.Markdown("Take a motion, say what it is like and what it should be like instead. Its timing and path stay.")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            base = end_input(mc, "Base", "walk")
            with gr.Row():
                source = gr.Textbox(label="From", placeholder="walk", max_length=MAX_TEXT, min_width=120)
                target = gr.Textbox(
                    label="To", placeholder="walk like an old person", max_length=MAX_TEXT, min_width=120
                )
            strength = gr.Slider(-2, 3, value=1.0, step=0.1, label="Strength")
            part = gr.Radio(list(BODY_PARTS), value="whole body", label="What changes")
            with gr.Row():
                seconds = gr.Slider(
                    MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds", info="of a base in words"
                )
                seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, min_width=80)
            go = gr.Button("Edit", variant="primary", elem_id="edit")
            gr.Examples(
                content.EDITS,
                [base.words, source, target],
                label="Edits from the paper",
                examples_per_page=10,
                example_labels=[f"{b}: {s} → {t}" for b, s, t in content.EDITS],
            )
            gr.Examples(
                content.STYLES,
                [base.words, source, target],
                label="Styles of the recordings",
                examples_per_page=20,
                example_labels=[t.removeprefix("walk ") for _, _, t in content.STYLES],
            )
        with gr.Column(scale=3, min_width=320):
            figure = stage("Two skeletons side by side, before and after the edit", elem_id="pair")
            with gr.Accordion("The edited motion: video and files", open=True), gr.Row():
                video, files = video_and_files("Edited motion")

    asked = [base.words, source, target, strength, base.known, base.file, part, seconds, seed]
    go.click(edit, asked, [figure, video, files], api_name="edit")


def _said(words: str, what: str) -> str:
    if not words or not words.strip():
        raise RequestError(f'{what}: say it in words, as in "walk"')
    return words
