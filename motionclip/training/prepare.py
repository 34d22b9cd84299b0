"""AMASS with BABEL's labels, as downloaded, → a labelled motion folder that `train` reads."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..constants import FPS
from ..errors import MissingFile, RequestError
from ..files import MotionFileError
from ..files.json_file import read_json
from ..labels import BABEL_60, NORMAL
from . import amass as recordings
from .clip_cutting import CUTS, OTHER, Label, Piece
from .dataset import SPLITS

# The splits of the paper's code: by AMASS's subsets (after Ghorbani's AMASS tutorial), or BABEL's own.
AMASS_SPLITS = {
    **dict.fromkeys(
        ("CMU", "MPI_Limits", "TotalCapture", "Eyes_Japan_Dataset", "KIT", "BioMotionLab_NTroje", "EKUT",
         "TCD_handMocap", "TCDHands", "ACCAD"), "train"),
    **dict.fromkeys(("HumanEva", "MPI_HDM05", "HDM05", "SFU", "MPI_mosh"), "val"),
    **dict.fromkeys(("Transitions_mocap", "Transitions", "SSM_synced", "SSM"), "test"),
}  # fmt: skip
FILES = {"train.json": "train", "val.json": "val"}
LICENCE = "AMASS and BABEL licences (non-commercial research)"
LEFT_OUT = "leave out"


@dataclass(frozen=True)
class Choices:
    """What to make of AMASS and BABEL. The defaults are what the default model's training wants.

    Attributes:
        split: "amass" as for the paper's text-to-motion, or "babel" as for its recognition. With "babel", val is also
            written as test, since BABEL's own test labels are hidden.
        cut: "labels", a clip for each label; or "chunks", as the paper's code cuts recordings
            (`clip_cutting.by_chunks`), with every nth frame.
        hands: whether hands turn as SMPL+H's first fingers, as in the paper's code.
        texts: "labels", the annotators' words; or "classes", the names among BABEL's 60 classes that are right, as for
            the paper's recognition. Then clips of none of these classes are left out.
        others: the split of recordings from subsets that AMASS_SPLITS does not name, or "leave out".

    Raises:
        ValueError: for another choice.
    """

    split: str = "amass"
    cut: str = "labels"
    hands: bool = False
    texts: str = "labels"
    others: str = LEFT_OUT

    def __post_init__(self) -> None:
        for name, known in (
            ("split", ("amass", "babel")),
            ("cut", tuple(CUTS)),
            ("texts", ("labels", "classes")),
            ("others", (LEFT_OUT, *SPLITS)),
        ):
            if getattr(self, name) not in known:
                raise RequestError(f"{name}: must be one of {', '.join(known)}, not {getattr(self, name)!r}")


@dataclass(frozen=True)
class Prepared:
    """The result of a preparation.

    Attributes:
        clips: the number of clips that were written.
        missing: the number of recordings that are missing in AMASS's folder.
        unknown: subset → number of its recordings, for subsets whose split is unknown.
        odd_rates: the number of recordings whose frame rate is no multiple of about 30.
    """

    clips: int
    missing: int
    unknown: dict[str, int]
    odd_rates: int


def prepare_babel(
    amass: Path, babel: Path, out: Path, choices: Choices | None = None, progress: bool = True
) -> Prepared:
    """Cut AMASS recordings into clips by BABEL's labels, for training and evaluation.

    Args:
        amass: a folder with AMASS's subsets (CMU/, KIT/, …) of SMPL+H npz files.
        babel: the release's folder with train.json and val.json.
        out: the folder that gets clips/NAME.npz and labels.csv.
        choices: what to make of them; by default `Choices()`.
        progress: whether progress is shown.

    Returns:
        What was written, and what was not.

    Raises:
        MotionFileError: for JSON that is not BABEL's; it names the field.
        OSError: where a folder or file is missing.
    """
    choices = choices or Choices()
    if not amass.is_dir():
        raise MissingFile(amass, "is missing: the folder that holds AMASS's subsets (CMU/, KIT/, …)")
    labelled = [(entry, part) for name, part in FILES.items() for entry in _entries(babel / name)]
    (out / "clips").mkdir(parents=True, exist_ok=True)
    written = missing = odd = 0
    unknown: Counter[str] = Counter()
    with open(out / "labels.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["clip", "licence", "split", "action", "style", "frames", "captions", "categories"])
        for (path, duration, labels), part in tqdm(labelled, unit="recording", disable=not progress):
            if not (amass / path).is_file():
                missing += 1
                continue
            splits = _splits(path, part, choices)
            if not splits:
                unknown[path.parts[0]] += 1
                continue
            nth = choices.cut == "chunks"
            motion = recordings.load(amass / path, choices.hands, nth)
            if motion is None:
                odd += 1
                continue
            rate = len(motion) / duration if nth else FPS
            for number, piece in enumerate(CUTS[choices.cut](labels, len(motion), rate)):
                captions = _captions(piece, choices)
                for split in splits if captions else []:
                    name = "_".join(
                        [*path.with_suffix("").parts, str(number), *([split] if len(splits) > 1 else [])]
                    ).replace(" ", "_")
                    motion.crop(piece.first, piece.last).save(out / "clips" / f"{name}.npz")
                    action = piece.actions[0] if piece.actions else OTHER
                    frames = piece.last - piece.first
                    table.writerow(
                        [name, LICENCE, split, action, NORMAL, frames, _listed(captions), _listed(piece.actions)]
                    )
                    written += 1
    if not written:
        raise MissingFile(
            amass,
            f"holds none of the {len(labelled)} recordings that {babel} labels"
            + (f"; of {', '.join(unknown)} the split is not known, and --others says it" if unknown else ""),
        )
    return Prepared(written, missing, dict(unknown), odd)


def _splits(path: Path, part: str, choices: Choices) -> list[str]:
    """Where a recording's clips go: nowhere, or to one split or two."""
    subset = path.parts[0]
    if subset not in AMASS_SPLITS:  # the paper's code reads none of them, for BABEL's split neither
        return [] if choices.others == LEFT_OUT else [choices.others]
    if choices.split == "babel":
        return ["val", "test"] if part == "val" else [part]
    return [AMASS_SPLITS[subset]]


