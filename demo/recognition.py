"""The fourth tab: what a motion shows, by the cosine of its latent to the labels' embeddings."""

from __future__ import annotations

import gradio as gr

from motionclip import MotionCLIP
from motionclip.errors import RequestError
from motionclip.labels import BABEL_60, parse_labels
from motionclip.viz.plots import timeline_picture

from .ends import chosen, end_input
from .player import figure_file, figure_view, picture, told

OURS, BABEL, OWN = "the actions it learned", "BABEL's 60 classes", "my own list"


def build(mc: MotionCLIP, generated: gr.Files) -> None:
    """Lay out the tab and wire it to the pipeline; `generated` holds the files of the last generated motion."""

    @told
    def recognize(
        file: str | None = None, known: str = "", words: str = "", label_set: str = OURS, own_labels: str = ""
    ):
        """What a motion shows: the figure, the five best labels with their cosines, and for long ones a timeline.

        Args:
            file: an AMASS npz or BVH file; it goes before a known motion's name, and that before words.
        """
        what, _ = chosen(mc, words, known, file, "Motion")
        motion = mc.as_motion(what)
        labels = {OURS: None, BABEL: list(BABEL_60)}.get(label_set) if label_set != OWN else parse_labels(own_labels)
        if label_set not in (OURS, BABEL, OWN):
            raise RequestError(f"label set: must be one of {OURS}, {BABEL}, {OWN}")
        best = {label: max(score, 0.0) for label, score in mc.recognize(motion, labels, top=5)}
        long = len(motion) > mc.model.config.window
        drawn = timeline_picture(mc.timeline(motion, labels), motion.duration) if long else None
        return figure_file(motion), best, drawn, gr.Column(visible=long)

    gr.Markdown(
        "Drop in motion capture, and read what it shows. Any labels will do: the model was not trained for a "
        "fixed list."
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            motion = end_input(mc, "Motion in words (to be generated, then read)", "kick", file_first=True)
            last = gr.Button("Use the last generated motion", size="sm")
            label_set = gr.Radio([OURS, BABEL, OWN], value=OURS, label="Labels to choose from")
            own = gr.Textbox("", label="My own labels, one a line", lines=4, visible=False, max_length=20_000)
            go = gr.Button("Recognize", variant="primary", elem_id="recognize")
        with gr.Column(scale=3, min_width=320):
            figure = figure_view(400)
            with gr.Column(visible=False) as over_time:
                timeline = picture("What, from when to when")
            best = gr.Label(label="Best labels (cosine similarity)", num_top_classes=5)

    label_set.change(lambda chosen: gr.Textbox(visible=chosen == OWN), label_set, own, api_visibility="private")
    last.click(_npz_of, generated, motion.file, api_visibility="private")
    go.click(
        recognize,
        [motion.file, motion.known, motion.words, label_set, own],
        [figure, best, timeline, over_time],
        api_name="recognize",
    )


@told
def _npz_of(files: list[str] | None) -> str:
    """The npz among the downloads of the first tab."""
    paths = [path for path in files or [] if path.endswith(".npz")]
    if not paths:
        raise RequestError('nothing was generated yet: go to the tab "Text to motion" first')
    return paths[0]
