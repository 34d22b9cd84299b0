"""Motion files: `load(path)` and `save(motion, path)`, where the suffix names the format."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..motion import Motion
from .errors import MotionFileError

READABLE = (".npz", ".bvh")
WRITABLE = (".npz", ".bvh", ".glb", ".mp4", ".gif")

__all__ = ["READABLE", "WRITABLE", "MotionFileError", "load", "save"]


def load(path: str | PathLike[str]) -> Motion:
    """Read a motion file, .npz (AMASS, SMPL) or .bvh.

    Raises MotionFileError (a ValueError) for a file that can't be read as motion, OSError for one that can't
    be opened.
    """
    from . import npz, retarget

    readers = {".npz": npz.load, ".bvh": retarget.load}
    path = Path(path)
    if path.suffix.lower() not in readers:
        raise MotionFileError(path, "suffix", f"motion is read from {_listed(READABLE)} files, not {path.suffix!r}")
    return readers[path.suffix.lower()](path)


def save(motion: Motion, path: str | PathLike[str]) -> Path:
    """Write a motion as .npz (AMASS), .bvh, .glb (a figure that moves), .mp4 or .gif (a skeleton); returns the path.

    The file appears whole or not at all. Raises ValueError for another suffix, OSError where it can't be written.
    """
    from .. import render
    from ..weights import write_atomically
    from . import bvh, glb, npz

    video = render.save_video
    writers = {".npz": npz.save, ".bvh": bvh.save, ".glb": glb.save, ".mp4": video, ".gif": video}
    path = Path(path)
    if path.suffix.lower() not in writers:
        raise ValueError(f"{path.name}: motion is written to {_listed(WRITABLE)} files, not {path.suffix!r}")
    write_atomically(path, lambda temporary: writers[path.suffix.lower()](motion, temporary))
    return path


def _listed(suffixes: tuple[str, ...]) -> str:
    return ", ".join(suffixes[:-1]) + " and " + suffixes[-1]
