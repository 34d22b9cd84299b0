"""C3D: the markers of optical motion capture, read through ezc3d where that is installed.

Joints are estimated from where Plug-in Gait and similar sets put markers: hip centres from the pelvis by Harrington's
regression (2007), knees, ankles and shoulders inwards of theirs, the spine on a line. Files with joint centres (LHJC,
LKJC, …) are taken by those.
"""

from __future__ import annotations

import importlib.util
import io
import math
import struct
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ..errors import MotionFileError
from ..motion import skeleton
from .loaded_motion import LoadedMotion, Options
from .positions import JOINTS, leg_length
from .results import from_joints

MAX_BYTES = 500_000_000
MAX_VALUES = 100_000_000
MAX_COUNT = 1 << 16  # of a parameter's values
SECONDS, BYTES_A_SECOND = 30, 2_000_000  # that ezc3d may take
_MARKERS_BY_EZC3D = str(Path(__file__).with_name("markers_by_ezc3d.py"))
_J = skeleton.JOINT_INDEX
_METRES = {"mm": 0.001, "cm": 0.01, "m": 1.0, "in": 0.0254}
_LEGS = (0.2, 1.6)  # metres that a human's may be long
# What markers are called, the surest first; several of one entry are averaged. S is L or R.
_PELVIS = {
    "front": (("SASI",), ("SFWT",), ("SASIS",), ("SIAS",)),
    "back": (("SPSI",), ("SBWT",), ("SPSIS",), ("SIPS",)),
}
_PLACES = {
    "hip": (("SHJC",),),
    "knee": (("SKJC",), ("SKNE", "SKNM"), ("SKNE", "SKNEM"), ("SFLE", "SFME"), ("SKNE",)),
    "ankle": (("SAJC",), ("SANK", "SANM"), ("SANK", "SANKM"), ("SFAL", "STAM"), ("SANK",)),
    "foot": (("STOE",), ("SMT5", "SMT1"), ("SFM5", "SFM1"), ("SFM2",)),
    "shoulder": (("SSJC",), ("SSHO",), ("SAC",), ("SCAJ",)),
    "elbow": (("SEJC",), ("SELB", "SELBM"), ("SELB", "SIEL"), ("SHLE", "SHME"), ("SELB",)),
    "wrist": (("SWJC",), ("SWRA", "SWRB"), ("SRSP", "SUSP"), ("SWRI",), ("SFIN",)),
}
_MIDDLE = {
    "neck": (("C7", "CLAV"), ("CV7", "SJN"), ("C7",), ("CV7",)),
    "head": (("LFHD", "RFHD", "LBHD", "RBHD"), ("LFHD", "RFHD"), ("HEAD",), ("ARIEL",)),
}
MIPS = 86  # the processor byte of files whose numbers begin with their highest byte
# How far a joint lies inwards of a single marker on its outside, and a shoulder below its own (metres).
_INWARDS = {"knee": 0.045, "ankle": 0.035}
_BELOW = 0.05


def read(path: Path, options: Options) -> list[LoadedMotion]:
    """Read a body's markers as motion.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        One motion.

    Raises:
        MotionFileError: for another file, for missing markers, or where ezc3d is not installed.
    """
    if importlib.util.find_spec("ezc3d") is None:
        raise MotionFileError(path, "suffix", "C3D files need ezc3d: pip install ezc3d")
    if not 512 <= path.stat().st_size <= MAX_BYTES:
        raise MotionFileError(
            path, "size", f"must be from 512 bytes to {MAX_BYTES // 10**6} MB; a smaller file is cut off, or no C3D"
        )
    _check_size(path)
    found = _by_ezc3d(path)
    values, rate = found["points"], float(found["rate"])
    labels = [str(label).rpartition(":")[2].strip().upper() for label in found["labels"]]
    if not values.size:
        raise MotionFileError(path, "POINT", "has no markers over time; export the file with its marker trajectories")
    if values.size > MAX_VALUES:
        raise MotionFileError(path, "POINT", f"has {values.size:,} numbers; at most {MAX_VALUES:,} are read")
    if not any(labels):
        raise MotionFileError(
            path,
            "POINT:LABELS",
            "is missing or empty, so that no marker has a name; name them as in Plug-in Gait (LASI, LKNE, …) and "
            "export the file again",
        )
    fps = options.fps or rate
    if not 1 <= fps <= 10_000:
        wrong = f"must be from 1 to 10,000 per second, not {fps:g}" if fps else "is missing, or 0"
        raise MotionFileError(path, "POINT:RATE", f"{wrong}; --fps says the frame rate instead")
    markers = {label: _filled(values[:, number]) for number, label in enumerate(labels[: values.shape[1]])}
    joints, notes = _in_metres(markers, str(found["unit"]).strip().lower(), path)
    return [from_joints(joints, path, options, fps, "C3D markers", ["joints were estimated from markers", *notes])]


