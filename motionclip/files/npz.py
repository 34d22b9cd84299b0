"""npz archives of plain arrays: AMASS-convention motion in and out, and SMPL parameters in other spellings."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import roma
import torch

from ..constants import FPS
from ..errors import MotionFileError
from ..motion.motion import Motion
from . import smpl
from .loaded_motion import LoadedMotion, Options

MAX_LENGTH = 500_000  # of an array along any of its axes; frames are the longest
_MAX_NUMBERS = 2e8
# AMASS has z up and the body facing −y; turning by −90° about x gives y up and facing +z.
Z_UP_TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float64)


def load(path: Path) -> Motion:
    """Read an AMASS, SMPL or SMPL-X npz by its convention: z up, the floor at zero, any frame rate.

    Nothing is unpickled. An array is read only after its header was checked.

    Args:
        path: the file.

    Returns:
        The motion.

    Raises:
        MotionFileError: for a file that can't be read as motion.
        OSError: for a file that can't be opened.
    """
    return smpl.to_reading(read_arrays(path) | {smpl.FLOOR: np.zeros(())}, path, Options(up="z")).motion


def read_smpl(path: Path, options: Options) -> list[LoadedMotion]:
    """Read SMPL parameters under any of their names, with any axis up, and put the body on the floor.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        A motion for each body.

    Raises:
        MotionFileError: for a file that can't be read as motion.
        OSError: for a file that can't be opened.
    """
    return [smpl.to_reading(fields, path, options) for fields in smpl.apart(read_arrays(path))]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an archive that can mean motion.

    Args:
        path: the file.

    Returns:
        Name → array.

    Raises:
        MotionFileError: for a damaged archive, or one without such arrays.
        OSError: for a file that can't be opened.
    """
    with _opened(path) as members:
        if not smpl.names_poses(members):
            names = ", ".join(sorted(members)[:8]) or "nothing"
            raise MotionFileError(
                path, "poses", f"is missing, and so are joints, an array (frames, 22, 3); the file holds {names}"
            )
        return {name: read_array(member, path, name) for name, member in members.items() if smpl.is_field(name)}


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of an archive's arrays of numbers.

    Args:
        path: the file.

    Returns:
        Name → shape.

    Raises:
        MotionFileError: for what is no archive.
        OSError: for a file that can't be opened.
    """
    result = {}
    with _opened(path) as members:
        for name, member in members.items():
            with suppress(Exception), member() as header:  # damaged ones fail in many ways; to read them says how
                result[name] = _checked_header(header, path, name)
    return result


def read_one(path: Path, name: str) -> np.ndarray:
    """Read one of an archive's arrays.

    Args:
        path: the file.
        name: the array's name.

    Returns:
        The array.

    Raises:
        MotionFileError: for what is no archive, or an array that can't be read.
        OSError: for a file that can't be opened.
    """
    with _opened(path) as members:
        return read_array(members[name], path, name)


@contextmanager
def _opened(path: Path) -> Iterator[dict[str, Callable[[], IO[bytes]]]]:
    """Name → what opens it, of each array. Raises MotionFileError for what is no archive, or can't be unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield {name.removesuffix(".npy"): partial(archive.open, name) for name in archive.namelist()}
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:  # the latter where a member's name is damaged
        raise MotionFileError(path, "file", f"is not an npz archive ({error}); export it or copy it again") from error
    except (NotImplementedError, RuntimeError) as error:  # an encrypted member, or an unknown compression
        raise MotionFileError(path, "file", f"cannot be read ({error})") from error


def save(motion: Motion, path: Path, layout: str = "smpl") -> None:
    """Write poses, trans (frames, 3), the frame rate, gender and betas, z up as in AMASS.

    `floor` says that the floor is at zero, for our own reader: it moves bodies of other shapes onto their floor.

    Args:
        motion: the motion.
        path: the file.
        layout: "smpl" with 72 numbers per frame, "amass" with 156 (SMPL+H), or "smplx" with 165, whose parts are also
            written one by one. Fingers, jaw and eyes are at rest.
    """
    poses = motion.poses.astype(np.float64)
    poses[:, 0] = _turn_root(poses[:, 0], Z_UP_TO_Y_UP.T)
    flat = poses.reshape(len(poses), 72).astype(np.float32)
    fields: dict[str, Any] = {
        "trans": (motion.translation.astype(np.float64) @ Z_UP_TO_Y_UP).astype(np.float32),
        "gender": np.array("neutral"),
        "betas": np.zeros(10 if layout == "smpl" else 16, dtype=np.float32),
        "floor": np.array(0.0),
    }
    if layout != "smpl":
        body, rest = flat[:, : 3 * smpl.BODY_JOINTS], np.zeros((len(flat), 165), np.float32)
        flat = np.concatenate([body, rest[:, : (156 if layout == "amass" else 165) - body.shape[1]]], axis=1)
    if layout == "smplx":
        names = {"root_orient": 3, "pose_body": 63, "pose_jaw": 3, "pose_eye": 6, "pose_hand": 90}
        fields |= dict(zip(names, np.split(flat, np.cumsum([*names.values()])[:-1], axis=1), strict=True))
        fields["surface_model_type"] = np.array("smplx")
    fields["mocap_frame_rate" if layout == "smplx" else "mocap_framerate"] = np.array(FPS)
    with open(path, "wb") as file:
        np.savez_compressed(file, poses=flat, **fields)


def _turn_root(rotation_vectors: np.ndarray, turn: np.ndarray) -> np.ndarray:
    rotations = roma.rotvec_to_rotmat(torch.from_numpy(rotation_vectors))
    return roma.rotmat_to_rotvec(torch.from_numpy(turn) @ rotations).numpy()


def read_array(opened: Callable[[], IO[bytes]], path: Path, field: str) -> np.ndarray:
    """Read one array of numbers. Its header is checked first: a pickled, huge or cut-off array is refused.

    Args:
        opened: opens the npy data; it is called twice.
        path: the file, for errors.
        field: the array's name, for errors.

    Returns:
        The array as doubles.

    Raises:
        MotionFileError: for an array that is refused.
    """
    try:
        with opened() as header:
            shape = _checked_header(header, path, field)
        if len(shape) > 4 or any(size > MAX_LENGTH for size in shape) or np.prod(shape, dtype=float) > _MAX_NUMBERS:
            raise MotionFileError(path, field, f"the shape {shape} is too large (at most {MAX_LENGTH:,} frames)")
        with opened() as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except MotionFileError:
        raise
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OverflowError) as error:
        raise MotionFileError(path, field, f"cannot be read ({error})") from error
    except Exception as error:  # zlib.error and the like: damaged data fails in many ways
        raise MotionFileError(path, field, f"is damaged ({error})") from error
    return array.astype(np.float64)


def _checked_header(header: IO[bytes], path: Path, field: str) -> tuple[int, ...]:
    """The shape that an npy header promises, of numbers."""
    version = np.lib.format.read_magic(header)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise MotionFileError(path, field, f"is stored as npy version {version}, which holds no plain numbers")
    shape, _, dtype = read_header(header)
    if dtype.kind not in "fiu":
        what = "pickled Python objects, which are never loaded" if dtype.hasobject else f"{dtype} values"
        raise MotionFileError(path, field, f"must hold numbers; it holds {what}")
    return shape
