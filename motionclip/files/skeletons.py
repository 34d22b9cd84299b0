"""Files that hold a skeleton in motion, read as SMPL motion through the retargeting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..motion import FPS
from . import bvh, retarget
from .reading import Options, Reading


def read_bvh(path: Path, options: Options) -> list[Reading]:
    """Read a BVH file as SMPL motion, y up, life-size, on the floor.

    Raises MotionFileError for a file that is no BVH, or whose skeleton is no human's: the message lists the
    joints that could not be placed.
    """
    source = bvh.parse(path, options.fps)
    frames, fps = len(source.values), source.fps
    ours = bvh.to_motion(source, path.stem)
    if ours is not None:
        return [Reading(ours.resampled(fps), "SMPL as written here", frames, fps, "y", notes=tuple(source.notes))]
    stride = round(fps / FPS)
    if stride > 1 and abs(fps / FPS - stride) < 1e-3:
        source.values, source.fps = source.values[::stride], FPS
    reading = retarget.to_smpl(source.armature(), path, options)
    return [replace(reading, frames=frames, fps=fps, motion=reading.motion.resampled(source.fps))]
