"""The first tab: a prompt becomes a moving body."""

from __future__ import annotations

from typing import Any

import gradio as gr

from motionclip import CLOSENESS, Motion, MotionCLIP
from motionclip.constants import MAX_SECONDS, MAX_SEED, MAX_TEXT, MIN_SECONDS
from motionclip.verdict import Verdict

from . import content, storyboards
from .batching import MAX_BATCH, Batching
from .binary_format import motion_text
from .character_requests import control
from .downloads import downloads, offered
from .motion_store import motion_store
from .request_handling import all_files, figure_file, handle_errors, step_frames, video_file
from .script_answers import Answer, answer_or_reason, reading_request
from .stage import STATIC, chips, component, figure, scene, served, stage

TAKES = 4
COMPLETIONS = 7
NO_VERDICT = "This model has no reader, so it can't say how sure it is. Check by eye whether the motion fits."
STAGE = "text-stage"


def build(mc: MotionCLIP, name: str) -> list[gr.components.Component]:
    """Lay out the tab and wire it to the pipeline.

    Args:
        mc: the model.
        name: its name, for links.

    Returns:
        The inputs that say what is on the stage.
    """

    # Requests for the files of a motion follow right after it, and examples come again and again.
    made = Batching(mc)

    @handle_errors
    def generate(prompt: str, seconds: float = 0, seed: float = 0, closeness: float = CLOSENESS):
        """Text to motion: the moving figure as a GLB file, the nearest known motions, and whether that is known or a
        guess.

        Args:
            prompt: what the body does, in English, e.g. "a person walks like a zombie", "walk, then bow", "jump three
                times", "kick with the left leg" or "walk while waving".
            seconds: length of the motion, or of each of its steps, 0.7 to 6.5; 0 for as long as it usually takes.
            seed: which instance of it; another number gives another motion.
            closeness: 0 takes the words as they are, 1 the nearest action that the model learned.
        """
        request = prompt, step_frames(seconds), int(seed), closeness
        figure = figure_file(made(*request))
        if mc.bank is None:
            return figure, None, NO_VERDICT
        nearest = {entry.label: max(entry.similarity, 0.0) for entry in mc.nearest(prompt, 5, closeness)}
        return figure, nearest, spoken(mc.verdict(prompt)) if mc.reader else NO_VERDICT

    @handle_errors
    def film(prompt: str, seconds: float = 0, seed: float = 0, closeness: float = CLOSENESS):
        """The same motion as a skeleton video."""
        request = prompt, step_frames(seconds), int(seed), closeness
        return video_file(made(*request), "motion")

    @handle_errors
    def take(prompt: str, seconds: float = 0, seed: float = 0, closeness: float = CLOSENESS):
        """The same motion as files: npz, BVH, GLB, mp4, gif."""
        request = prompt, step_frames(seconds), int(seed), closeness
        return all_files(made(*request), "motion")[1]

    def parts(request: Any) -> tuple[str, float, int, float]:
        with reading_request():
            prompt, seconds, seed, closeness = request
            return prompt, seconds, int(seed), closeness

    def play(request: Any) -> Answer:
        """The verdict on [prompt, seconds, seed, closeness] with its scene, or the reason why there is none.

        The page calls it directly: through Gradio's queue the figure came 100 ms later (docs/scale.md).
        """

        def work() -> Answer:
            prompt, seconds, seed, closeness = parts(request)
            motion = made(prompt, step_frames(seconds), seed, closeness)
            return {
                "answer": in_words(mc.verdict(prompt)) if mc.reader else {"level": "guess", "text": NO_VERDICT},
                "scene": scene([motion], [prompt], prompt, request=_request(prompt, seconds, seed, closeness)),
            }

        return answer_or_reason(work)

    def keep(request: Any) -> Answer:
        """The token by which the motion of [prompt, seconds, seed, closeness] can be taken home.

        The page calls it when the motion is shown: what the page makes ahead, while one types, would push out of the
        store what others see.
        """

        def work() -> Answer:
            prompt, seconds, seed, closeness = parts(request)
            motion = made(prompt, step_frames(seconds), seed, closeness)
            return {"token": motion_store.put_motion(motion, "motion")}

        return answer_or_reason(work)

    def takes(request: Any) -> Answer:
        """The next takes of [prompt, seconds, seed, closeness], or the reason why there are none."""

        def work() -> Answer:
            prompt, seconds, seed, closeness = parts(request)
            seeds = [seed + number for number in range(1, TAKES + 1)]
            motions = [made(prompt, step_frames(seconds), each, closeness) for each in seeds]
            found = zip(seeds, motions, strict=True)
            return {"takes": [{"seed": each, "motion": motion_text(motion)} for each, motion in found]}

        return answer_or_reason(work)

    def complete(typed: Any) -> list[str]:
        """Prompts that what is typed may become."""
        return [completion.text for completion in mc.completions(str(typed)[:MAX_TEXT], COMPLETIONS)]

    first = _first(mc, made)
    with gr.Row(elem_classes="ask"):
        prompt = gr.Textbox(
            first[0],
            label="What should the body do?",
            show_label=False,
            placeholder=content.FIRST_PROMPT,
            lines=1,
            max_lines=4,
            max_length=MAX_TEXT,
            autofocus=True,
            container=False,
            scale=5,
            elem_id="prompt",
        )
        gr.Button("Make it move", variant="primary", scale=0, min_width=120, elem_id="generate")
    component("page/answer.js", first[2], elem_id="answer", stage=STAGE, server_functions=[complete, play, keep])
    with gr.Row(elem_classes="scene"):
        with gr.Column(scale=7, min_width=320):
            stage("The figure", STAGE, first[1])
            downloads(STAGE, value=first[3])
            component("page/gallery.js", pictures=_gallery())
            control()
            storyboards.build(mc, STAGE)
        with gr.Column(scale=3, min_width=260):
            gr.Button("Another take", elem_id="again")
            component("page/takes.js", how=figure(), stage=STAGE, server_functions=[takes])
            seconds = gr.Slider(
                0,
                MAX_SECONDS,
                value=0,
                step=0.1,
                label="Length in seconds",
                info=f"of each step that names none; 0: as long as it takes; else at least {MIN_SECONDS}",
                elem_id="seconds",
            )
            seed = gr.Number(
                0,
                label="Take number",
                precision=0,
                minimum=0,
                maximum=MAX_SEED,
                min_width=80,
                info="the same number gives the same motion",
                elem_id="seed",
            )
            closeness = gr.Slider(
                0,
                1,
                value=CLOSENESS,
                step=0.1,
                label="Stick to known actions",
                info="0: the words as they are; 1: the nearest action that the model learned",
                elem_id="closeness",
            )
            component("page/visit.js", model=name, seconds=[MIN_SECONDS, MAX_SECONDS], stage=STAGE)
            chips(
                ["prompt"],
                "generate",
                {
                    "Motions it was shown": {words: [words] for words in content.KNOWN},
                    "Words no motion was labelled with (from the paper)": {words: [words] for words in content.UNHEARD},
                },
            )

    inputs = [prompt, seconds, seed, closeness]
    _endpoints(generate, film, take, inputs)
    return inputs


