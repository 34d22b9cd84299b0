"""AMASS with BABEL's labels, as downloaded, → a labelled motion folder that `train` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .files import MotionFileError
from .json_file import read_json
from .motion import FPS, Motion

# The splits of the paper's code: by AMASS's subsets (after Ghorbani's AMASS tutorial), or BABEL's own.
AMASS_SPLITS = {
    **dict.fromkeys(
        ("CMU", "MPI_Limits", "TotalCapture", "Eyes_Japan_Dataset", "KIT", "BioMotionLab_NTroje", "EKUT",
         "TCD_handMocap", "TCDHands", "ACCAD"), "train"),
    **dict.fromkeys(("HumanEva", "MPI_HDM05", "HDM05", "SFU", "MPI_mosh"), "val"),
    **dict.fromkeys(("Transitions_mocap", "Transitions", "SSM_synced", "SSM"), "test"),
}  # fmt: skip
FILES = {"train.json": "train", "val.json": "val"}
MIN_FRAMES = 30
LICENCE = "AMASS and BABEL licences (non-commercial research)"


@dataclass(frozen=True)
class Label:
    """A stretch of a recording: seconds, how BABEL's annotators put it, and its action categories."""

    start: float
    end: float
    captions: tuple[str, ...]
    actions: tuple[str, ...]


def prepare_babel(amass: Path, babel: Path, out: Path, split: str = "amass", progress: bool = True) -> tuple[int, int]:
    """Cut AMASS recordings into the stretches that BABEL labels; returns (clips written, recordings missing).

    amass: a folder with AMASS's subsets (CMU/, KIT/, …) of SMPL+H npz files. babel: the release's folder with
    train.json and val.json. out: gets clips/NAME.npz and labels.csv. split: "amass" as for the paper's text-to-motion,
    or "babel" as for its recognition (where val is also written as test: BABEL's own test labels are hidden).
    Recordings that BABEL labels and AMASS's folder doesn't have are left out. Raises MotionFileError for
    JSON that is not BABEL's, naming the field, and OSError where a folder or file is missing.
    """
    if split not in ("amass", "babel"):
        raise ValueError(f'split: must be "amass" or "babel", not {split!r}')
    if not amass.is_dir():
        raise FileNotFoundError(f"{amass} is missing: the folder that holds AMASS's subsets (CMU/, KIT/, …)")
    recordings = [(entry, part) for name, part in FILES.items() for entry in _entries(babel / name)]
    (out / "clips").mkdir(parents=True, exist_ok=True)
    written = missing = 0
    with open(out / "labels.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["clip", "licence", "split", "action", "style", "frames", "captions"])
        for (path, labels), part in tqdm(recordings, unit="recording", disable=not progress):
            source = amass / path
            if not source.is_file():
                missing += 1
                continue
            parts = [AMASS_SPLITS.get(path.parts[0], "train")]
            if split == "babel":
                parts = ["val", "test"] if part == "val" else [part]
            motion = Motion.load(source)
            for number, label in enumerate(labels):
                first, last = round(label.start * FPS), min(round(label.end * FPS), len(motion))
                if last - first < MIN_FRAMES:
                    continue
                for which in parts:
                    name = "_".join([*path.with_suffix("").parts, str(number), *([which] if len(parts) > 1 else [])])
                    name = name.replace(" ", "_")
                    motion.crop(first, last).save(out / "clips" / f"{name}.npz")
                    captions = "|".join(caption.replace("|", "/") for caption in label.captions)
                    table.writerow([name, LICENCE, which, label.actions[0], "normal", last - first, captions])
                    written += 1
    if not written:
        raise FileNotFoundError(f"{amass}: holds none of the {len(recordings)} recordings that {babel} labels")
    return written, missing


def _entries(path: Path) -> Iterator[tuple[Path, list[Label]]]:
    """Each recording of one BABEL file: where it lies in AMASS, and its labels."""
    try:
        content = read_json(path)
    except ValueError as error:
        raise MotionFileError(path, "content", f"is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise MotionFileError(path, "content", "must be one JSON object, a recording for each key")
    for key, entry in content.items():
        try:
            # "KIT/KIT/3/walk_poses.npz": the subset twice, as BABEL was made from AMASS's archives.
            location = Path(*Path(entry["feat_p"]).parts[1:])
            labels = _labels(entry)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise MotionFileError(path, str(key), f"is not one of BABEL's recordings ({error!r})") from error
        if location.is_absolute() or ".." in location.parts or not location.parts:
            raise MotionFileError(path, str(key), f"feat_p: must be a path inside AMASS, not {entry['feat_p']!r}")
        yield location, labels


def _labels(entry: dict[str, Any]) -> list[Label]:
    """Labels of stretches where there are any, else those of the whole recording, together."""
    if entry.get("frame_ann"):
        found = []
        for label in entry["frame_ann"]["labels"]:
            actions = tuple(label["act_cat"] or ())
            if label["proc_label"] == "transition" or not actions:
                continue
            found.append(Label(float(label["start_t"]), float(label["end_t"]), _said(label), actions))
        return found
    whole = [label for label in entry["seq_ann"]["labels"] if label["act_cat"]]
    if not whole:
        return []
    captions = tuple(dict.fromkeys(text for label in whole for text in _said(label)))
    actions = tuple(dict.fromkeys(action for label in whole for action in label["act_cat"]))
    return [Label(0.0, float(entry["dur"]), captions, actions)]


def _said(label: dict[str, Any]) -> tuple[str, ...]:
    texts = (label["proc_label"], label["raw_label"])
    return tuple(dict.fromkeys(text.strip() for text in texts if text and text.strip()))
