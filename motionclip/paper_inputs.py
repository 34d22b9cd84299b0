"""The paper's input files as they are, a text a line, edits and interpolations as CSV, and what comes of each line."""

from __future__ import annotations

import csv
import functools
import heapq
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional

from .bank import Bank, Entry
from .errors import MotionCLIPError, RequestError, file_access
from .files import MotionFileError, npz
from .files.labels_table import read_table
from .labels import BABEL_60
from .motion.motion import Motion
from .pipeline import Course, End, MotionCLIP
from .reader import stems
from .recognition import cosines

EDIT_COLUMNS = ("motion_source", "base", "v_start", "v_end")
INTERPOLATION_COLUMNS = ("start", "end")
# The cosine of two texts, seen from the middle of BABEL's classes, below which a motion of one is not taken for the
# other. Seen from the origin, CLIP's texts are all alike.
UNLIKE = 0.5
CANDIDATES = 64  # known texts that are compared with a label: a large tower takes minutes for a thousand
STOPS = 5  # of an interpolation, in the paper's figures


@dataclass(frozen=True)
class Row:
    """The result of one line of an input file.

    Attributes:
        line: the number of the line.
        name: what its files are called.
        motions: what the grid shows.
        titles: a title for each of the motions.
        results: the numbers of the motions that the line asks for.
        notes: which known motions its words stand for, in sentences.
        impossible: why the line could not be done; else "".
    """

    line: int
    name: str
    motions: tuple[Motion, ...] = ()
    titles: tuple[str, ...] = ()
    results: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    impossible: str = ""


_Source = Callable[[int], tuple[End, str]]  # the length in frames → a motion, and where it comes from


class Known:
    """Looks motions up by their labels: in a labelled folder, else in the model's bank.

    Args:
        mc: the model.
        data: the labelled folder, if any.
    """

    def __init__(self, mc: MotionCLIP, data: Path | None = None) -> None:
        self.mc, self.data = mc, data

    def find(self, label: str, frames: int) -> tuple[End, str]:
        """Find the motion whose label is nearest to some words.

        Args:
            label: the words.
            frames: the motion's length, 30 per second.

        Returns:
            The motion, and a sentence that says which one it is.

        Raises:
            RequestError: where there is neither a folder nor a bank, or nothing like the words in it.
        """
        sources, _ = self._sources
        same = [text for text in sources if text.lower() == label.strip().lower()]
        text, how = (same[0], "the same words") if same else self._nearest(label)
        end, where = sources[text](frames)
        return end, f'"{label}": {where}, "{text}" ({how})'

    def _nearest(self, label: str) -> tuple[str, str]:
        texts = self._candidates(label)
        likeness, number = cosines(self._seen([label]), self._seen(texts))[0].max(dim=0)
        text = texts[int(number)]
        if likeness < UNLIKE:
            raise RequestError(
                f'"{label}": no known motion is like it; the nearest is "{text}", likeness {likeness:.2f}'
            )
        return text, f"the nearest words, likeness {likeness:.2f}"

    def _candidates(self, label: str) -> list[str]:
        """The known texts that have most words in common with a label, rare words counting more; where none has any,
        the names of actions."""
        wanted = set(stems(label))
        owners = Counter(stem for own in self._stems.values() for stem in own)
        rarity = {stem: math.log(1 + len(self._stems) / (1 + owners[stem])) for stem in wanted | owners.keys()}

        def shared(text: str) -> float:
            own = self._stems[text]
            return sum(rarity[s] for s in wanted & own) / (sum(rarity[s] for s in wanted | own) or 1)

        _, names = self._sources
        return [text for text in heapq.nlargest(CANDIDATES, self._stems, shared) if shared(text)] or names

    def _seen(self, texts: Sequence[str]) -> torch.Tensor:
        """(texts, D) directions from the middle of BABEL's classes."""
        return functional.normalize(self.mc.encode_text(texts), dim=-1) - self._middle

    @functools.cached_property
    def _middle(self) -> torch.Tensor:
        return functional.normalize(self.mc.encode_text(BABEL_60), dim=-1).mean(0)

    @functools.cached_property
    def _stems(self) -> dict[str, set[str]]:
        return {text: set(stems(text)) for text in self._sources[0]}

    @functools.cached_property
    def _sources(self) -> tuple[dict[str, _Source], list[str]]:
        """The known motions by their labels and captions, and which of these texts are names of actions."""
        if self.data is not None:
            return _of_folder(self.data)
        if self.mc.bank is None:
            raise RequestError("this model has no bank of known motions; give a folder of labelled ones with --data")
        return _of_bank(self.mc.bank)


def _of_folder(folder: Path) -> tuple[dict[str, _Source], list[str]]:
    """By its captions or the names of actions, the first clip that has them; by a caption sooner, as in the paper's
    code."""
    rows = read_table(folder)[::-1]
    named: dict[str, _Source] = {row["action"].strip(): functools.partial(_clip, folder, row["clip"]) for row in rows}
    captions = {
        text.strip(): functools.partial(_clip, folder, row["clip"])
        for row in rows
        for text in row["captions"].split("|")
    }
    return named | captions, list(named)


def _of_bank(bank: Bank) -> tuple[dict[str, _Source], list[str]]:
    """By their labels the most typical entries, and by captions the first ones."""
    named: dict[str, _Source] = {label: functools.partial(_entry, bank.find(label)) for label in bank.labels}
    captions = {entry.caption: functools.partial(_entry, entry) for entry in bank.entries[::-1]}
    return captions | named, list(named)


