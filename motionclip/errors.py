"""The errors that the package raises for what its user can mend."""

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


class ModelFolderError(ValueError):
    """A model folder that cannot be loaded: which file, which field, and why."""


class HubError(OSError):
    """A model could not be had from the Hub; the message says what happened and what to do."""


class TowerUnavailable(OSError):
    """A tower's weights or its library are not on this machine; the message says how to get them."""


class TowerMismatch(ValueError):
    """A model was asked to work with a tower it was not aligned with."""


class StoryboardError(ValueError):
    """Blocks that can't be told. where: "block 2: seconds"; what: what is wrong and what mends it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where, self.what = where, what


class LinkError(ValueError):
    """A link that can't be followed. field: what of it; what: what is wrong and what mends it."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field, self.what = field, what
