"""The second tab: one motion becomes another, along the way between their latents."""

from __future__ import annotations

import gradio as gr

from motionclip import Motion, MotionCLIP
from motionclip.constants import MAX_SECONDS, MIN_SECONDS
from motionclip.viz.render import strip

from . import content
from .ends import chosen, end_input
from .player import frames_of, picture, take_home, told, video_and_files
from .stage import scene, stage

STEPS = 11


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
        """Eleven motions from one end to the other: joints for playing, and a picture of their middle poses.

        Args:
            start: the first motion in words; a known motion's name or a file goes before it.
            end: the last motion in words; likewise.
        """
        (a, name_a), (b, name_b) = both(start, end, start_known, end_known, start_file, end_file)
        motions = mc.interpolate(a, b, steps=STEPS, seed=int(seed), frames=frames_of(seconds))
        return scene(motions, [name_a, name_b], pick=True), strip(motions, size=320)

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
        (a, name_a), (b, name_b) = both(start, end, start_known, end_known, start_file, end_file)
        motion = mc.blend(a, b, frames=240, seed=int(seed))
        return take_home(Motion(motion.poses, motion.translation, f"{name_a} to {name_b}"), "blend")

    gr.Markdown("Two motions, and everything in between: drag the slider under the figure to pull one into the other.")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            start = end_input(mc, "From", "walk")
            end = end_input(mc, "To", "dance salsa")
            with gr.Row():
                seconds = gr.Slider(MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds")
                seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, min_width=80)
            go = gr.Button("Interpolate", variant="primary", elem_id="interpolate")
            gr.Examples(
                content.INTERPOLATIONS,
                [start.words, end.words],
                label="Try",
                example_labels=[f"{a} → {b}" for a, b in content.INTERPOLATIONS],
            )
            gr.Markdown(content.INTERPOLATION_NOTE)
        with gr.Column(scale=3, min_width=320):
            figure = stage("A skeleton that moves between the two motions", slider="From → to", elem_id="path")
            path = picture("The whole path: the middle pose of each step")
            with gr.Accordion("One long clip that becomes the other: video and files", open=True), gr.Row():
                video, files = video_and_files("Blended clip")

    ends = [start.words, end.words, start.known, end.known, start.file, end.file]
    made = go.click(interpolate, [*ends, seconds, seed], [figure, path], api_name="interpolate")
    made.success(blend, [*ends, seed], [video, files], api_name="blend")
