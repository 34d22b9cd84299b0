"""Loads the tower that a model's config names."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from ..errors import RequestError
from .clip import CLIP, clip_parts
from .interface import TextTower
from .minilm import MiniLM


def fits(name: str, required: str | None) -> bool:
    """Whether a tower may be used in place of the one that a model's config requires: the same one, or a CLIP of the
    same architecture whose weights come from a file, as these have no name to compare."""
    if name == required:
        return True
    own_parts, required_parts = clip_parts(name), clip_parts(required or "")
    if own_parts is None or required_parts is None:
        return False
    return own_parts[0] == required_parts[0] and Path(own_parts[1]).suffix != ""


def load_tower(name: str, normalised: bool = True, clip: str | PathLike[str] | None = None) -> TextTower:
    """The tower that a model's config names, with latents of unit length or as they come.

    clip: a file of CLIP's weights or a folder that holds it, for a model in a CLIP's space; else that of the variable
    MOTIONCLIP_CLIP. Raises ValueError for a name that is not known, and TowerUnavailable for a tower that can't be had
    here.
    """
    if name == MiniLM.name:
        return MiniLM()
    parts = clip_parts(name)
    if parts is None:
        raise RequestError(
            f"tower: {name!r}, in the model's config, is unknown; use minilm, clip, or clip:ARCHITECTURE/WEIGHTS"
        )
    return CLIP(*parts, normalised, weights=clip or os.environ.get("MOTIONCLIP_CLIP") or None)
