"""What all tabs do with a request: a time limit, errors in words, and files of the result."""

from __future__ import annotations

import contextvars
import functools
import html
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from motionclip import Motion
from motionclip.constants import FPS, MAX_SECONDS, MIN_SECONDS
from motionclip.errors import MotionCLIPError, RequestError, log_fault
from motionclip.files import WRITABLE, glb, save
from motionclip.files.writing import write_atomically

from . import process
from .result_files import results

_log = logging.getLogger(__name__)
TIME_LIMIT = 60.0  # seconds for one request
NO_MEMORY = "there is not enough memory for this; try a shorter motion"


def figure_file(motion: Motion) -> str:
    """The moving figure as a GLB, on a floor."""
    path = _folder("figure", motion) / "motion.glb"
    if not path.exists():
        write_atomically(path, lambda temporary: glb.save(motion, temporary, floor=True))
    return str(path)


def video_file(motion: Motion, name: str) -> str:
    """Write the video alone, which takes less time than all files."""
    path = _folder("files", motion) / f"{name}.mp4"
    if not path.exists():
        save(motion, path)
    return str(path)


def all_files(motion: Motion, name: str) -> tuple[str, list[str]]:
    """Write a motion in every format.

    Args:
        motion: the motion.
        name: the name of its files, without a suffix.

    Returns:
        The video, and all files.
    """
    folder = _folder("files", motion)
    paths = [folder / f"{name}{suffix}" for suffix in WRITABLE]
    missing = [path for path in paths if not path.exists()]
    list(process.file_threads().map(functools.partial(save, motion), missing))
    return str(next(path for path in paths if path.suffix == ".mp4")), [str(path) for path in paths]


def npz_files(motions: Sequence[Motion], names: Sequence[str]) -> list[str]:
    """Motions as npz files, each with its name."""
    paths = [_folder("npz", motion) / f"{name}.npz" for motion, name in zip(motions, names, strict=True)]
    for motion, path in zip(motions, paths, strict=True):
        if not path.exists():
            save(motion, path)
    return [str(path) for path in paths]


def _folder(kind: str, motion: Motion) -> Path:
    """Where the files of a motion are: its name is in some of them."""
    return results.folder(kind, motion.fingerprint, motion.name)


def frames_of(seconds: float) -> int:
    """The number of frames of a length in seconds.

    Raises:
        RequestError: for a length outside 0.7–6.5 s.
    """
    return _frames(seconds, "")


def step_frames(seconds: float) -> int | None:
    """As `frames_of`, of each step of a prompt; None for 0: as many as it usually takes.

    Raises:
        RequestError: for a length that is not 0 and outside 0.7–6.5 s.
    """
    return None if seconds == 0 else _frames(seconds, "0, for as long as it takes, or ")


def _frames(seconds: float, besides: str) -> int:
    """Frames for a length from 0.7 to 6.5 s. besides: what else may be asked for, in the words of the error."""
    if not isinstance(seconds, (int, float)) or not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise RequestError(f"length: must be {besides}from {MIN_SECONDS} to {MAX_SECONDS} seconds, not {seconds}")
    return round(FPS * seconds)


def handle_errors(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler so that its errors reach the page in words, and it is given up after TIME_LIMIT."""

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        work = process.request_threads().submit(contextvars.copy_context().run, handler, *args, **kwargs)
        try:
            return work.result(TIME_LIMIT)
        except TimeoutError as error:
            work.cancel()
            raise _refusal(f"this took more than {TIME_LIMIT:g} seconds; try a shorter motion") from error
        except MemoryError as error:
            raise _refusal(NO_MEMORY) from error
        except RuntimeError as error:
            if "memory" not in str(error):
                raise _fault(error) from error
            raise _refusal(NO_MEMORY) from error  # how torch says it
        except MotionCLIPError as error:
            raise _refusal(error.public) from error
        except gr.Error:
            raise
        except Exception as error:
            raise _fault(error) from error

    return wrapped


def _refusal(reason: str) -> gr.Error:
    # Toasts show markup, and a reason may quote the user's words or a file's name.
    return gr.Error(html.escape(reason, quote=False), title="That didn't work", print_exception=False)


def _fault(error: Exception) -> gr.Error:
    number = log_fault(_log, error)
    return gr.Error(
        f"this is a bug, not your mistake. Please report it with the number {number}",
        title="Something broke here",
        print_exception=False,  # the log has it
    )
