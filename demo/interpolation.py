"""The second tab: one motion becomes another, along the way between their latents."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr
import numpy as np

from motionclip import Motion, MotionCLIP
from motionclip.constants import MAX_SECONDS, MIN_SECONDS
from motionclip.viz.render import strip

from . import content
from .downloads import downloads, offered
from .ends import chosen, end_input
from .own import control
from .player import frames_of, npz_files, take_home, told
from .shelf import shelf
from .stage import busy, chips, clear, mixed, stage

STEPS = 11
STAGE = "path-stage"


def build(mc: MotionCLIP) -> None:
    """Lay out the tab and wire it to the pipeline."""

    def both(start: str, end: str, start_known: str, end_known: str, start_file: str | None, end_file: str | None):
        return chosen(mc, start, start_known, start_file, "From"), chosen(mc, end, end_known, end_file, "To")

    @told
    def interpolate(
        start: str,
        end: str,
        start_known: str = "",
        end_known: str = "",
        start_file: str | None = None,
        end_file: str | None = None,
        seconds: float = 2.0,
        seed: float = 0,
    ):
        """Eleven motions from one end to the other: an npz file of each, and a picture of their middle poses.

        Args:
            start: the first motion in words; a known motion's name or a file goes before it.
            end: the last motion in words; likewise.
        """
        (a, _), (b, _) = both(start, end, start_known, end_known, start_file, end_file)
        motions = mc.interpolate(a, b, steps=STEPS, seed=int(seed), frames=frames_of(seconds))
        names = [f"{number:02}_{10 * number}_percent" for number in range(STEPS)]
        return npz_files(motions, names), strip(motions)

    @told
    def blend(
        start: str,
        end: str,
        start_known: str = "",
        end_known: str = "",
        start_file: str | None = None,
        end_file: str | None = None,
        seed: float = 0,
    ):
        """One long motion that begins as the first and becomes the second, as video and files."""
        return take_home(blended(start, end, start_known, end_known, start_file, end_file, seed), "blend")

    def blended(*asked) -> Motion:
        (a, name_a), (b, name_b) = both(*asked[:6])
        motion = mc.blend(a, b, frames=240, seed=int(asked[6]))
        return replace(motion, name=f"{name_a} to {name_b}")

    @told
    def show(start, end, start_known, end_known, start_file, end_file, seconds, seed):
        (a, name_a), (b, name_b) = both(start, end, start_known, end_known, start_file, end_file)
        motions = mc.interpolate(a, b, steps=STEPS, seed=int(seed), frames=frames_of(seconds))
        way = np.linspace(0, 1, STEPS).round(3).tolist()
        scene = {
            "name": f"{name_a} to {name_b}",
            "figures": [
                mixed(motions[:1], [0], name_a),
                mixed(motions, way, "between"),
                mixed(motions[-1:], [0], name_b),
            ],
            "layout": "beside",
            "slider": {
                "label": f"From {name_a} to {name_b}", "min": 0, "max": 1, "value": 0.5, "from": name_a, "to": name_b,
            },
        }  # fmt: skip
        whole = start, end, start_known, end_known, start_file, end_file, seed
        return (
            scene,
            offered(shelf.put_mix(motions, way, "between")),
            offered(shelf.put(lambda _: blended(*whole), "blend")),
        )

    gr.Markdown("Two motions, and everything in between: drag the slider under the figures.")
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            figure = stage("A figure between two motions, with the two beside it", STAGE)
            files = downloads(STAGE, "The figure between, as the slider says:")
            long = downloads(STAGE, "One long clip from the first to the second:")
            control()
        with gr.Column(scale=3, min_width=260):
            start = end_input(mc, "From", "walk", "from-words")
            end = end_input(mc, "To", "dance salsa", "to-words")
            go = gr.Button("Show the way", variant="primary", elem_id="interpolate")
            with gr.Row():
                seconds = gr.Slider(MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds")
                seed = gr.Number(0, label="Take number", precision=0, minimum=0, maximum=2**31 - 1, min_width=80)
            chips(
                ["from-words", "to-words"],
                "interpolate",
                {"Try (the first two are the paper's)": {f"{a} → {b}": [a, b] for a, b in content.INTERPOLATIONS}},
            )

    ends = [start.words, end.words, start.known, end.known, start.file, end.file]
    shown = gr.on(
        [go.click, start.words.submit, end.words.submit],
        show,
        [*ends, seconds, seed],
        [figure, files, long],
        js=busy(STAGE, "working out the way …"),
        api_visibility="private",
        show_progress="hidden",
    )
    shown.then(None, js=clear(STAGE))
    ask = gr.Button(visible=False)
    ask.click(
        interpolate,
        [*ends, seconds, seed],
        [gr.Files(visible=False), gr.Image(visible=False)],
        api_name="interpolate",
    )
    ask.click(blend, [*ends, seed], [gr.Video(visible=False), gr.Files(visible=False)], api_name="blend")
