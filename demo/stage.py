"""The stage: the component that plays motions in the browser, and the scenes that it is given."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from motionclip import Motion
from motionclip.files.writing import write_atomically
from motionclip.motion import skeleton
from motionclip.viz.bodies import wooden_figure
from motionclip.viz.render import BONES

from .binary_format import body_bytes, motion_text
from .result_files import results

STATIC = Path(__file__).resolve().parent / "static"
_SERVED = "gradio_api/file="
# A module is loaded once, however many components ask for it. Browsers may keep that it did not come until the page is
# loaded again. What stood there while Gradio started goes, unless its stage is still to be taken over (mount.js).
_LOAD = """
const opening = document.querySelector("#opening");
if (!window.openingStage) opening?.remove();
const root = (window.gradio_config?.root ?? "").replace(/\\/$/, "") + "/";
import(root + props.module).then(
  (module) => module.mount(element, props, watch, server, trigger, root),
  () => {
    opening?.remove();
    element.querySelector(".host").innerHTML =
      '<p class="lost" role="alert">This part of the page didn’t arrive. <a href="">Reload the page</a></p>';
  },
);
"""
# Around what the page's own style reaches.
_NARROW = """<style>@media (max-width: 640px) {
  .gradio-container .main {padding: 8px !important} .gradio-container .main > .wrap {padding: 0 !important}
}</style>"""
_HOST = '<div class="host"></div>'

Scene = dict[str, Any]
_scenes = itertools.count()


def served(path: Path) -> str:
    """The address of a file that Gradio serves, from the root of the page."""
    return f"{_SERVED}{path.as_posix()}"


def component(module: str, value: Any = None, **options: Any) -> gr.HTML:
    """A part of the page that a module of ours in static/ fills; `options` are Gradio's, or the module's props."""
    return gr.HTML(
        value,
        html_template=_HOST,
        js_on_load=_LOAD,
        apply_default_css=False,
        module=served(STATIC / module),
        **options,
    )


@functools.cache
def figure_address() -> str:
    """Where the wooden figure is served from; it is written when first asked for."""
    path = results.root / "figure.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: temporary.write_bytes(body_bytes(wooden_figure())))
    return served(path)


def head(smpl: Path | None = None) -> str:
    """The page's head: what the first stage needs, so that it moves while Gradio itself still starts, the address of
    SMPL's mesh where there is one, and the script that notes what is asked for before the others are there."""
    late = ("character.js", "small.js")
    first = [path for path in sorted((STATIC / "stage").glob("*.js")) if path.name not in late]
    modules = [STATIC / "vendor/shared.js", STATIC / "vendor/three.js", *first]
    links = [f'<link rel="modulepreload" href="{served(path)}">' for path in [*modules, STATIC / "page/opening.js"]]
    links.append(f'<link rel="stylesheet" href="{served(STATIC / "stage/stage.css")}">')
    style = f"<style>{(STATIC / 'page/opening.css').read_text()}</style>"
    bodies = [f'<link rel="preload" as="fetch" crossorigin href="{figure_address()}">']
    if smpl:
        bodies.append(f'<meta name="motionclip-smpl" content="{served(smpl)}">')
    early = f"<script>{(STATIC / 'page/early.js').read_text()}</script>"
    return "\n".join([_NARROW, style, *links, *bodies, early])


def opening(header: str, name: str) -> str:
    """What stands on the page while Gradio still starts: its header, the place of a stage by its name, and the script
    that puts it there, which waits for none of Gradio's."""
    rest = '<div class="ask">One moment …</div><div class="scene"><div class="place"></div><div></div></div>'
    script = f'<script type="module" async src="{served(STATIC / "page/opening.js")}"></script>'
    return f'<div id="opening" data-stage="{name}">{header}{rest}</div>{script}'


def figure() -> dict[str, Any]:
    """What a module needs to draw the figure: its address, its joints at rest, and the limbs of the skeleton."""
    return {
        "body": figure_address(),
        "rest": [round(float(x), 5) for x in skeleton.REST_JOINTS.flatten()],
        "limbs": [list(bone) for bone in BONES],
    }


def stage(what: str, name: str, value: Scene | None = None, empty: str = "") -> gr.HTML:
    """The component; `what` tells it to those who can't see it, `name` finds it in the page, `empty` stands there while
    nothing is shown."""
    how = {"name": name, "label": what, "empty": empty}
    return component("stage/mount.js", value, elem_id=name, how=how | figure())


def chips(fields: Sequence[str], go: str, groups: dict[str, dict[str, Sequence[str]]]) -> gr.HTML:
    """Examples as buttons that fill boxes and press a button, all by their elem_id. groups: of buttons by their
    headings: the words for the boxes by what the button says."""
    listed = [
        {"label": label, "chips": [[name, list(words)] for name, words in of.items()]} for label, of in groups.items()
    ]
    return component("page/chips.js", fields=list(fields), go=go, groups=listed)


def busy(name: str, word: str) -> str:
    """A script for `js=` that dims what a stage shows and says why, and hands its arguments on."""
    return f"(...asked) => {{ window.motionStage?.({name!r})?.busy({word!r}); return asked; }}"


def clear(name: str) -> str:
    """A script for `js=` that takes it back."""
    return f"() => window.motionStage?.({name!r})?.busy('')"


def scene(
    motions: Sequence[Motion],
    labels: Sequence[str],
    name: str = "",
    layout: str = "beside",
    segments: Sequence[dict[str, Any]] = (),
    asked: dict[str, Any] | None = None,
) -> Scene:
    """The value that shows motions in step: next to each other ("beside"), or "together" in one place.

    segments: stretches of the scrubber, each with a label, start and end (seconds); by default the steps of a motion
    that is shown by itself. asked: what gives this again.
    """
    if len(motions) == 1 and not segments:
        spans = [(step.words, *step.seconds) for step in motions[0].steps]
        segments = [{"label": words, "start": start, "end": end} for words, start, end in spans]
    figures = [
        {"label": label, "motions": [motion_text(motion)]} for motion, label in zip(motions, labels, strict=True)
    ]
    return anew({"name": name, "figures": figures, "layout": layout, "segments": list(segments), "asked": asked})


def anew(value: Scene) -> Scene:
    """A scene with a number of its own. Gradio passes on what differs from the last value alone, and other parts of the
    page may have put something else onto the stage since."""
    return value | {"number": next(_scenes)}


def mixed(motions: Sequence[Motion], at: Sequence[float], label: str) -> dict[str, Any]:
    """A figure for `figures` of a scene: between its motions, which lie at rising places, a slider chooses."""
    return {"label": label, "motions": [motion_text(motion) for motion in motions], "at": list(at)}
