"""What every tab shows of a motion: the figure in 3D, a skeleton video, and files to take home."""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from motionclip import Motion
from motionclip.files import WRITABLE, glb, save
from motionclip.weights import write_atomically

MIN_SECONDS, MAX_SECONDS = 0.7, 6.5
_RUN = secrets.token_hex(8)  # another run may serve another model: its files are not ours


def figure_view(height: int = 460) -> gr.Model3D:
    """The 3D view of the wooden figure; a GLB with an animation plays by itself."""
    return gr.Model3D(
        label="Motion — drag to look around, scroll to zoom",
        height=height,
        interactive=False,
        clear_color=(0.965, 0.97, 0.975, 1.0),
        camera_position=(55, 72, None),
    )


def video_and_files(what: str) -> tuple[gr.Video, gr.Files]:
    """Where `take_home` goes."""
    video = gr.Video(label=what, autoplay=True, loop=True, height=300, interactive=False)
    return video, gr.Files(label="Take it home: AMASS npz, BVH, GLB, mp4, gif", interactive=False)


def picture(caption: str) -> gr.Image:
    """A picture under its caption."""
    gr.Markdown(f"**{caption}**")
    return gr.Image(label=caption, show_label=False, interactive=False, buttons=["download"], elem_classes="picture")


def outbox(*key: Any) -> Path:
    """A folder for the files of one result, where Gradio serves from and clears up after an hour."""
    digest = hashlib.sha256(repr((_RUN, *key)).encode()).hexdigest()[:32]
    folder = Path(get_upload_folder()) / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def figure_file(motion: Motion, *key: Any) -> str:
    """The moving figure as a GLB, on a floor."""
    path = outbox("figure", *key) / "motion.glb"
    if not path.exists():
        write_atomically(path, lambda temporary: glb.save(motion, temporary, floor=True))
    return str(path)


def take_home(motion: Motion, name: str, *key: Any) -> tuple[str, list[str]]:
    """The video, and the motion in every format that is written."""
    folder = outbox("files", *key)
    paths = [folder / f"{name}{suffix}" for suffix in WRITABLE]
    for path in paths:
        if not path.exists():
            save(motion, path)
    return str(next(path for path in paths if path.suffix == ".mp4")), [str(path) for path in paths]


def frames_of(seconds: float) -> int:
    """Frames for a length in seconds. Raises ValueError outside of 0.7–6.5 s."""
    if not isinstance(seconds, (int, float)) or not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"length: must be from {MIN_SECONDS} to {MAX_SECONDS} seconds, not {seconds}")
    return round(30 * seconds)


def told(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Show what was wrong with an input on the page, instead of "Error"; on a ZeroGPU Space, with its GPU."""
    if os.environ.get("SPACES_ZERO_GPU"):
        import spaces  # there on such a Space, and of no use elsewhere

        handler = spaces.GPU(handler)

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except (ValueError, OSError) as error:
            raise gr.Error(str(error), title="That didn't work") from error

    return wrapped
