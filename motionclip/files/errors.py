"""The error that every reader of motion files raises."""

from __future__ import annotations

from os import PathLike
from pathlib import Path


class MotionFileError(ValueError):
    """A motion file that cannot be read: which file, which field of it, and why.

    path, field and reason are attributes, for programs; the message holds all three, for people.
    """

    def __init__(self, path: str | PathLike[str], field: str, reason: str) -> None:
        super().__init__(f"{Path(path).name}: {field}: {reason}")
        self.path, self.field, self.reason = Path(path), field, reason