def _clip(folder: Path, name: str, frames: int) -> tuple[End, str]:
    if Path(name).name != name:
        raise RequestError(f"{name}: a clip's name must not hold a folder; give the plain name in labels.csv")
    return npz.load(folder / "clips" / f"{name}.npz").padded(frames).crop(0, frames), f"clip {name}"


def _entry(entry: Entry, frames: int) -> tuple[End, str]:
    return entry, f"the bank's {entry.clip}"


def texts(mc: MotionCLIP, path: Path, frames: int | None, seed: int, closeness: float) -> Iterator[Row]:
    """Generate motions for a file with one text a line.

    Args:
        mc: the model.
        path: the file.
        frames: the length of each motion, 30 per second.
        seed: which instance.
        closeness: as for `MotionCLIP.generate`.

    Yields:
        A row for each line.
    """
    for line, text in enumerate(_read(path).splitlines(), start=1):
        if text.strip():

            def generated(text: str = text.strip()) -> _Made:
                return (mc.generate(text, frames, seed, closeness),), (text,), ()

            yield _done(line, text.strip(), generated)


def edits(mc: MotionCLIP, path: Path, known: Known, strength: float, frames: int, seed: int) -> Iterator[Row]:
    """Make the edits of a table.

    Args:
        mc: the model.
        path: a CSV file with the columns motion_source, base, v_start and v_end.
        known: finds the motions of labels.
        strength: as for `MotionCLIP.edit`.
        frames: the length of each motion, 30 per second.
        seed: which instance.

    Yields:
        A row for each edit: its base, what it is like, what it should be like, and the result.

    Raises:
        RequestError: for a motion_source other than "data" and "text".
    """
    for line, row in _rows(path, EDIT_COLUMNS):
        words = (row["base"], row["v_start"], row["v_end"])

        def edited(row: dict[str, str] = row, words: tuple[str, str, str] = words) -> _Made:
            if row["motion_source"] not in ("data", "text"):
                raise RequestError(f"motion_source: must be data or text, not {row['motion_source']!r}")
            ends = [known.find(text, frames) if row["motion_source"] == "data" else (text, "") for text in words]
            base, start, end = (end for end, _ in ends)
            motions = [mc.as_motion(end, frames, seed) for end, _ in ends]
            result = mc.edit(base, start, end, strength, frames, seed)
            notes = tuple(note for _, note in ends if note)
            return (*motions, result), (*words, "Result"), notes

        yield _done(line, "-".join(words), edited, results=(3,))


def interpolations(
    mc: MotionCLIP, path: Path, known: Known, steps: int, frames: int, seed: int, course: Course | None = None
) -> Iterator[Row]:
    """Interpolate between the pairs of labels in a table.

    Args:
        mc: the model.
        path: a CSV file with the columns start and end.
        known: finds the motions of labels.
        steps: the number of motions for a pair, both ends included.
        frames: the length of each motion, 30 per second.
        seed: which instance.
        course: the way through the latents. By default it is a straight line in equal steps for a model whose latents
            are not normalised.

    Yields:
        A row for each pair.
    """
    course = course or ("spherical" if mc.model.config.normalised else "linear")  # the latter as in the paper
    for line, row in _rows(path, INTERPOLATION_COLUMNS):

        def pulled(row: dict[str, str] = row) -> _Made:
            (a, note_a), (b, note_b) = (known.find(row[column], frames) for column in INTERPOLATION_COLUMNS)
            motions = mc.interpolate(a, b, steps, seed, frames, course)
            titles = (row["start"], *[f"{number / (steps - 1):.0%}" for number in range(1, steps - 1)], row["end"])
            return tuple(motions), titles, (note_a, note_b)

        yield _done(line, f"{row['start']}-to-{row['end']}", pulled, results=tuple(range(steps)))


_Made = tuple[tuple[Motion, ...], tuple[str, ...], tuple[str, ...]]


def _done(line: int, name: str, make: Callable[[], _Made], results: tuple[int, ...] = (0,)) -> Row:
    try:
        motions, titles, notes = make()
    except MotionCLIPError as error:
        return Row(line, name, impossible=str(error))
    named = (replace(motion, name=title) for motion, title in zip(motions, titles, strict=True))
    return Row(line, name, tuple(named), titles, results, notes)


def save(rows: Sequence[Row], out: Path, suffix: str) -> list[Path]:
    """Write the motions that the lines ask for.

    Args:
        rows: the results.
        out: the folder. Files are called LINE-NAME.SUFFIX, or LINE-NAME-STEP.SUFFIX where a line has several.
        suffix: the files' suffix.

    Returns:
        The paths.
    """
    paths = []
    for row in rows:
        words = re.sub(r"\W+", "-", row.name.lower()).strip("-")[:60]
        for number in row.results if row.motions else ():
            step = f"-{number}" if len(row.results) > 1 else ""
            paths.append(row.motions[number].save(out / f"{row.line:02d}-{words}{step}{suffix}"))
    return paths


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV file with these columns. Raises MotionFileError for one that lacks a column or a value."""
    reader = csv.DictReader(_read(path).splitlines())
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise MotionFileError(path, "line 1", f"must name the columns {', '.join(columns)}; {missing[0]} is missing")
    for row in reader:
        if any(not (row[column] or "").strip() for column in columns):
            raise MotionFileError(path, f"line {reader.line_num}", f"needs a value for each of {', '.join(columns)}")
        yield reader.line_num, {column: row[column].strip() for column in columns}


def _read(path: Path) -> str:
    try:
        with file_access(path):
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MotionFileError(path, "content", f"is no text in UTF-8 ({error})") from error
