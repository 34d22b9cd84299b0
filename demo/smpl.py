"""SMPL's body for the stage, made of the user's own files: for their own page alone, since nobody may pass it on."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from os import PathLike
from pathlib import Path

from motionclip.errors import RequestError
from motionclip.viz.bodies import smpl_figure

from .binary_format import body_bytes


def put(folder: str | PathLike[str], share: bool) -> Path:
    """Write SMPL's mesh for the stage into a folder of the server's user, which is removed when the app stops.

    Args:
        folder: SMPL's own files.
        share: whether the page has a public link.

    Returns:
        The file.

    Raises:
        RequestError: where strangers would get the mesh.
        MissingFile: where there is no body.
        ModelFolderError: for a file that holds no body.
    """
    place = "--share makes the page public" if share else "a Space serves strangers" if "SPACE_ID" in os.environ else ""
    if place:
        raise RequestError(f"body: SMPL's licence forbids passing its files on, and {place}: leave one of the two out")
    data = body_bytes(smpl_figure(Path(folder)))
    root = Path(tempfile.mkdtemp(prefix="motionclip-smpl-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    path = root / "smpl.bin"
    path.write_bytes(data)
    return path
