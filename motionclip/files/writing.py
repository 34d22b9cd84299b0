"""Writes files atomically: each appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from ..errors import FileAccessError, file_access


def is_same_file(target: Path, source: Path) -> bool:
    """Say whether the file to write is the file to read.

    Args:
        target: the file to write.
        source: the file to read.

    Returns:
        True where both are there and the same.

    Raises:
        FileAccessError: for a name that no file can have.
    """
    with file_access(target, "written"):
        there = target.exists()
    with file_access(source):
        return there and source.exists() and target.samefile(source)


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file next to `path`, then move it into place: if the program is killed, the old file is still whole.

    Args:
        path: the file.
        write: gets the path of the temporary file, and fills it.

    Raises:
        FileAccessError: where the file can't be written; it names `path`.
    """
    with file_access(path.parent, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
    with file_access(path, "written"):
        if path.is_dir():
            raise IsADirectoryError
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except FileAccessError:
        raise
    except OSError as error:
        raise FileAccessError(path, f"could not be written ({(error.strerror or str(error)).lower()})") from error
    except (RuntimeError, SafetensorError) as error:  # how torch and safetensors report a full disk
        raise FileAccessError(path, f"could not be written ({str(error).splitlines()[0]})") from error
    finally:
        temporary.unlink(missing_ok=True)
