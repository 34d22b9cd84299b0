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
    """Say whether a tower may be used in place of the one that a model's config names.

    It may if it is the same, or a CLIP of the same architecture whose weights come from a file: these have no name to
    compare.

    Args:
        name: the tower's name.
        required: the config's name; None where it names none.

    Returns:
        True if it may.
    """
    if name == required:
        return True
    own_parts, required_parts = clip_parts(name), clip_parts(required or "")
    if own_parts is None or required_parts is None:
        return False
    return own_parts[0] == required_parts[0] and Path(own_parts[1]).suffix != ""


def load_tower(name: str, normalised: bool = True, clip: str | PathLike[str] | None = None) -> TextTower:
    """Load the tower that a model's config names.

    Args:
        name: the name.
        normalised: whether embeddings have unit length.
        clip: a file of CLIP's weights or a folder that holds it, for a model in a CLIP's space; by default that of the
            variable MOTIONCLIP_CLIP.

    Returns:
        The tower.

    Raises:
        RequestError: for an unknown name.
        TowerUnavailable: for a tower whose library or weights are missing.
    """
    if name == MiniLM.name:
        return MiniLM()
    parts = clip_parts(name)
    if parts is None:
        raise RequestError(
            f"tower: {name!r}, in the model's config, is unknown; use minilm, clip, or clip:ARCHITECTURE/WEIGHTS"
        )
    return CLIP(*parts, normalised, weights=clip or os.environ.get("MOTIONCLIP_CLIP") or None)
