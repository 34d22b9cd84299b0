"""The fourth tab: what a motion shows, by the scores that `MotionCLIP.label_scores` gives the labels."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
import torch

from motionclip import Motion, MotionCLIP
from motionclip.errors import RequestError
from motionclip.labels import BABEL_60, parse_labels
from motionclip.viz.plots import timeline_picture

from .character_requests import control
from .downloads import downloads, offered
from .end_input import FILE, chosen, end_input, picked
from .motion_store import motion_store
from .recognition_sureness import ACTIONS, FROM, LIST, sentence, shares, word
from .request_handling import figure_file, handle_errors, npz_files, step_frames
from .script_answers import handle_errors_on_stage
from .stage import busy, clear, component, scene, stage

OURS, BABEL, OWN = "the actions it learned", "BABEL's 60 classes", "my own list"
STAGE = "read-stage"
TOP = 5


def build(mc: MotionCLIP, first_tab: Sequence[gr.components.Component]) -> None:
    """Lay out the tab and wire it to the pipeline.

    Args:
        mc: the model.
        first_tab: its inputs: prompt, seconds, seed and closeness.
    """

    def labels_of(label_set: str, own_labels: str) -> list[str] | None:
        if label_set not in (OURS, BABEL, OWN):
            raise RequestError(f"label set: must be one of {OURS}, {BABEL}, {OWN}")
        return parse_labels(own_labels) if label_set == OWN else {OURS: None, BABEL: list(BABEL_60)}[label_set]

    @handle_errors
    def recognize(
        file: str | None = None, known: str = "", words: str = "", label_set: str = OURS, own_labels: str = ""
    ):
        """What a motion shows: the moving figure as a GLB file, the five best labels with their scores, and for long
        ones a timeline.

        Args:
            file: an AMASS npz or BVH file; it goes before a known motion's name, and that before words.
        """
        motion = mc.as_motion(chosen(mc, words, known, file, "Motion")[0])
        labels = labels_of(label_set, own_labels)
        best = {label: max(score, 0.0) for label, score in mc.recognize(motion, labels, top=TOP)}
        long = len(motion) > mc.model.config.window
        drawn = timeline_picture(mc.timeline(motion, labels), motion.duration) if long else None
        return figure_file(motion), best, drawn

    @handle_errors_on_stage(2)
    def show(by, words, known, file, label_set, own_labels):
        end, name = picked(mc, (by, words, known, file), "Motion")
        motion, labels = mc.as_motion(end), labels_of(label_set, own_labels)
        best = likeliest(mc, motion, labels)
        sure = word(best[0][1], FROM[ACTIONS if labels is None else LIST])
        long = len(motion) > mc.model.config.window
        stretches = mc.timeline(motion, labels) if long else []
        segments = [{"label": each.label, "start": each.start, "end": each.end} for each in stretches]
        shown = scene([motion], [name], name, segments=segments)
        bars = {
            "text": sentence(best, sure, [each.label for each in stretches]),
            "sure": sure,
            "bars": [{"label": label, "share": round(share, 4)} for label, share in best],
        }
        return shown, bars, offered(motion_store.put_motion(motion, "motion"))

    @handle_errors
    def last(prompt: str, seconds: float, seed: float, closeness: float):
        motion = mc.generate(prompt, step_frames(seconds), int(seed), closeness)
        return npz_files([motion], ["motion"])[0], FILE

    gr.Markdown(
        "Drop in motion capture, and read what it shows. Any labels will do: the model was not trained for a "
        "fixed list.",
        elem_classes="lead",
    )
    with gr.Row(elem_classes="ends"):
        motion = end_input(mc, "Motion", "kick", "read-words", first=FILE)
        go = gr.Button("Read it", variant="primary", elem_id="recognize", min_width=120, scale=0)
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=6, min_width=320):
            figure = stage("The figure whose motion is read", STAGE, empty="“Read it” brings the motion here.")
            files = downloads(STAGE)
            control()
        with gr.Column(scale=4, min_width=260):
            best = component("page/bars.js")
            label_set = gr.Radio([OURS, BABEL, OWN], value=OURS, label="Labels to choose from")
            own = gr.Textbox(
                "", label="My own labels, one a line", lines=4, visible=False, max_length=20_000, elem_id="own-labels"
            )
            take = gr.Button("Use the motion of the first tab", size="sm")

    inputs = [motion.file, motion.known, motion.words, label_set, own]
    label_set.change(
        lambda chosen: gr.Textbox(visible=chosen == OWN), label_set, own, queue=False, api_visibility="private"
    )
    take.click(last, list(first_tab), [motion.file, motion.by], api_visibility="private")
    shown = gr.on(
        [go.click, motion.words.submit, motion.known.submit],
        show,
        [*motion.inputs, label_set, own],
        [figure, best, files],
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


def likeliest(mc: MotionCLIP, motion: Motion, labels: Sequence[str] | None) -> list[tuple[str, float]]:
    """The labels that fit a motion best.

    Args:
        mc: the model.
        motion: the motion.
        labels: the labels; None for the actions that the model knows.

    Returns:
        Label and probability, best first. The probability is among all these labels and all actions that the model
        knows.
    """
    known = mc.bank.actions if mc.bank else []
    beside = list(dict.fromkeys([*(labels or []), *known])) or None
    scored = mc.recognize(motion, beside, top=len(beside or BABEL_60))
    share = shares(torch.tensor([score for _, score in scored])).tolist()
    among = {label for label, _ in scored} if labels is None else set(labels)
    found = [(label, one) for (label, _), one in zip(scored, share, strict=True) if label in among]
    return found[:TOP]
