"""Finds the folder that holds a model's weights."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from .weights import CONFIG

DEFAULT = Path(__file__).resolve().parent.parent / "weights"


def locate(source: str | PathLike[str] | None = None) -> Path:
    """The model folder for a path, or the project's default weights for None.

    Raises FileNotFoundError where there is no model.
    """
    folder = DEFAULT if source is None else Path(source)
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(f"{folder} holds no model: there is no {CONFIG} in it")
    return folder
