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
    """A part of the page that a module of ours in static/ fills.

    Args:
        module: the module's name.
        value: the component's value when the page opens.
        options: Gradio's options, or the module's props.
    """
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
    """The address of the wooden figure, whose file is written on the first call."""
    path = results.root / "figure.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: temporary.write_bytes(body_bytes(wooden_figure())))
    return served(path)


def head(smpl: Path | None = None) -> str:
    """Build the page's head.

    It links to what the first stage needs, so that it moves while Gradio itself still starts. It also holds the script
    that notes requests to stages before the other scripts are loaded.

    Args:
        smpl: SMPL's mesh, if there is one.

    Returns:
        HTML.
    """
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
    """The data with which a module draws the figure: its address, its joints at rest, and the limbs of the skeleton."""
    return {
        "body": figure_address(),
        "rest": [round(float(x), 5) for x in skeleton.REST_JOINTS.flatten()],
        "limbs": [list(bone) for bone in BONES],
    }


def stage(what: str, name: str, value: Scene | None = None, empty: str = "") -> gr.HTML:
    """Build a stage.

    Args:
        what: a description for people who can't see it.
        name: the name by which the page finds it.
        value: the scene when the page opens.
        empty: the text while nothing is shown.

    Returns:
        The component.
    """
    how = {"name": name, "label": what, "empty": empty}
    return component("stage/mount.js", value, elem_id=name, how=how | figure())


def chips(fields: Sequence[str], go: str, groups: dict[str, dict[str, Sequence[str]]]) -> gr.HTML:
    """Build examples: buttons that fill boxes and press another button.

    Args:
        fields: the elem_id of each box.
        go: the elem_id of the button that is pressed.
        groups: heading → text of a button → words for the boxes.

    Returns:
        The component.
    """
    listed = [
        {"label": label, "chips": [[name, list(words)] for name, words in of.items()]} for label, of in groups.items()
    ]
    return component("page/chips.js", fields=list(fields), go=go, groups=listed)


def busy(name: str, word: str) -> str:
    """A script for `js=` that dims a stage and says why. It passes its arguments on.

    Args:
        name: the stage.
        word: the reason.
    """
    return f"(...values) => {{ window.motionStage?.({name!r})?.busy({word!r}); return values; }}"


def clear(name: str) -> str:
    """A script for `js=` that undoes what the script of `busy` does."""
    return f"() => window.motionStage?.({name!r})?.busy('')"


def scene(
    motions: Sequence[Motion],
    labels: Sequence[str],
    name: str = "",
    layout: str = "beside",
    segments: Sequence[dict[str, Any]] = (),
    request: dict[str, Any] | None = None,
) -> Scene:
    """Build the value of a stage that shows motions in step.

    Args:
        motions: the motions.
        labels: a label for each.
        name: the name of the downloads.
        layout: "beside" shows them next to each other, "together" in one place.
        segments: stretches on the scrubber, each with a label, start and end in seconds; by default the steps of a
            motion that is shown by itself.
        request: the request that gives this scene again.

    Returns:
        The value.
    """
    if len(motions) == 1 and not segments:
        spans = [(step.words, *step.seconds) for step in motions[0].steps]
        segments = [{"label": words, "start": start, "end": end} for words, start, end in spans]
    figures = [
        {"label": label, "motions": [motion_text(motion)]} for motion, label in zip(motions, labels, strict=True)
    ]
    return anew({"name": name, "figures": figures, "layout": layout, "segments": list(segments), "request": request})


def anew(value: Scene) -> Scene:
    """Give a scene a new number.

    Gradio sends only what differs from the last value. But other parts of the page may have changed the stage since.
    """
    return value | {"number": next(_scenes)}


def mixed(motions: Sequence[Motion], at: Sequence[float], label: str) -> dict[str, Any]:
    """A figure for `figures` of a scene: a slider chooses a place between motions.

    Args:
        motions: the motions.
        at: the place of each, rising.
        label: the figure's label.
    """
    return {"label": label, "motions": [motion_text(motion) for motion in motions], "at": list(at)}
