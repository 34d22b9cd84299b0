"""Labelled motion folders: clips and labels.csv, and training windows drawn from them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..files import MotionFileError, npz
from ..files.labels_table import read_table
from ..labels import NORMAL
from ..motion import features
from ..motion.motion import Motion

SPLITS = ("train", "val", "test")
LONGEST_NAME = 250  # with its suffix what file systems take


@dataclass(frozen=True)
class Clip:
    """One labelled recording.

    Attributes:
        name: its name in the data folder.
        motion: the motion.
        split: "train", "val" or "test".
        action: what it shows.
        style: how it is done; "normal" where the folder does not say it.
        captions: texts that describe it.
        licence: the terms under which it came.
        kind: the kind of recording; "recorded" where the folder does not say it.
        categories: all action categories that are right for it, where its folder says them, as BABEL does.
    """

    name: str
    motion: Motion
    split: str
    action: str
    style: str
    captions: tuple[str, ...]
    licence: str = ""
    kind: str = "recorded"  # or animated, or choreographed
    categories: tuple[str, ...] = ()


def load_clips(folder: str | Path, split: str | None = None, licence: str | None = None) -> list[Clip]:
    """Read FOLDER/labels.csv and the FOLDER/clips/NAME.npz that it lists.

    labels.csv has the columns clip, split (train, val or test), action and captions (several, separated by |). It may
    have style, licence, kind and categories (separated by |).

    Args:
        folder: the data folder.
        split: the split to read; by default all.
        licence: words, separated by commas. Clips whose terms hold one of them are kept; after a leading "not ", those
            whose terms hold none.

    Returns:
        The clips.

    Raises:
        MotionFileError: for a wrong table or clip.
    """
    folder = Path(folder)
    table = folder / "labels.csv"
    rows = read_table(folder)
    clips = []
    for line, row in enumerate(rows, start=2):
        if row["split"] not in SPLITS:
            raise MotionFileError(table, f"line {line}", f"split must be train, val or test, not {row['split']!r}")
        if any(part in row["clip"] for part in ("/", "\\", "..", "\0")):
            raise MotionFileError(table, f"line {line}", f"clip must be a plain file name, not {row['clip']!r}")
        if len(os.fsencode(row["clip"])) > LONGEST_NAME:
            raise MotionFileError(table, f"line {line}", f"clip has over {LONGEST_NAME} bytes: {row['clip'][:40]!r} …")
        terms = row.get("licence") or ""
        if split is not None and row["split"] != split:
            continue
        if licence is not None and _held(terms, licence.removeprefix("not ")) == licence.startswith("not "):
            continue
        motion = npz.load(folder / "clips" / f"{row['clip']}.npz")
        captions, categories = (
            tuple(text.strip() for text in (row.get(column) or "").split("|") if text.strip())
            for column in ("captions", "categories")
        )
        style = row.get("style") or NORMAL
        kind = row.get("kind") or "recorded"
        clips.append(Clip(row["clip"], motion, row["split"], row["action"], style, captions, terms, kind, categories))
    if not clips:
        raise MotionFileError(table, "split", f"no clip is in the split {split!r}" if split else "lists no clips")
    return clips


def _held(terms: str, words: str) -> bool:
    return any(word.strip() in terms for word in words.split(","))


def actions_of(clips: Sequence[Clip]) -> list[str]:
    """The action names that occur, sorted."""
    return sorted({clip.action for clip in clips})


@dataclass(frozen=True)
class Batch:
    """Windows for one training step.

    Attributes:
        features: (batch, window, 149), on the sampler's device.
        clip: (batch,) numbers of the clips.
        start: (batch,) the frame of its clip with which a window begins.
        mirrored: (batch,) bool.
    """

    features: torch.Tensor
    clip: torch.Tensor
    start: torch.Tensor
    mirrored: torch.Tensor


class WindowSampler:
    """Draws windows at any offset from the clips, half of them mirrored by default, and rare ones more often.

    First an action in a style is drawn, with a probability in proportion to the cube root of its number of clips; then
    one of its clips; then a window. So one cartwheel is not lost among two hundred walks, and one proud walk among the
    others is not either. A long clip counts as one clip for each five windows of its length.

    Args:
        clips: the clips.
        window: the length of a window in frames.
        uniform: whether each window of all clips has the same probability instead.
        mirror: whether half of the windows are mirrored.
        keep_heading: whether windows face as they were recorded; else they are turned to start facing +z.
        device: where the frames lie and windows are cut. The draws do not depend on it.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        window: int,
        uniform: bool = False,
        mirror: bool = True,
        device: torch.device | str = "cpu",
        keep_heading: bool = False,
    ) -> None:
        self.window, self._mirrored, self._device = window, 0.5 if mirror else 0.0, device
        padded = [clip.motion.padded(window) for clip in clips]
        frames = [features.motion_features(motion) for motion in padded]
        self._frames = torch.cat(frames).to(device)
        self._turned_so_far = torch.cat([features.turned(part) for part in frames]).to(device) if keep_heading else None
        lengths = torch.tensor([len(motion) for motion in padded])
        self._first = lengths.cumsum(0) - lengths
        self._starts = lengths - window + 1
        if uniform:
            self._probability = self._starts.float()
            return
        weight = 1 + lengths / (5 * window)
        shows = [(clip.action, clip.style) for clip in clips]
        total: dict[tuple[str, str], float] = {}
        for shown, share in zip(shows, weight.tolist(), strict=True):
            total[shown] = total.get(shown, 0) + share
        self._probability = weight / torch.tensor([total[shown] for shown in shows]) ** (2 / 3)

    def draw(self, size: int, generator: torch.Generator, warped: int = 0) -> Batch:
        """Draw windows; the same generator state gives the same ones.

        Args:
            size: how many.
            generator: of everything random.
            warped: how many of them, from the first on, play up to 15 % faster or slower than recorded.

        Returns:
            The windows.
        """
        clip = torch.multinomial(self._probability, size, replacement=True, generator=generator)
        rate = 0.85 + 0.3 * torch.rand(size, generator=generator)
        rate[warped:] = 1
        # A clip that is hardly longer than a window can't be played much faster.
        last = self._starts[clip] + self.window - 2
        rate = torch.minimum(rate, last / (self.window - 1))
        room = last - rate * (self.window - 1)
        offset = torch.rand(size, generator=generator) * room
        offset[warped:] = (torch.rand(size, generator=generator) * self._starts[clip]).long()[warped:].float()
        mirrored = torch.rand(size, generator=generator) < self._mirrored
        frames = offset[:, None] + rate[:, None] * torch.arange(self.window)
        below = frames.long()
        share = (frames - below)[:warped, :, None]
        first = self._first[clip, None]
        windows = self._cut(first + below)
        above = self._cut(first[:warped] + torch.minimum(below[:warped] + 1, last[:warped, None]))
        windows[:warped] = torch.lerp(windows[:warped], above, share.to(self._device))
        windows[:warped, :, features.YAW : features.HEIGHT] *= rate[:warped, None, None].to(self._device)
        return Batch(self._turned(windows, (first + below)[:, 0], mirrored), clip, offset.long(), mirrored)

    def _cut(self, frames: torch.Tensor) -> torch.Tensor:
        """(windows, window) numbers of frames → (windows, window, 149)."""
        return self._frames[frames.to(self._device)]

    def _turned(self, windows: torch.Tensor, starts: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
        """Windows that begin at the frames `starts` of all, mirrored, and facing as this sampler is to give them."""
        mirrored = mirrored.to(self._device)
        if self._turned_so_far is not None:
            windows = features.turn(windows, self._turned_so_far[starts.to(self._device)])
        windows[mirrored] = features.mirror(windows[mirrored])
        return windows if self._turned_so_far is not None else features.canonical(windows)

    def spread(self, most: int) -> torch.Tensor:
        """Cut windows at even distances from all clips, each also mirrored.

        Args:
            most: about how many before they are mirrored, too.

        Returns:
            (windows, window, 149) features.
        """
        stride = max(1, int(self._starts.sum()) // most)
        first = torch.cat(
            [
                base + torch.arange(0, count, stride)
                for base, count in zip(self._first.tolist(), self._starts.tolist(), strict=True)
            ]
        )
        mirrored = torch.arange(2 * len(first)) >= len(first)
        first = first.repeat(2)
        windows = self._cut(first[:, None] + torch.arange(self.window))
        return self._turned(windows, first, mirrored)
