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
    """Whether what would be written is what is read. Raises FileAccessError for a name that no file can have."""
    with file_access(target, "written"):
        there = target.exists()
    with file_access(source):
        return there and source.exists() and target.samefile(source)


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Have `write` fill a file next to `path`, then put it in its place: a kill leaves the old file whole.

    Raises FileAccessError, which names `path`, where it can't be written.
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
