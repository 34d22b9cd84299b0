"""SMPL, SMPL+H and SMPL-X parameters in everyone's spelling → motion: which arrays mean what, and which way is up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..errors import MotionFileError
from ..motion import skeleton
from ..motion.motion import Motion
from .loaded_motion import LoadedMotion, Options
from .retarget_to_smpl import off_the_floor
from .up import Up, find_up_of_joints

MOTION_X = 322  # numbers of a frame of Motion-X
BODY_JOINTS = 22  # SMPL+H and SMPL-X put the fingers behind them, SMPL two rigid hands
_JOINTS = {22, 24, 52, 55}  # of a whole pose: the body, SMPL, SMPL+H, SMPL-X
_BODIES = {21, 23}  # of a pose without its root
WHOLE = ("poses", "smpl_poses", "fullpose", "full_pose", "pose", "smpl_thetas", "thetas", "pred_rotmat")
ROOTS = ("global_orient", "root_orient", "smpl_orient", "orient")
BODIES = ("body_pose", "pose_body")
PATHS = ("trans", "transl", "smpl_trans", "translation", "root_trans", "global_t", "pred_trans")
# Frame rates, as `mocap_frame_rate`, `FPS` or `samplingRate`: letters alone, in lower case.
_RATE = re.compile(
    r"(mocap|capture|motion|video|source)?(frame(rates?|frequency)|sampl(e|ing)(rate|frequency)|framespersecond|rate|fps|"
    r"freq(uency)?)(hz)?"
)
SCALES = ("smpl_scaling", "scaling")
FLOOR = "floor"
BEAT = "expressions"  # of BEAT2, which has AMASS's names and y up
_AMASS = ("root_orient", "pose_body")
_FIELDS = {*WHOLE, *ROOTS, *BODIES, *PATHS, *SCALES, FLOOR, BEAT}
MAX_BODIES = 1000  # of one file
# Those whose format has one rate, and names it nowhere.
_AIST_RATE = 60.0
# How far an AMASS body may hover or sink because its shape is not the one here; one that is higher climbs or swims.
_SINKS, _HOVERS, _CLIMBS = -0.03, 0.03, 0.1


@dataclass(frozen=True)
class Poses:
    """SMPL poses as a file has them, in its own axes.

    Attributes:
        rotations: (frames, 24, 3, 3), joint to parent.
        path: (frames, 3) metres.
        field: the name of the poses in the file, for errors.
    """

    rotations: torch.Tensor
    path: torch.Tensor
    field: str


def is_rate(name: str) -> bool:
    """Whether a field of this name holds the frame rate."""
    return _RATE.fullmatch(re.sub(r"[^a-z]", "", name.lower())) is not None


def is_field(name: str) -> bool:
    """Whether a field of this name can mean motion."""
    return name in _FIELDS or is_rate(name)


def names_poses(names: Iterable[str]) -> bool:
    """Whether there are poses among fields of these names."""
    return not {*WHOLE, *ROOTS, *BODIES}.isdisjoint(names)


def of_motion_x(values: np.ndarray) -> dict[str, np.ndarray]:
    """Name the fields of Motion-X.

    Its columns are root 3, body 63, hands 90, jaw 3, expression 50, face 100, path 3 and shape 10.

    Args:
        values: (frames, 322), 30 per second.

    Returns:
        Name → array, as SMPL's fields.
    """
    fields = {"global_orient": values[:, :3], "body_pose": values[:, 3:66], "transl": values[:, 309:312]}
    return fields | {"fps": np.array(30.0)}


def apart(fields: Mapping[str, np.ndarray]) -> Iterator[Mapping[str, np.ndarray]]:
    """Separate bodies, where the fields have an axis for bodies before the frames, as SLAHMR's have.

    Args:
        fields: name → array.

    Yields:
        The fields of each body.
    """
    poses = next((fields[name] for name in (*BODIES, *WHOLE) if name in fields), np.zeros(0))
    numbers = {3 * count for count in _JOINTS | _BODIES}
    if poses.ndim != 3 or poses.shape[-1] not in numbers or len(poses) > MAX_BODIES:
        yield fields
        return
    for body in range(len(poses)):
        yield {
            name: value[body] if value.ndim == 3 and len(value) == len(poses) else value
            for name, value in fields.items()
        }


def find_poses(fields: Mapping[str, np.ndarray], path: Path) -> Poses:
    """Find the poses and the path among a file's arrays, whatever they are called.

    Args:
        fields: name → array.
        path: the file, for errors.

    Returns:
        The poses.

    Raises:
        MotionFileError: for a field that is missing or has a wrong shape.
    """
    whole = next((name for name in WHOLE if name in fields), None)
    root, body = (next((name for name in group if name in fields), None) for group in (ROOTS, BODIES))
    if whole is not None and (body is None or fields[whole].shape[-1] not in (63, 69)):
        field, rotations = whole, _rotations(fields[whole], path, whole, _JOINTS)
    elif root is not None and body is not None:
        field = body
        first, others = _rotations(fields[root], path, root, {1}), _rotations(fields[body], path, body, _BODIES)
        if len(first) != len(others):
            raise MotionFileError(path, root, f"there are {len(first)} of them, but {len(others)} of {body}")
        rotations = torch.cat([first, others], dim=1)
    else:
        raise MotionFileError(path, (ROOTS if root is None else BODIES)[0], f"is missing; {_listed(fields)}")
    frames = len(rotations)
    if not frames:
        raise MotionFileError(path, field, "there are zero frames")
    joints = 24 if rotations.shape[1] == 24 else BODY_JOINTS
    same = torch.eye(3, dtype=torch.float64).repeat(frames, skeleton.NUM_JOINTS - joints, 1, 1)
    return Poses(torch.cat([rotations[:, :joints], same], dim=1), _path(fields, path, frames), field)


def to_reading(fields: Mapping[str, np.ndarray], path: Path, options: Options) -> LoadedMotion:
    """Make motion of a file's arrays, at the file's rate, y up, on the floor.

    Args:
        fields: name → array.
        path: the file, for errors.
        options: what overrules the file.

    Returns:
        The motion.

    Raises:
        MotionFileError: for a field that is missing, or has a wrong shape or values.
    """
    poses = find_poses(fields, path)
    amass = poses.field == "poses" and "trans" in fields
    fps, notes = options.fps, []
    if fps is None:
        fps = find_rate(fields, path)
    if fps is None:
        if amass:
            raise MotionFileError(
                path, "mocap_framerate", f"is missing: --fps says the frame rate (30, 60, 120, …); {_listed(fields)}"
            )
        fps = _AIST_RATE if poses.field == "smpl_poses" else FPS
        notes.append(f"no frame rate is given: {fps:g} per second was taken; --fps overrules")
    if not any(name in fields for name in PATHS):
        notes.append("it has no path: the body stays in place")
    return _finished(poses, path, options, fps, "SMPL" if not amass else "AMASS", notes, fields)


def _finished(
    poses: Poses,
    path: Path,
    options: Options,
    fps: float,
    family: str,
    notes: list[str],
    fields: Mapping[str, np.ndarray],
) -> LoadedMotion:
    """Poses in the file's axes → a LoadedMotion: y up, on the floor."""
    usual = _usual(fields)
    axis = options.up or ("z" if FLOOR in fields else "y" if BEAT in fields else "")
    up = Up(axis) if axis else find_up_of_joints(skeleton.forward_kinematics(poses.rotations, poses.path), usual)
    if up.axis != "z" and not options.up:
        notes = [*notes, f"{up.axis} is up in it, where AMASS has z; --up overrules"]
    elif up.axis == usual and up.assumed:
        notes = [*notes, up.assumed]
    turn = up.turn()
    rotations = poses.rotations.clone()
    rotations[:, 0] = turn @ rotations[:, 0]
    pelvis = poses.path @ turn.T
    if FLOOR not in fields:
        height = off_the_floor(rotations, pelvis)
        amass = family == "AMASS" and up.axis == "z"
        if not (amass and (_SINKS <= height <= _HOVERS or height > _CLIMBS)):
            pelvis = pelvis - height * pelvis.new_tensor([0, 1, 0])
    motion = Motion.from_rotations(rotations, pelvis.float(), path.stem)
    return LoadedMotion(motion.resampled(fps), family, len(motion), fps, up.axis, notes=tuple(notes))