def _first(
    mc: MotionCLIP, made: Batching
) -> tuple[str, dict[str, Any] | None, dict[str, Any] | None, dict[str, str] | None]:
    """What is on the page when it opens: a prompt, its scene, its answer, and its files."""
    if mc.model.config.tower is None:
        return "", None, {"level": "not understood", "text": "This model takes no text: see the other tabs."}, None
    prompt = content.FIRST_PROMPT
    motion: Motion = made(prompt, None, 0, CLOSENESS)
    request = _request(prompt, 0, 0, CLOSENESS)
    answer = in_words(mc.verdict(prompt)) if mc.reader else None
    return (
        prompt,
        scene([motion], [prompt], prompt, request=request),
        answer,
        offered(motion_store.put_lasting(motion, "motion")),
    )


def _gallery() -> list[dict[str, Any]]:
    """The living pictures that are drawn."""
    found = []
    for name, (words, seed) in content.GALLERY.items():
        path = STATIC / "gallery" / f"{name}.webp"
        if path.is_file():
            found.append({"prompt": words, "seed": seed, "picture": served(path)})
    return found


def _request(prompt: str, seconds: float, seed: int, closeness: float) -> dict[str, Any]:
    return {"prompt": prompt, "seconds": seconds, "seed": seed, "closeness": closeness}


def _endpoints(generate: Any, film: Any, take: Any, inputs: list[gr.components.Component]) -> None:
    """What programs call: no part of the page shows it."""
    ask = gr.Button(visible=False)
    # The page's own prompt has a value, which would make it optional for programs.
    inputs = [gr.Textbox(label="prompt", visible=False), *inputs[1:]]
    given = gr.File(visible=False), gr.Label(visible=False), gr.Markdown(visible=False)
    ask.click(generate, inputs, list(given), api_name="generate", concurrency_limit=MAX_BATCH)
    ask.click(film, inputs, gr.File(visible=False), api_name="video")
    ask.click(take, inputs, gr.Files(visible=False), api_name="files")


def in_words(verdict: Verdict) -> dict[str, Any]:
    """The page's data for a verdict."""
    text = spoken(verdict).replace("**", "")
    return {"level": verdict.level, "text": text, "others": list(verdict.others)}


def spoken(verdict: Verdict) -> str:
    """A verdict as a sentence in Markdown."""
    shown = ", then ".join(" + ".join(step) for step in verdict.shown)
    left_out = " and ".join(f"“{phrase}”" for phrase in verdict.without_style)
    without = f" The model does not know {left_out}: the style is left out." if left_out else ""
    if verdict.level == "known":
        return f"**Known:** {shown}.{without}"
    if verdict.level == "guess":
        return f"**A guess:** {shown}. The model is not sure that this is what you mean.{without}"
    return (
        f"**Not understood:** {verdict.reason}. Describe in English what a body does, as in “a person waves”. "
        f"Shown instead: {shown}."
    )
