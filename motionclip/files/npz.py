"""AMASS-convention npz: axis-angle poses, pelvis path, frame rate, z up."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import roma
import torch

from ..motion import FPS, Motion
from .errors import MotionFileError

MAX_FRAMES = 500_000
BODY_VALUES = 66  # 22 joints; SMPL+H and SMPL-X put the fingers behind them, SMPL two rigid hands
POSE_WIDTHS = (66, 72, 156, 165)
RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps")
# AMASS has z up and the body facing −y; turning by −90° about x gives y up and facing +z.
Z_UP_TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=np.float64)


def load(path: Path) -> Motion:
    """Read an AMASS, SMPL or SMPL-X npz, any frame rate.

    Raises MotionFileError, and OSError where the file cannot be opened. Nothing is unpickled, and no array
    is read before its header was found sound and small enough.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            if "poses" not in members:
                raise MotionFileError(path, "poses", f"is missing; the file holds {_listed(members)}")
            poses = _read(archive, path, members["poses"], "poses")
            if poses.ndim != 2 or poses.shape[1] not in POSE_WIDTHS:
                raise MotionFileError(
                    path,
                    "poses",
                    f"the shape must be (frames, 72) for SMPL or (frames, 156) for SMPL+H, not {poses.shape}",
                )
            if not len(poses):
                raise MotionFileError(path, "poses", "there are zero frames")
            if "trans" not in members:
                raise MotionFileError(path, "trans", f"is missing; the file holds {_listed(members)}")
            trans = _read(archive, path, members["trans"], "trans")
            if trans.shape != (len(poses), 3):
                raise MotionFileError(
                    path,
                    "trans",
                    f"the shape must be ({len(poses)}, 3) as there are {len(poses)} poses, not {trans.shape}",
                )
            fps = _frame_rate(archive, path, members)
    except zipfile.BadZipFile as error:
        raise MotionFileError(path, "file", f"is not an npz archive ({error})") from error
    for field, numbers in (("poses", poses), ("trans", trans)):
        if not np.isfinite(numbers).all() or np.abs(numbers).max() > 1e6:
            raise MotionFileError(path, field, "holds NaN, infinite or absurdly large values")
    values = np.zeros((len(poses), 72), dtype=np.float64)
    width = 72 if poses.shape[1] == 72 else BODY_VALUES
    values[:, :width] = poses[:, :width]
    body = values.reshape(-1, 24, 3)
    body[:, 0] = _turn_root(body[:, 0], Z_UP_TO_Y_UP)
    motion = Motion(body, trans.astype(np.float64) @ Z_UP_TO_Y_UP.T, path.stem)
    return motion.resampled(fps)


def save(motion: Motion, path: Path) -> None:
    """Write poses (frames, 72), trans (frames, 3), mocap_framerate, gender and betas, z up as AMASS."""
    poses = motion.poses.astype(np.float64)
    poses[:, 0] = _turn_root(poses[:, 0], Z_UP_TO_Y_UP.T)
    with open(path, "wb") as file:
        np.savez_compressed(
            file,
            poses=poses.reshape(len(poses), 72).astype(np.float32),
            trans=(motion.translation.astype(np.float64) @ Z_UP_TO_Y_UP).astype(np.float32),
            mocap_framerate=np.array(FPS),
            gender=np.array("neutral"),
            betas=np.zeros(10, dtype=np.float32),
        )


def _turn_root(rotation_vectors: np.ndarray, turn: np.ndarray) -> np.ndarray:
    rotations = roma.rotvec_to_rotmat(torch.from_numpy(rotation_vectors))
    return roma.rotmat_to_rotvec(torch.from_numpy(turn) @ rotations).numpy()


def _frame_rate(archive: zipfile.ZipFile, path: Path, members: dict[str, str]) -> float:
    key = next((key for key in RATE_KEYS if key in members), None)
    if key is None:
        raise MotionFileError(path, RATE_KEYS[0], "is missing: the frame rate has to be known (30, 60, 120, …)")
    value = _read(archive, path, members[key], key)
    if value.size != 1 or not np.isfinite(value).all() or not 1 <= float(value.reshape(-1)[0]) <= 10_000:
        raise MotionFileError(path, key, "the frame rate must be one number from 1 to 10,000")
    return float(value.reshape(-1)[0])


def _read(archive: zipfile.ZipFile, path: Path, member: str, field: str) -> np.ndarray:
    """One array of numbers, its header checked first: a pickled, huge or cut-off one is refused."""
    try:
        with archive.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read_header is None:
                raise MotionFileError(path, field, f"is stored as npy version {version}, which holds no plain numbers")
            shape, _, dtype = read_header(stream)
            if dtype.kind not in "fiu":
                what = "pickled Python objects, which are never loaded" if dtype.hasobject else f"{dtype} values"
                raise MotionFileError(path, field, f"must hold numbers; it holds {what}")
            if len(shape) > 2 or any(size > MAX_FRAMES for size in shape) or np.prod(shape, dtype=float) > 2e8:
                raise MotionFileError(path, field, f"the shape {shape} is too large (at most {MAX_FRAMES:,} frames)")
        with archive.open(member) as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except MotionFileError:
        raise
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OverflowError) as error:
        raise MotionFileError(path, field, f"cannot be read ({error})") from error
    except Exception as error:  # zlib.error and the like: damaged data fails in many ways
        raise MotionFileError(path, field, f"is damaged ({error})") from error
    return array.astype(np.float64)


def _listed(members: dict[str, str]) -> str:
    names = sorted(members)
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing"
