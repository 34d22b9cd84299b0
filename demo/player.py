"""What every tab does with a request: it is worked on for so long, refused in words, and made into files."""

from __future__ import annotations

import contextvars
import functools
import html
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr

from motionclip import Motion
from motionclip.files import WRITABLE, glb, save
from motionclip.files.writing import write_atomically

from .outbox import results

MIN_SECONDS, MAX_SECONDS = 0.7, 6.5
TIME_LIMIT = 60.0  # seconds for one request
NO_MEMORY = "there is not enough memory for this; try a shorter motion"
# More than the queue lets run at once: work that was given up on ends in its own time.
_workers = ThreadPoolExecutor(32, thread_name_prefix="request")
_writers = ThreadPoolExecutor(8, thread_name_prefix="files")  # the encoders of video and gif are programs of their own


def figure_file(motion: Motion, *key: Any) -> str:
    """The moving figure as a GLB, on a floor."""
    path = results.folder("figure", *key) / "motion.glb"
    if not path.exists():
        write_atomically(path, lambda temporary: glb.save(motion, temporary, floor=True))
    return str(path)


def video_file(motion: Motion, name: str, *key: Any) -> str:
    """The video alone, which is sooner made than all of `take_home`."""
    path = results.folder("files", *key) / f"{name}.mp4"
    if not path.exists():
        save(motion, path)
    return str(path)


def take_home(motion: Motion, name: str, *key: Any) -> tuple[str, list[str]]:
    """The video, and the motion in every format that is written."""
    folder = results.folder("files", *key)
    paths = [folder / f"{name}{suffix}" for suffix in WRITABLE]
    missing = [path for path in paths if not path.exists()]
    list(_writers.map(functools.partial(save, motion), missing))
    return str(next(path for path in paths if path.suffix == ".mp4")), [str(path) for path in paths]


def npz_files(motions: Sequence[Motion], names: Sequence[str], *key: Any) -> list[str]:
    """Motions as npz files, each with its name."""
    folder = results.folder("npz", *key)
    paths = [folder / f"{name}.npz" for name in names]
    for motion, path in zip(motions, paths, strict=True):
        if not path.exists():
            save(motion, path)
    return [str(path) for path in paths]


def frames_of(seconds: float) -> int:
    """Frames for a length in seconds. Raises ValueError outside of 0.7–6.5 s."""
    if not isinstance(seconds, (int, float)) or not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"length: must be from {MIN_SECONDS} to {MAX_SECONDS} seconds, not {seconds}")
    return round(30 * seconds)


def told(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Show what was wrong with an input on the page, instead of "Error"; give up on what takes too long."""

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        work = _workers.submit(contextvars.copy_context().run, handler, *args, **kwargs)
        try:
            return work.result(TIME_LIMIT)
        except TimeoutError as error:
            work.cancel()
            raise _refusal(f"this took more than {TIME_LIMIT:g} seconds; try a shorter motion") from error
        except MemoryError as error:
            raise _refusal(NO_MEMORY) from error
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            raise _refusal(NO_MEMORY) from error  # how torch says it
        except (ValueError, OSError) as error:
            raise _refusal(str(error)) from error

    return wrapped


def _refusal(reason: str) -> gr.Error:
    # Toasts show markup, and a reason may quote the user's words or a file's name.
    return gr.Error(html.escape(reason, quote=False), title="That didn't work")
