"""The fourth tab: what a motion shows, by the cosine of its latent to the labels' embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import gradio as gr

from motionclip import Motion, MotionCLIP
from motionclip.bank import CONTRAST
from motionclip.errors import RequestError
from motionclip.labels import BABEL_60, parse_labels
from motionclip.viz.plots import timeline_picture

from .ends import chosen, end_input
from .own import control
from .player import figure_file, frames_of, npz_files, told
from .stage import busy, clear, component, scene, stage

OURS, BABEL, OWN = "the actions it learned", "BABEL's 60 classes", "my own list"
STAGE = "read-stage"
TOP = 5
# From which lead of the first cosine over the second, and above which cosine, an answer is said so.
SURE, LIKELY, FAR = 0.08, 0.03, 0.25


def build(mc: MotionCLIP, asked: Sequence[gr.components.Component]) -> None:
    """Lay out the tab and wire it to the pipeline; `asked` are the first tab's inputs."""

    def labels_of(label_set: str, own_labels: str) -> list[str] | None:
        if label_set not in (OURS, BABEL, OWN):
            raise RequestError(f"label set: must be one of {OURS}, {BABEL}, {OWN}")
        return parse_labels(own_labels) if label_set == OWN else {OURS: None, BABEL: list(BABEL_60)}[label_set]

    def motion_of(file: str | None, known: str, words: str) -> Motion:
        return mc.as_motion(chosen(mc, words, known, file, "Motion")[0])

    @told
    def recognize(
        file: str | None = None, known: str = "", words: str = "", label_set: str = OURS, own_labels: str = ""
    ):
        """What a motion shows: the moving figure as a GLB file, the five best labels with their cosines, and for long
        ones a timeline.

        Args:
            file: an AMASS npz or BVH file; it goes before a known motion's name, and that before words.
        """
        motion, labels = motion_of(file, known, words), labels_of(label_set, own_labels)
        best = {label: max(score, 0.0) for label, score in mc.recognize(motion, labels, top=TOP)}
        long = len(motion) > mc.model.config.window
        drawn = timeline_picture(mc.timeline(motion, labels), motion.duration) if long else None
        return figure_file(motion), best, drawn

    @told
    def show(file, known, words, label_set, own_labels):
        motion, labels = motion_of(file, known, words), labels_of(label_set, own_labels)
        best = mc.recognize(motion, labels, top=TOP)
        long = len(motion) > mc.model.config.window
        stretches = mc.timeline(motion, labels) if long else []
        segments = [{"label": each.label, "start": each.start, "end": each.end} for each in stretches]
        shown = scene([motion], [motion.name], motion.name or words, segments=segments)
        return shown, {"text": said(best, [each.label for each in stretches]), "bars": bars(best)}

    @told
    def last(prompt: str, seconds: float, seed: float, closeness: float):
        motion = mc.generate(prompt, frames_of(seconds), int(seed), closeness)
        return npz_files([motion], ["motion"])[0]

    gr.Markdown(
        "Drop in motion capture, and read what it shows. Any labels will do: the model was not trained for a "
        "fixed list."
    )
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            figure = stage("The figure whose motion is read", STAGE)
            control()
        with gr.Column(scale=3, min_width=260):
            motion = end_input(mc, "Motion in words (to be made, then read)", "kick", "read-words", file_first=True)
            take = gr.Button("Use the motion of the first tab", size="sm")
            label_set = gr.Radio([OURS, BABEL, OWN], value=OURS, label="Labels to choose from")
            own = gr.Textbox(
                "", label="My own labels, one a line", lines=4, visible=False, max_length=20_000, elem_id="own-labels"
            )
            go = gr.Button("Read it", variant="primary", elem_id="recognize")
            best = component("page/bars.js")

    inputs = [motion.file, motion.known, motion.words, label_set, own]
    label_set.change(
        lambda chosen: gr.Textbox(visible=chosen == OWN), label_set, own, queue=False, api_visibility="private"
    )
    take.click(last, list(asked), motion.file, api_visibility="private")
    shown = gr.on(
        [go.click, motion.words.submit],
        show,
        inputs,
        [figure, best],
        js=busy(STAGE, "reading …"),
        api_visibility="private",
        show_progress="hidden",
    )
    shown.then(None, js=clear(STAGE))
    gr.Button(visible=False).click(
        recognize,
        inputs,
        [gr.File(visible=False), gr.Label(visible=False), gr.Image(visible=False)],
        api_name="recognize",
    )


def said(best: Sequence[tuple[str, float]], stretches: Sequence[str] = ()) -> str:
    """What a motion shows, in words that say how sure that is.

    best: labels with their cosines, best first. stretches: the labels of a long motion's stretches, in order.
    """
    if len(stretches) > 1:
        return f"In turn: {', '.join(stretches)}. As a whole it is nearest to {best[0][0]}."
    (label, score), lead = best[0], best[0][1] - best[1][1] if len(best) > 1 else SURE
    if score < FAR:
        return f"None of these labels fits well; {label} fits best."
    if lead >= SURE:
        return f"This is: {label}."
    return f"Most likely: {label}." if lead >= LIKELY else f"{label}, or {best[1][0]}: they are hard to tell apart."


def bars(best: Sequence[tuple[str, float]]) -> list[dict[str, object]]:
    """Labels with the length of their bars, from 0 to 1: how likely each is beside the best, whose bar is full."""
    top = best[0][1]
    return [{"label": label, "share": round(math.exp((score - top) / CONTRAST), 3)} for label, score in best]
