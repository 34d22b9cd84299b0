"""The content of a motion file: the motion, and what the file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import RequestError
from ..motion.motion import Motion
from .up import AXES


@dataclass(frozen=True)
class Options:
    """What overrules a file.

    Attributes:
        up: the axis that points up in it: x, y, z, -x, -y or -z.
        fps: its frame rate.
        names: part of the body → name of a joint, for skeletons with unknown names.
    """

    up: str | None = None
    fps: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise RequestError for an axis or a rate that there can't be."""
        if self.up is not None and self.up not in AXES:
            raise RequestError(f"up: must be one of {', '.join(AXES)}, not {self.up!r}")
        if self.fps is not None and not 1 <= self.fps <= 10_000:
            raise RequestError(f"fps: must be from 1 to 10,000 frames per second, not {self.fps:g}")


@dataclass(frozen=True)
class LoadedMotion:
    """One motion of a file, with what the file says of it.

    Attributes:
        motion: the motion at 30 frames per second.
        family: the name of the skeleton or format.
        frames: the number of frames in the file.
        fps: the frame rate in the file.
        up: the file's axis that points up.
        scale: metres of the SMPL body for one unit of the file.
        notes: what was skipped or assumed, in sentences.
    """

    motion: Motion
    family: str
    frames: int
    fps: float
    up: str
    scale: float = 1.0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        frames = f"{self.frames:,} frame{'s' * (self.frames != 1)}"
        summary = f"{self.family}, {frames} at {self.fps:.5g} per second, {self.up} up, scale {self.scale:.4g}"
        return "; ".join([summary, *self.notes])