def _usual(fields: Mapping[str, np.ndarray]) -> str:
    """The axis that is up where AMASS's names are used, or others'; without a path there is no floor to go by."""
    if not any(name in fields for name in PATHS):
        return ""
    return "z" if {"poses", *_AMASS} & set(fields) else "y"


def _path(fields: Mapping[str, np.ndarray], path: Path, frames: int) -> torch.Tensor:
    name = next((name for name in PATHS if name in fields), None)
    if name is None:
        if "poses" in fields:
            raise MotionFileError(
                path,
                "trans",
                f"is missing: (frames, 3) metres, zeros where the body stays in place; {_listed(fields)}",
            )
        return torch.zeros(frames, 3, dtype=torch.float64)
    trans = fields[name]
    if trans.ndim == 3 and 1 in trans.shape[:2]:
        trans = trans.reshape(-1, trans.shape[-1])
    if trans.shape != (frames, 3):
        raise MotionFileError(
            path, name, f"the shape must be ({frames}, 3) as there are {frames} poses, not {trans.shape}"
        )
    _check(trans, path, name)
    scale = next((fields[name] for name in SCALES if name in fields), None)
    if scale is not None:
        if scale.size != 1 or not 1e-6 < float(scale.reshape(-1)[0]) < 1e6:
            raise MotionFileError(path, SCALES[0], "must be one positive number")
        trans = trans / float(scale.reshape(-1)[0])
    return torch.from_numpy(trans.astype(np.float64))