def _in_metres(markers: Mapping[str, np.ndarray], stated: str, path: Path) -> tuple[np.ndarray, list[str]]:
    """The joints of markers, and a note if these are not in the unit that the file says.

    A unit that the file lacks, or in which the body is no human's size, is found by that size.
    """
    for unit in dict.fromkeys([stated, *_METRES]):
        if unit in _METRES:
            joints = _joints({label: places * _METRES[unit] for label, places in markers.items()}, path)
            if _LEGS[0] < leg_length(torch.from_numpy(joints)) < _LEGS[1]:
                break
    else:
        raise MotionFileError(path, "POINT:UNITS", f"is {stated or 'missing'}, and the body is no human's size in any")
    if unit == stated:
        return joints, []
    why = "it says no unit"
    if stated:
        why = (
            f"in its unit, {stated}, the body is no human's size"
            if stated in _METRES
            else f"its unit, {stated}, is not known"
        )
    return joints, [f"{why}: {unit} was taken, by the length of the legs"]


def _by_ezc3d(path: Path) -> dict[str, np.ndarray]:
    """What `markers_by_ezc3d` writes. Raises MotionFileError for a file at which ezc3d fails, crashes or stays."""
    seconds = SECONDS + path.stat().st_size / BYTES_A_SECOND
    command = [sys.executable, "-P", _MARKERS_BY_EZC3D, str(path.resolve())]
    try:
        process = subprocess.run(command, capture_output=True, timeout=seconds)
        process.check_returncode()
        with np.load(io.BytesIO(process.stdout), allow_pickle=False) as arrays:
            return dict(arrays)
    except subprocess.TimeoutExpired as error:
        raise MotionFileError(path, "file", f"was not read by ezc3d within {seconds:.0f} seconds") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip() if error.returncode > 0 else "ezc3d crashed"
        raise MotionFileError(path, "file", f"cannot be read as C3D ({reason[-200:]})") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MotionFileError(path, "file", f"cannot be read as C3D: ezc3d gave nothing sound ({error})") from error


def _check_size(path: Path) -> None:
    """Refuse a file that is shorter than it says: ezc3d takes long over such files."""
    data = path.read_bytes()
    section = max(data[0] - 1, 0) * 512
    order = ">" if data[section + 3 : section + 4] == bytes([MIPS]) else "<"
    words = np.frombuffer(data[:24], f"{order}u2").astype(int)
    number_bytes = 4 if np.frombuffer(data[12:16], f"{order}f4")[0] < 0 else 2
    frames = max(words[4] - words[3] + 1, 0)
    if frames * (4 * words[1] + words[2]) * number_bytes > len(data):
        raise MotionFileError(path, "file", f"ends too soon: its header promises {frames} frames of {words[1]} markers")
    _check_parameters(path, data, section + 4, f"{order}h")


def _check_parameters(path: Path, data: bytes, at: int, word: str) -> None:
    """Refuse a parameter that is larger than its place. at: where the first entry begins; word: struct's format.

    An entry is the length of its name, the number of its group (negative for a group itself), the name, how far it is
    to the next entry, and for a parameter the size of a value, the number of dimensions, and these.
    """
    try:
        while data[at]:
            length, group = struct.unpack_from("bb", data, at)
            step = at + 2 + abs(length)
            (away,) = struct.unpack_from(word, data, step)
            if group > 0:
                size, dimensions = struct.unpack_from("bB", data, step + 2)
                counts = data[step + 4 : step + 4 + dimensions]
                room = away if away > 0 else len(data) - step  # of the last one the way on is 0
                # ezc3d goes through all the others where one dimension is 0.
                if math.prod(counts) * abs(size) > room or math.prod(count or 1 for count in counts) > MAX_COUNT:
                    name = data[at + 2 : step].decode("latin-1")
                    raise MotionFileError(path, name, "is larger than its place in the file")
            if away <= 0:
                return
            at = step + away
    except (IndexError, struct.error) as error:
        raise MotionFileError(path, "parameters", "end too soon") from error


def _filled(places: np.ndarray) -> np.ndarray:
    """(frames, 3) with gaps filled on a line; NaN throughout for a marker that was hardly seen."""
    visible = np.isfinite(places).all(axis=1) & (places != 0).any(axis=1)
    if visible.mean() < 0.2:
        return np.full_like(places, np.nan)
    frames = np.arange(len(places))
    return np.stack([np.interp(frames, frames[visible], column[visible]) for column in places.T], axis=1)


