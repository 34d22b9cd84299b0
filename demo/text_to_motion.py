"""The first tab: a prompt becomes a moving body."""

from __future__ import annotations

import gradio as gr

from motionclip import CLOSENESS, MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_TEXT, MIN_SECONDS
from motionclip.pipeline import Verdict

from . import content
from .player import (
    figure_file,
    figure_view,
    frames_of,
    take_home,
    told,
    video_and_files,
    video_file,
)
from .together import MOST, Together

SUGGESTIONS = 3
NO_VERDICT = "This model has no list of known motions to compare with."


def build(mc: MotionCLIP, page: gr.Blocks) -> gr.Files:
    """Lay out the tab and wire it to the pipeline; returns the component that holds the last motion's files."""

    # The files of a motion are asked for right after it, and examples again and again.
    made = Together(mc)

    @told
    def generate(prompt: str, seconds: float = 2.0, seed: float = 0, closeness: float = CLOSENESS):
        """Text to motion: the figure moving in 3D, the nearest known motions, and whether that is known or a guess.

        Args:
            prompt: what the body does, in English, e.g. "a person walks like a zombie", "walk, then bow", "jump three
                times", "kick with the left leg" or "walk while waving".
            seconds: length of the motion, or of each of its steps, 0.7 to 6.5.
            seed: which instance of it; another number gives another motion.
            closeness: 0 takes the words as they are, 1 as the nearest that the model knows.
        """
        asked = prompt, frames_of(seconds), int(seed), closeness
        figure = figure_file(made(*asked))
        if mc.bank is None:
            return figure, None, NO_VERDICT
        nearest = {entry.label: max(entry.similarity, 0.0) for entry in mc.nearest(prompt, 5, closeness)}
        return figure, nearest, spoken(mc.verdict(prompt)) if mc.reader else NO_VERDICT

    @told
    def suggest(prompt: str):
        """Buttons with what else may have been meant."""
        others = mc.verdict(prompt).others if mc.reader else ()
        named = [*others[:SUGGESTIONS], *[""] * (SUGGESTIONS - len(others))]
        return gr.Row(visible=bool(others)), *(gr.Button(name, visible=bool(name)) for name in named)

    @told
    def film(prompt: str, seconds: float = 2.0, seed: float = 0, closeness: float = CLOSENESS):
        """The same motion as a skeleton video."""
        asked = prompt, frames_of(seconds), int(seed), closeness
        return video_file(made(*asked), "motion")

    @told
    def take(prompt: str, seconds: float = 2.0, seed: float = 0, closeness: float = CLOSENESS):
        """The same motion as files: npz, BVH, GLB, mp4, gif."""
        asked = prompt, frames_of(seconds), int(seed), closeness
        return take_home(made(*asked), "motion")[1]

    gr.Markdown(
        "Type a motion, anything that suggests one, or several (“walk, then bow”). Sides, counts, tempo and things "
        "done at once are heeded: “kick with the left leg”, “jump three times”, “walk slowly”, “walk while waving”."
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            prompt = gr.Textbox(
                label="What should the body do?",
                placeholder=content.FIRST_PROMPT,
                lines=2,
                max_lines=4,
                max_length=MAX_TEXT,
                submit_btn=False,
                autofocus=True,
                elem_id="prompt",
            )
            with gr.Row():
                make = gr.Button("Generate", variant="primary", elem_id="generate")
                again = gr.Button("Another sample", elem_id="again")
            with gr.Row():
                seconds = gr.Slider(
                    MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds", info="of each step"
                )
                seed = gr.Number(
                    0,
                    label="Seed",
                    precision=0,
                    minimum=0,
                    maximum=2**31 - 1,
                    min_width=80,
                    info="same seed, same motion",
                )
            closeness = gr.Slider(
                0,
                1,
                value=CLOSENESS,
                step=0.1,
                label="Closeness to known motions",
                info="for words that are new to the model: 0 follows the words, 1 what it knows near them",
            )
            gr.Examples([[text] for text in content.KNOWN], prompt, label="Motions it was shown", examples_per_page=20)
            gr.Examples(
                [[text] for text in content.UNHEARD],
                prompt,
                label="Words no motion was labelled with (from the paper)",
                examples_per_page=20,
            )
        with gr.Column(scale=3, min_width=320):
            figure = figure_view()
            known = gr.Markdown(elem_classes="verdict")
            with gr.Row(visible=False) as meant:
                gr.Markdown("Did you mean:")
                buttons = [gr.Button(visible=False, size="sm", min_width=80) for _ in range(SUGGESTIONS)]
            with gr.Accordion("Video and files", open=True), gr.Row():
                video, files = video_and_files("Skeleton video")
            nearest = gr.Label(label="Nearest known motions (cosine similarity)", num_top_classes=5)

    asked = [prompt, seconds, seed, closeness]
    result = [figure, nearest, known]
    asked_for = gr.on([make.click, prompt.submit], generate, asked, result, api_name="generate", concurrency_limit=MOST)
    hints = [meant, *buttons]
    asked_for.success(suggest, prompt, hints, queue=False, api_visibility="private")
    filmed = asked_for.success(film, asked, video, api_name="video")
    filmed.success(take, asked, files, api_name="files")
    reseeded = again.click(lambda seed: int(seed) + 1, seed, seed, queue=False, api_visibility="private")
    opened = page.load(lambda: content.FIRST_PROMPT, None, prompt, queue=False, api_visibility="private")
    chosen = [b.click(lambda name: name, b, prompt, queue=False, api_visibility="private") for b in buttons]
    for before in (reseeded, opened, *chosen):
        shown = before.then(generate, asked, result, api_visibility="private")
        shown.success(suggest, prompt, hints, queue=False, api_visibility="private")
        filmed = shown.success(film, asked, video, api_visibility="private")
        filmed.success(take, asked, files, api_visibility="private")
    return files


def spoken(verdict: Verdict) -> str:
    """A verdict for the page."""
    shown = ", then ".join(verdict.actions)
    if verdict.level == "known":
        return f"**Known:** {shown}."
    if verdict.level == "guess":
        return f"**A guess:** {shown}. The model is not sure that this is what you mean."
    return f"**Not understood:** {verdict.reason}. What moves is hardly what you mean ({shown})."
