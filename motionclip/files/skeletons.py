"""Files that hold a skeleton in motion, read as SMPL motion through the retargeting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from ..progress import step
from . import bvh, joint_names, retarget_to_smpl
from .animations import read_animations
from .armature import Armature
from .gltf import Document
from .loaded_motion import LoadedMotion, Options
from .positions import local_of


def read_bvh(path: Path, options: Options) -> list[LoadedMotion]:
    """Read a BVH file as SMPL motion, y up, life-size, on the floor.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        One motion.

    Raises:
        MotionFileError: for another file, or a skeleton that is no human's; it lists the joints that could not be
            placed.
        OSError: for a file that can't be opened.
    """
    source = bvh.parse(path, options.fps)
    frames, fps = len(source.values), source.fps
    stride = round(fps / FPS)
    if stride > 1 and abs(fps / FPS - stride) < 1e-3:
        source.values, source.fps = source.values[::stride], FPS
    armature = source.armature()
    step("bringing it onto the SMPL body")
    return [
        replace(reading, frames=frames, fps=fps, motion=reading.motion.resampled(source.fps))
        for reading in _read(armature, path, options)
    ]


def read_gltf(path: Path, options: Options) -> list[LoadedMotion]:
    """Read the animations of a glTF, GLB or VRM file, or a VRM animation, as SMPL motion on the floor.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        A motion for each animation.

    Raises:
        MotionFileError: for another file, one without an animation, or a skeleton that is no human's.
        OSError: for a file that can't be opened.
    """
    readings = []
    for name, armature in read_animations(Document(path), options.fps):
        for reading in _read(armature, path, options):
            if name and name != path.stem:
                reading = replace(reading, motion=replace(reading.motion, name=f"{path.stem}: {name}"[:200]))
            family = f"VRM, {reading.family}" if armature.parts else reading.family
            readings.append(replace(reading, family=family))
    return readings


def _read(armature: Armature, path: Path, options: Options) -> list[LoadedMotion]:
    """The motion of each body of an armature, as it was written here, exactly, or else retargeted."""
    result = []
    for body in _bodies(armature, path, options):
        ours = None if options.up or options.names else _as_written(body, path.stem)
        if ours is None:
            result.append(retarget_to_smpl.to_smpl(body, path, options))
        else:
            family = "SMPL as written here"
            result.append(LoadedMotion(ours, family, len(ours), body.fps, "y", notes=tuple(body.notes)))
    return result


def _bodies(armature: Armature, path: Path, options: Options) -> list[Armature]:
    """The humans of a file that tells several skeletons apart, or those of them that move; else the whole armature."""
    humans = [body for body, _ in joint_names.humans(armature, path, options.names)]
    if len(humans) < 2:
        return [armature]
    return [body for body in humans if body.moves] or humans


def _as_written(armature: Armature, name: str) -> Motion | None:
    """The motion of an armature with the SMPL joints and bones; None for other skeletons.

    The hands, whose joints have no length in the body, may stand anywhere.
    """
    index = {joint: i for i, joint in enumerate(armature.names)}
    if not set(skeleton.JOINT_NAMES) <= set(index) or len(index) < len(armature.names):
        return None
    order = [index[joint] for joint in skeleton.JOINT_NAMES]
    rest = armature.rest_positions[order]
    bones = (rest - rest[[max(parent, 0) for parent in skeleton.PARENTS]])[1:22]
    straight = torch.eye(3, dtype=torch.float64).expand(len(order), 3, 3)
    if not torch.allclose(bones, skeleton.OFFSETS[1:22].double(), atol=1e-4) or not torch.allclose(
        armature.rest_rotations[order], straight, atol=1e-4
    ):
        return None
    return Motion.from_rotations(local_of(armature.rotations[:, order]), armature.positions[:, order[0]], name)
