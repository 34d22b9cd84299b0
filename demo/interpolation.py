"""The second tab: one motion becomes another, along the way between their latents."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr
import numpy as np

from motionclip import Motion, MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_SEED, MIN_SECONDS
from motionclip.pipeline import End
from motionclip.viz.render import strip

from . import content
from .character_requests import control
from .downloads import downloads, offered
from .end_input import chosen, end_input, linked, picked
from .map_endpoints import MapEndpoints
from .motion_store import motion_store
from .request_handling import all_files, frames_of, handle_errors, npz_files
from .script_answers import handle_errors_on_stage
from .stage import anew, busy, chips, clear, component, figure, mixed, stage

STEPS = 11
STAGE = "path-stage"


def build(mc: MotionCLIP, model: str) -> None:
    """Lay out the tab and wire it to the pipeline.

    Args:
        mc: the model.
        model: its name, for links.
    """
    atlas = MapEndpoints.of(mc)

    def both(start: str, end: str, start_known: str, end_known: str, start_file: str | None, end_file: str | None):
        return chosen(mc, start, start_known, start_file, "From"), chosen(mc, end, end_known, end_file, "To")

    @handle_errors
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

    @handle_errors
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
        return all_files(blended(a, b, f"{name_a} to {name_b}", int(seed)), "blend")

    def blended(a: End, b: End, name: str, seed: int) -> Motion:
        return replace(mc.blend(a, b, frames=240, seed=seed), name=name)

    @handle_errors_on_stage(3)
    def show(*values):
        *ends, seconds, seed = values
        (a, name_a), (b, name_b) = picked(mc, ends[:4], "From"), picked(mc, ends[4:], "To")
        name, linked_ends = f"{name_a} to {name_b}", linked(ends, ["from", "to"])
        motions = mc.interpolate(a, b, steps=STEPS, seed=int(seed), frames=frames_of(seconds))
        way = np.linspace(0, 1, STEPS).round(3).tolist()
        scene = {
            "name": name,
            "figures": [
                mixed(motions[:1], [0], name_a),
                mixed(motions, way, "between"),
                mixed(motions[-1:], [0], name_b),
            ],
            "layout": "beside",
            "request": linked_ends and linked_ends | {"seconds": seconds, "seed": int(seed)},
            "slider": {
                "label": f"From {name_a} to {name_b}", "min": 0, "max": 1, "value": 0.5, "from": name_a, "to": name_b,
            },
        }  # fmt: skip
        token = motion_store.put_mix(motions, way, "between")
        passes = {"token": token, "names": [name_a, name_b]} | atlas.line(a, b) if atlas else None
        clip = motion_store.put(lambda _: blended(a, b, name, int(seed)), "blend")
        return anew(scene), offered(token), offered(clip), passes

    gr.Markdown("Two motions, and everything in between: drag the slider under the figures.", elem_classes="lead")
    with gr.Row(elem_classes="ends"):
        start = end_input(mc, "From", "walk", "from-words")
        end = end_input(mc, "To", "dance salsa", "to-words")
        go = gr.Button("Show the way", variant="primary", elem_id="interpolate", min_width=140, scale=0)
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            on_stage = stage(
                "A figure between two motions, with the two on its sides",
                STAGE,
                empty="“Show the way” brings both here, and a figure between them.",
            )
            files = downloads(STAGE, "The figure between, as the slider says:")
            component("page/share.js", tab="between", model=model, only="An end from a file has no link.")
            long = downloads(STAGE, "One long clip from the first to the second:", offers=False)
            control()
        with gr.Column(scale=3, min_width=260):
            passed = component(
                "page/way.js",
                elem_id="way",
                stage=STAGE,
                ends=["from-words", "to-words"],
                go="interpolate",
                how=figure(),
                visible=atlas is not None,
                server_functions=atlas.questions() if atlas else [],
            )
            seconds = gr.Slider(
                MIN_SECONDS, MAX_SECONDS, value=2.0, step=0.1, label="Length in seconds", elem_id="between-seconds"
            )
            seed = gr.Number(
                0, label="Take number", precision=0, minimum=0, maximum=MAX_SEED, min_width=80, elem_id="between-seed"
            )
            chips(
                ["from-words", "to-words"],
                "interpolate",
                {"Try (the first two are the paper's)": {f"{a} → {b}": [a, b] for a, b in content.INTERPOLATIONS}},
            )

    shown = gr.on(
        [go.click, start.words.submit, end.words.submit, start.known.submit, end.known.submit],
        show,
        [*start.inputs, *end.inputs, seconds, seed],
        [on_stage, files, long, passed],
        js=busy(STAGE, "working out the way …"),
        api_visibility="private",
        show_progress="hidden",
    )
    shown.then(None, js=clear(STAGE))
    ask = gr.Button(visible=False)
    ends = [start.words, end.words, start.known, end.known, start.file, end.file]
    ask.click(
        interpolate,
        [*ends, seconds, seed],
        [gr.Files(visible=False), gr.Image(visible=False)],
        api_name="interpolate",
    )
    ask.click(blend, [*ends, seed], [gr.Video(visible=False), gr.Files(visible=False)], api_name="blend")