def _joints(markers: Mapping[str, np.ndarray], path: Path) -> np.ndarray:
    """(frames, 22, 3) metres, in the file's axes."""
    complete = {label: places for label, places in markers.items() if np.isfinite(places).all()}
    missing: list[str] = []

    def placed(ways: tuple[tuple[str, ...], ...], side: str = "S") -> tuple[np.ndarray, int]:
        """Where a joint's markers are on the average, and how many these are."""
        for way in ways:
            labels = [side + label[1:] if label[0] == "S" and side != "S" else label for label in way]
            if all(label in complete for label in labels):
                return np.mean([complete[label] for label in labels], axis=0), len(labels)
        names = (" and ".join(side + label[1:] if side != "S" else label for label in way) for way in ways)
        missing.append(" or ".join(names))
        return np.zeros(3), 0

    front, back = ([placed(_PELVIS[where], side)[0] for side in "LR"] for where in ("front", "back"))
    placements = {(part, side): placed(ways, side) for part, ways in _PLACES.items() if part != "hip" for side in "LR"}
    neck, head = (placed(_MIDDLE[part])[0] for part in ("neck", "head"))
    if missing:
        labels_present = ", ".join([*complete][:40])
        raise MotionFileError(
            path,
            "markers",
            f"these are missing or mostly hidden: {'; '.join(missing)}. Markers must be named as in Plug-in Gait; the "
            f"file's are {labels_present}",
        )
    left = front[0] - front[1]
    width = np.linalg.norm(left, axis=1, keepdims=True)
    left = left / np.maximum(width, 1e-9)
    middle = (front[0] + front[1]) / 2
    ahead = middle - (back[0] + back[1]) / 2
    depth = np.linalg.norm(ahead, axis=1, keepdims=True)
    ahead = ahead / np.maximum(depth, 1e-9)
    up = np.cross(ahead, left)
    joints = np.zeros((len(middle), JOINTS, 3))
    for side, name, sign in (("L", "left", 1.0), ("R", "right", -1.0)):
        if f"{side}HJC" in complete:
            joints[:, _J[f"{name}_hip"]] = complete[f"{side}HJC"]
        else:  # Harrington et al. 2007, in metres
            joints[:, _J[f"{name}_hip"]] = (
                middle - (0.24 * depth + 0.0099) * ahead - (0.30 * width + 0.0109) * up
                + sign * (0.33 * width + 0.0073) * left
            )  # fmt: skip
        for part in ("knee", "ankle", "foot", "shoulder", "elbow", "wrist"):
            place, count = placements[part, side]
            alone = count == 1 and f"{side}{part[0].upper()}JC" not in complete
            joints[:, _J[f"{name}_{part}"]] = place - sign * _INWARDS.get(part, 0.0) * alone * left
    hips = (joints[:, _J["left_hip"]] + joints[:, _J["right_hip"]]) / 2
    trunk = _unit(neck - hips)
    for name, side in (("left", "L"), ("right", "R")):
        if f"{side}SJC" not in complete:
            joints[:, _J[f"{name}_shoulder"]] -= _BELOW * trunk
    shoulders = joints[:, _J["left_shoulder"]] - joints[:, _J["right_shoulder"]]
    for part, places in _trunk(hips, neck, left, up, shoulders).items():
        joints[:, _J[part]] = places
    joints[:, _J["neck"]], joints[:, _J["head"]] = neck, head
    return joints


def _trunk(
    hips: np.ndarray, neck: np.ndarray, left: np.ndarray, up: np.ndarray, shoulders: np.ndarray
) -> dict[str, np.ndarray]:
    """(frames, 3) places of pelvis, spine and collars: as in SMPL, but along a curve that rises from the
    pelvis and ends at the neck.

    left, up: where the pelvis has them, of length 1. shoulders: from the right to the left one.
    """
    rest = skeleton.REST_JOINTS.numpy()
    rest = rest - (rest[_J["left_hip"]] + rest[_J["right_hip"]]) / 2
    way = rest[_J["neck"]] - rest[0]
    scale = np.linalg.norm(neck - hips, axis=1, keepdims=True) / np.linalg.norm(rest[_J["neck"]])
    ahead = np.cross(left, up)
    start = hips + scale * (rest[0, 1] * up + rest[0, 2] * ahead)
    middle = start + 0.5 * scale * way[1] * up
    chest_up = _unit(neck - middle)
    chest_ahead = _unit(np.cross(shoulders, chest_up))
    result = {"pelvis": start}
    for part in ("spine1", "spine2", "spine3"):
        off = rest[_J[part]] - rest[0]
        share = off[1] / way[1]
        curve = (1 - share) ** 2 * start + 2 * share * (1 - share) * middle + share**2 * neck
        result[part] = curve + scale * (off[2] - share * way[2]) * _unit((1 - share) * ahead + share * chest_ahead)
    chest = np.stack([np.cross(chest_up, chest_ahead), chest_up, chest_ahead], axis=1)
    for part in ("left_collar", "right_collar"):
        result[part] = neck + scale * ((rest[_J[part]] - rest[_J["neck"]]) @ chest)
    return result


def _unit(vectors: np.ndarray) -> np.ndarray:
    """(frames, 3) of length 1, or of none."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
