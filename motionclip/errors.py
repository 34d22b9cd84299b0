"""The errors that the package raises for what its user can fix. Any other exception is a bug.

    MotionCLIPError
    ├── MotionFileError       (ValueError)          a motion file or a data folder that holds something wrong
    │   └── SkeletonError                           bones that only a map of names can identify
    ├── FileAccessError       (OSError)             a file that can't be opened or written
    │   └── MissingFile       (FileNotFoundError)   a file that is not there
    ├── ModelFolderError      (ValueError)          a model folder or a checkpoint that can't be loaded
    ├── TowerError
    │   ├── TowerUnavailable  (FileNotFoundError)   a tower that is not on this machine
    │   └── TowerMismatch     (ValueError)          a tower that the model is not aligned with
    ├── HubError              (OSError)             a model that the Hugging Face Hub can't give
    └── RequestError          (ValueError)          a request that can't be met: a text, a length, a setting
        ├── StoryboardError                         blocks of a storyboard
        └── LinkError                               a link to a motion

In brackets: the built-in class that each belongs to as well, so that `except ValueError` goes on working.
"""

from __future__ import annotations

import errno
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

EMPTY = "is empty (0 bytes); export it or copy it again"  # of a file


class MotionCLIPError(Exception):
    """Something that the user can fix; the message says what is wrong and where."""

    @property
    def public(self) -> str:
        """The message for people on other machines: without folders of this one."""
        return str(self)


class MotionFileError(MotionCLIPError, ValueError):
    """A motion file, or the table of a data folder, that cannot be read. The message holds all three attributes.

    Attributes:
        path: the file.
        field: the part of it that is wrong.
        reason: what is wrong, and what to do.
    """

    def __init__(self, path: str | PathLike[str], field: str, reason: str) -> None:
        super().__init__(f"{Path(path).name}: {field}: {reason}")
        self.path, self.field, self.reason = Path(path), field, reason


class SkeletonError(MotionFileError):
    """A skeleton whose joints could not be identified; a map of names tells which is which.

    The argument `option` is the command line's option that takes the map.

    Attributes:
        form: the lines `part = joint` to fill in, as `read_map` reads them.
        bare: the message without these lines.
    """

    def __init__(self, path: str | PathLike[str], field: str, reason: str, form: str, option: str) -> None:
        super().__init__(path, field, f"{reason}\nSay which is which in a file for {option}:\n{form}")
        self.form, self.bare = form, f"{Path(path).name}: {field}: {reason}"


class FileAccessError(MotionCLIPError, OSError):
    """A file that can't be opened or written. The message is "PATH REASON".

    Attributes:
        path: the file.
        reason: why it can't be opened or written.
    """

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path, self.reason = Path(path), reason

    @property
    def public(self) -> str:
        return f"{self.path.name} {self.reason}"


class MissingFile(FileAccessError, FileNotFoundError):
    """A file or folder that is not there."""

    def __init__(self, path: str | PathLike[str], reason: str = "is missing") -> None:
        super().__init__(path, reason)


class ModelFolderError(MotionCLIPError, ValueError):
    """A model folder or a checkpoint that cannot be loaded: which file, which field, and why."""


class TowerError(MotionCLIPError):
    """A tower that can't be used."""


class TowerUnavailable(TowerError, FileNotFoundError):
    """A tower's weights or its library are not on this machine; the message says how to get them."""


class TowerMismatch(TowerError, ValueError):
    """A model was asked to work with a tower it was not aligned with."""


class HubError(MotionCLIPError, OSError):
    """A model could not be had from the Hub; the message says what happened and what to do."""


class RequestError(MotionCLIPError, ValueError):
    """A request that can't be met; the message names the argument or setting, and what it may be."""


class StoryboardError(RequestError):
    """Blocks that can't be made into a motion.

    Attributes:
        where: the field, as in "block 2: seconds".
        what: what is wrong, and how to fix it.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what = where, what


class LinkError(RequestError):
    """A link that can't be followed.

    Attributes:
        field: the part of the link that is wrong.
        what: what is wrong, and how to fix it.
    """

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field, self.what = field, what


@contextmanager
def file_access(path: str | PathLike[str], operation: str = "read") -> Iterator[None]:
    """Turn the system's errors for a file into errors of this package.

    Args:
        path: the file.
        operation: "read" or "written", for the message.

    Raises:
        MissingFile: where there is no such file.
        FileAccessError: where it can't be opened or written.
    """
    try:
        yield
    except MotionCLIPError:
        raise
    except FileNotFoundError as error:
        raise MissingFile(path) from error
    except IsADirectoryError as error:
        raise FileAccessError(path, f"could not be {operation}: it is a folder; give the name of a file") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            length = max(len(part.encode()) for part in Path(path).parts)
            raise FileAccessError(
                path,
                f"could not be {operation}: the name is too long ({length} bytes); a file's may have 255 bytes, and "
                "4,095 with its folders",
            ) from error
        reason = (error.strerror or str(error)).lower()
        raise FileAccessError(path, f"could not be {operation} ({reason})") from error


def log_fault(log: logging.Logger, error: BaseException) -> str:
    """Log an exception that is a bug, with its traceback.

    Args:
        log: the log to write to.
        error: the exception.

    Returns:
        A number by which a user can report it.
    """
    number = secrets.token_hex(4)
    log.error("fault %s", number, exc_info=error)
    return number
