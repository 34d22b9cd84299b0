"""What a motion or a latent can be asked for by: words, a motion that the model knows, or a file."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from motionclip import Motion, MotionCLIP
from motionclip.constants import MAX_TEXT
from motionclip.errors import RequestError
from motionclip.files import READABLE
from motionclip.pipeline import End


@dataclass(frozen=True)
class EndInput:
    """The three components of one end; of those filled in, the file wins, then the known motion, then the words."""

    words: gr.Textbox
    known: gr.Dropdown
    file: gr.File


def end_input(mc: MotionCLIP, label: str, placeholder: str, elem_id: str, file_first: bool = False) -> EndInput:
    """Build the components, in the current layout: words in sight and the rest folded away, or the other way."""

    def build_words() -> gr.Textbox:
        # A value makes it optional for programs that call the endpoint.
        return gr.Textbox(
            "" if file_first else None, label=label, placeholder=placeholder, max_length=MAX_TEXT, elem_id=elem_id
        )

    def build_others() -> tuple[gr.Dropdown, gr.File]:
        file = gr.File(label="Motion file: AMASS npz or BVH", file_types=list(READABLE), height=120)
        known = gr.Dropdown(
            ["", *(mc.bank.labels if mc.bank else [])],
            value="",
            label="A motion that the model knows",
            info="goes before words; a file goes before both",
        )
        return known, file

    if file_first:
        known, file = build_others()
        words = build_words()
    else:
        words = build_words()
        with gr.Accordion("… or a file, or a known motion", open=False):
            known, file = build_others()
    return EndInput(words, known, file)


def chosen(mc: MotionCLIP, words: str, known: str | None, file: str | None, what: str) -> tuple[End, str]:
    """What was asked for, and a name to show for it. Raises ValueError where nothing was filled in."""
    if file:
        motion = Motion.load(file)
        return motion, motion.name
    if known:
        if mc.bank is None:
            raise RequestError(f"{what}: this model has no known motions")
        return mc.bank.find(known), known
    if not words or not words.strip():
        raise RequestError(f"{what}: say a motion in words, choose a known one, or give a file")
    return words, words.strip()