def _rotations(values: np.ndarray, path: Path, field: str, joints: set[int]) -> torch.Tensor:
    """(frames, joints, 3, 3) from axis-angle or matrices, flat or by joint."""
    shape = values.shape
    flat = int(np.prod(shape[1:]))
    if values.ndim >= 3 and shape[-2:] == (3, 3) and flat // 9 in joints and flat % 9 == 0:
        _check(values, path, field)
        return roma.special_procrustes(torch.from_numpy(values.astype(np.float64)).reshape(-1, flat // 9, 3, 3))
    if values.ndim < 2 or flat % 3 or flat // 3 not in joints or (values.ndim > 2 and shape[-1] != 3):
        shapes = "(frames, 72) for SMPL or (frames, 156) for SMPL+H" if len(joints) > 2 else (
            " or ".join(f"(frames, {3 * count})" for count in sorted(joints))
        )  # fmt: skip
        raise MotionFileError(
            path, field, f"the shape must be {shapes}, of axis-angle (3 numbers a joint) or 3 × 3 matrices, not {shape}"
        )
    _check(values, path, field)
    vectors = torch.from_numpy(values.astype(np.float64).reshape(-1, flat // 3, 3))
    return roma.rotvec_to_rotmat(vectors)


def _check(values: np.ndarray, path: Path, field: str) -> None:
    wrong = ~(np.abs(values) <= 1e6)
    if wrong.any():
        frame = int(np.argwhere(wrong)[0][0])
        raise MotionFileError(
            path,
            field,
            f"holds NaN, infinite values, or some over 1,000,000, first in frame {frame}; mend that or cut it out",
        )


def find_rate(fields: Mapping[str, np.ndarray], path: Path) -> float | None:
    """Find the frame rate that a field says.

    Args:
        fields: name → array.
        path: the file, for errors.

    Returns:
        Frames per second; None where no field says it.

    Raises:
        MotionFileError: for what is no rate from 1 to 10,000.
    """
    key = next(filter(is_rate, fields), None)
    if key is None:
        return None
    value = fields[key]
    if value.size != 1 or not np.isfinite(value).all() or not 1 <= float(value.reshape(-1)[0]) <= 10_000:
        raise MotionFileError(path, key, "the frame rate must be one number from 1 to 10,000")
    return float(value.reshape(-1)[0])


def _listed(fields: Mapping[str, np.ndarray]) -> str:
    names = sorted(fields)
    return "the file holds " + (", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing")