def _captions(piece: Piece, choices: Choices) -> tuple[str, ...]:
    return piece.captions if choices.texts == "labels" else tuple(a for a in piece.actions if a in BABEL_60)


def _listed(texts: tuple[str, ...]) -> str:
    return "|".join(text.replace("|", "/") for text in texts)


def _entries(path: Path) -> Iterator[tuple[Path, float, list[Label]]]:
    """Each recording of one BABEL file: where it lies in AMASS, its seconds, and its labels."""
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
            duration, labels = float(entry["dur"]), _labels(entry)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise MotionFileError(path, str(key), f"is not one of BABEL's recordings ({error!r})") from error
        if location.is_absolute() or ".." in location.parts or not location.parts:
            raise MotionFileError(path, str(key), f"feat_p: must be a path inside AMASS, not {entry['feat_p']!r}")
        if not duration > 0:
            raise MotionFileError(path, str(key), f"dur: must be a recording's seconds, not {duration}")
        yield location, duration, labels


def _labels(entry: dict[str, Any]) -> list[Label]:
    """Labels of stretches where there are any, else those of the whole recording."""
    whole = not entry.get("frame_ann")
    return [
        Label(
            0.0 if whole else float(label["start_t"]),
            float(entry["dur"] if whole else label["end_t"]),
            (label["raw_label"] or "").strip(),
            (label["proc_label"] or "").strip(),
            tuple(label["act_cat"] or ()),
            whole,
        )
        for label in entry["seq_ann" if whole else "frame_ann"]["labels"]
    ]
