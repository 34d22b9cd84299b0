"""Motion files: `load(path)` and `save(motion, path)`; the suffix names the format. `read` says what it found."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from ..errors import EMPTY, MotionFileError, RequestError, file_access
from ..motion.motion import Motion
from .joint_names import read_map
from .loaded_motion import LoadedMotion, Options
from .suffixes import FOR_CHARACTERS, FOR_TOOLS, LAYOUTS, READABLE, WRITABLE

__all__ = [
    "FOR_CHARACTERS", "FOR_TOOLS", "READABLE", "WRITABLE", "LoadedMotion", "MotionFileError", "load", "read",
    "read_map", "save",
]  # fmt: skip

# What a file begins with that is another thing than its suffix says, and what to do.
_OTHERS = {
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself: fetch that by `git lfs pull`",
    b"<!doctype html": "is a web page, not a motion: download the file itself",
    b"<html": "is a web page, not a motion: download the file itself",
    b"kaydara fbx": "is FBX: open it in Blender, and export it as .bvh or .glb",
}
_ZIPPED = (".npz", ".pt", ".pkl")  # as NumPy and torch write them
_log = logging.getLogger(__name__)


def load(path: str | PathLike[str]) -> Motion:
    """Read a motion file; `READABLE` lists the suffixes.

    Assumptions and skipped parts are logged as warnings. Of several motions the first is returned.

    Args:
        path: the file.

    Returns:
        The motion.

    Raises:
        MotionFileError: for a file that can't be read as motion.
        OSError: for a file that can't be opened.
    """
    reading, *others = read(path)
    for note in reading.notes:
        _log.warning("%s: %s", Path(path).name, note)
    if others:
        _log.warning("%s: holds %d motions; the first was read", Path(path).name, 1 + len(others))
    return reading.motion


def read(
    path: str | PathLike[str],
    *,
    up: str | None = None,
    fps: float | None = None,
    names: Mapping[str, str] | None = None,
) -> list[LoadedMotion]:
    """Read all motions of a file, with what the file says of them: family, frames, rate, up axis, scale.

    Each argument but the path overrules what the file says.

    Args:
        path: the file.
        up: the axis that points up in it: x, y, z, -x, -y or -z.
        fps: its frame rate.
        names: part of the body → name of its joint (see `read_map`).

    Returns:
        At least one motion.

    Raises:
        MotionFileError: for a file that can't be read as motion.
        OSError: for a file that can't be opened.
        RequestError: for an axis or a rate outside the limits.
    """
    from . import c3d, results, skeletons

    readers = {".npz": results.read_npz, ".bvh": skeletons.read_bvh, ".npy": results.read_npy, ".c3d": c3d.read}
    readers |= dict.fromkeys((".pt", ".pkl"), results.read_pickle)
    readers |= dict.fromkeys((".glb", ".gltf", ".vrm", ".vrma"), skeletons.read_gltf)
    path = Path(path)
    with file_access(path):
        if path.is_dir():
            raise IsADirectoryError
        if path.suffix.lower() not in readers:
            raise MotionFileError(
                path,
                "suffix",
                f"motion is read from {_listed(READABLE)} files, not {path.suffix!r}; export it as one of them",
            )
        if not path.stat().st_size:
            raise MotionFileError(path, "file", EMPTY)
        with path.open("rb") as file:
            start = file.read(32).lstrip().lower()
        for beginning, what in _OTHERS.items():
            if start.startswith(beginning):
                raise MotionFileError(path, "file", what)
        if path.suffix.lower() not in _ZIPPED and zipfile.is_zipfile(path):
            raise MotionFileError(path, "file", "is a ZIP archive: unpack it, and give the file that was in it")
        return readers[path.suffix.lower()](path, Options(up, fps, names or {}))


def save(
    motion: Motion,
    path: str | PathLike[str],
    layout: str | None = None,
    *,
    character: str | PathLike[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Path:
    """Write a motion as .npz (AMASS), .bvh, .glb (a figure that moves), .vrma, .npy, .mp4 or .gif (a skeleton).

    The file appears whole or not at all.

    Args:
        motion: the motion.
        path: the file.
        layout: of npz: "smpl" (72 numbers per frame), "amass" (156, SMPL+H) or "smplx" (165). Of npy: "joints"
            (HumanML3D's, (frames, 22, 3)) or "humanml3d" (its 263 features).
        character: a rigged .glb or .vrm, for a path with one of these suffixes: the motion is written on its skeleton,
            and the rest of its file stays as it is.
        names: part of the body → the character's bone, where its names are unknown (see `read_map`).

    Returns:
        The path.

    Raises:
        RequestError: for another suffix or layout.
        MotionFileError: for a character that can't be used.
        OSError: where the file can't be written.
    """
    from ..viz import render

    if character is not None:
        return _save_on(motion, Path(path), Path(character), names)
    from . import bvh, glb, npz, results, vrma
    from .writing import write_atomically

    video = render.save_video
    writers: dict[str, Callable[..., None]] = {".npz": npz.save, ".bvh": bvh.save, ".glb": glb.save}
    writers |= {".vrma": vrma.save, ".npy": results.save_npy, ".mp4": video, ".gif": video}
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in writers:
        raise RequestError(
            f"{path.name}: motion is written to {_listed(WRITABLE + FOR_TOOLS)} files, not {path.suffix!r}"
        )
    layouts = LAYOUTS.get(suffix, ())
    if layout and layout not in layouts:
        raise RequestError(f"layout: {suffix} files have {_listed(layouts) if layouts else 'none'}, not {layout!r}")
    more = {"layout": layout or layouts[0]} if layouts else {}
    write_atomically(path, lambda temporary: writers[suffix](motion, temporary, **more))
    return path


def _save_on(motion: Motion, path: Path, character: Path, names: Mapping[str, str] | None) -> Path:
    """Write a character's file with the motion in it."""
    from .retarget_to_character import Character
    from .writing import is_same_file, write_atomically

    if is_same_file(path, character):
        raise RequestError(f"{path}: is the character itself; give another name for the file with the motion in it")
    if path.suffix.lower() not in FOR_CHARACTERS:
        raise RequestError(
            f"{path.name}: a character is written to {_listed(FOR_CHARACTERS)} files, not {path.suffix!r}"
        )
    figure = Character(character, names)
    for note in figure.notes:
        _log.warning("%s: %s", character.name, note)
    write_atomically(path, lambda temporary: figure.save(motion, temporary))
    return path


def _listed(suffixes: Sequence[str]) -> str:
    return ", ".join(suffixes[:-1]) + " and " + suffixes[-1]
