"""A storyboard: blocks of words, each with its length and seed, that become one motion of up to a minute.

Each block is decoded by itself, with some frames more than its length. These frames lead into the next block. So if one
block is made again, the others change only where they meet it, and in whether a body sits while its arms act.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from . import composition, prompt_parsing
from .constants import CLOSENESS, FPS, MAX_SEED, MAX_STORY_SECONDS, MIN_BLOCK_SECONDS
from .errors import MotionFileError, StoryboardError
from .files.json_file import read_json
from .files.writing import write_atomically
from .motion import features
from .motion.motion import Motion

if TYPE_CHECKING:
    from .pipeline import MotionCLIP, Step

JOIN = 30  # frames in which a block becomes the next, at most half of the next one
FIELDS = {"text": "words for what to do", "seconds": "its length", "seed": "which instance"}


@dataclass(frozen=True)
class Block:
    """One thing to do.

    Attributes:
        text: what to do, in words.
        seconds: how long, 0.5 to 60.
        seed: which instance, 0 to 2,147,483,647.
    """

    text: str
    seconds: float = 2.0
    seed: int = 0

    @property
    def frames(self) -> int:
        """Its length at 30 frames per second."""
        return round(self.seconds * FPS)


@dataclass(frozen=True)
class Span:
    """The place of a block in the motion. From `start` to `settled` the block before becomes this one.

    Attributes:
        block: the block.
        start: its first frame.
        settled: the first frame that shows this block alone.
        end: the frame after its last one.
    """

    block: Block
    start: int
    settled: int
    end: int

    @property
    def seconds(self) -> tuple[float, float]:
        """Start and end in seconds."""
        return self.start / FPS, self.end / FPS


Drawn = tuple[tuple["Step", torch.Tensor], ...]


@dataclass(frozen=True, eq=False)
class Story:
    """A storyboard as one motion, with the place of each block in it.

    Attributes:
        motion: the motion.
        spans: the place of each block.
        drawn: for each block its steps, each with its own (frames, 149) features, JOIN frames longer than its stretch
            of the motion. `make` uses them again when other blocks change.
        closeness: the closeness with which they were drawn.
    """

    motion: Motion
    spans: tuple[Span, ...]
    drawn: tuple[Drawn, ...]
    closeness: float

    @property
    def blocks(self) -> list[Block]:
        """The blocks in order."""
        return [span.block for span in self.spans]


def make(mc: MotionCLIP, blocks: Sequence[Block], closeness: float = CLOSENESS, kept: Story | None = None) -> Story:
    """Make one motion of blocks; see `MotionCLIP.storyboard`.

    Args:
        mc: the model.
        blocks: in order.
        closeness: as for `MotionCLIP.generate`.
        kept: a story made before, of which what was drawn is used again.

    Returns:
        The motion, and where each block is in it.

    Raises:
        StoryboardError: names the block and the field.
    """
    check(blocks)
    drawn: dict[Block, Drawn] = {}
    if kept is not None and kept.closeness == closeness:
        drawn = dict(zip(kept.blocks, kept.drawn, strict=True))
    total = sum(block.frames for block in blocks)
    parts: list[torch.Tensor] = []
    for number, block in enumerate(blocks, start=1):
        if block not in drawn:
            drawn[block] = _drawn(mc, block, number, closeness)
        parts.append(_in_order(mc, drawn[block], parts[-1] if parts else None))
        total += len(parts[-1]) - JOIN - block.frames  # what is counted takes its time
        if total > MAX_STORY_SECONDS * FPS:
            raise StoryboardError(
                "blocks", f"take {total / FPS:.1f} s with what is counted; at most {MAX_STORY_SECONDS:g} s are made"
            )
    lengths = [len(part) - JOIN for part in parts]
    overlaps = [min(JOIN, length // 2) for length in lengths[1:]]
    overlapping = [part[: length + over] for part, length, over in zip(parts, lengths, [*overlaps, 0], strict=True)]
    whole, starts = composition.joined(overlapping, overlaps)
    spans = [
        Span(block, start, start + over, start + length)
        for block, start, over, length in zip(blocks, starts, [0, *overlaps], lengths, strict=True)
    ]
    motion = features.features_motion(whole, ", then ".join(block.text for block in blocks))
    steps = composition.step_spans([block.text for block in blocks], starts, len(motion))
    return Story(replace(motion, steps=steps), tuple(spans), tuple(drawn[block] for block in blocks), closeness)


def _drawn(mc: MotionCLIP, block: Block, number: int, closeness: float) -> Drawn:
    """The steps of a block's text, which share its time."""
    try:
        (steps,) = mc.plan([block.text], closeness)
        shares = [block.frames * (n + 1) // len(steps) - block.frames * n // len(steps) for n in range(len(steps))]
        return tuple(
            (step, _step(mc, step, share, block.seed + n))
            for n, (step, share) in enumerate(zip(steps, shares, strict=True))
        )
    except ValueError as error:  # "text: is empty"
        raise StoryboardError(f"block {number}", str(error)) from error


def _in_order(mc: MotionCLIP, drawn: Drawn, before: torch.Tensor | None) -> torch.Tensor:
    """(frames, 149) of a block's steps, which follow what is before, and JOIN frames more."""
    parts = []
    for step, motion in drawn:
        before = mc.going_on(before, step, motion)
        parts.append(before)
    overlaps = [min(JOIN, (len(part) - JOIN) // 2) for part in parts[1:]]
    overlapping = [part[: len(part) - JOIN + over] for part, over in zip(parts, [*overlaps, JOIN], strict=True)]
    return composition.joined(overlapping, overlaps)[0]


def _step(mc: MotionCLIP, step: Step, frames: int, seed: int) -> torch.Tensor:
    """(frames + JOIN, 149); a step that is counted takes as long as it needs, and then rests."""
    motion = mc.decode_step(step, frames + JOIN, seed)
    return features.held(motion, JOIN) if step.clause.count else motion


def from_text(mc: MotionCLIP, text: str, seconds: float | None = None, seed: int = 0) -> list[Block]:
    """Make blocks of the steps of a prompt; see `MotionCLIP.blocks`.

    Args:
        mc: the model.
        text: the prompt.
        seconds: the length of each step that names none; by default as long as it usually takes.
        seed: the first block's; the others have the next ones.

    Returns:
        A block for each step.

    Raises:
        RequestError: for a text that `generate` does not take, and lengths outside the limits.
    """
    (steps,) = mc.plan([text])
    return check(
        [
            Block(
                prompt_parsing.lasting(step.clause.words)[0].strip(" ,;."),
                step.clause.lasts or seconds or round(step.usual / FPS, 1),
                seed + number,
            )
            for number, step in enumerate(steps)
        ]
    )


def check(blocks: Sequence[Block]) -> list[Block]:
    """Check blocks against the limits.

    Args:
        blocks: the blocks.

    Returns:
        The blocks as a list.

    Raises:
        StoryboardError: for no block, or a text, length or seed outside the limits.
    """
    if not blocks:
        raise StoryboardError("blocks", "there are none; give at least one")
    for number, block in enumerate(blocks, start=1):
        if not isinstance(block.text, str) or not block.text.strip():
            raise StoryboardError(f"block {number}: text", f"must be words for what to do, not {block.text!r}")
        if not _whole_or_decimal(block.seconds) or not MIN_BLOCK_SECONDS <= block.seconds <= MAX_STORY_SECONDS:
            raise StoryboardError(
                f"block {number}: seconds",
                f"must be a number from {MIN_BLOCK_SECONDS:g} to {MAX_STORY_SECONDS:g}, not {block.seconds!r}",
            )
        if type(block.seed) is not int or not 0 <= block.seed <= MAX_SEED:
            raise StoryboardError(
                f"block {number}: seed", f"must be a whole number from 0 to {MAX_SEED:,}, not {block.seed!r}"
            )
    if (total := sum(block.frames for block in blocks) / FPS) > MAX_STORY_SECONDS:
        raise StoryboardError(
            "blocks",
            f"take {total:.1f} s together; at most {MAX_STORY_SECONDS:g} s are made: shorten or remove some",
        )
    return list(blocks)


def _whole_or_decimal(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def load(path: str | PathLike[str]) -> list[Block]:
    """Read a storyboard file: {"blocks": [{"text": "walk", "seconds": 2, "seed": 0}, …]}; seed may be left out.

    Args:
        path: the file.

    Returns:
        The blocks in order.

    Raises:
        MotionFileError: for other content; it names the file and the field, and says how to fix it.
        OSError: where the file can't be opened.
    """
    path = Path(path)
    try:
        content = read_json(path)
    except ValueError as error:
        raise MotionFileError(path, "content", f"is not JSON ({error})") from error
    try:
        return parse(content)
    except StoryboardError as error:
        raise MotionFileError(path, error.where, error.what) from error


def parse(content: Any) -> list[Block]:
    """Read the blocks from a storyboard's JSON.

    Args:
        content: what the JSON holds.

    Returns:
        The blocks in order.

    Raises:
        StoryboardError: for other content; it names the field.
    """
    if not isinstance(content, dict):
        raise StoryboardError("content", 'must be one object, {"blocks": [{"text": "walk", "seconds": 2}]}')
    for name in content:
        if name != "blocks":
            raise StoryboardError(name, 'is no field of a storyboard; there is only "blocks": remove it')
    rows = content.get("blocks")
    if not isinstance(rows, list):
        raise StoryboardError("blocks", 'must be a list, [{"text": "walk", "seconds": 2}]')
    blocks = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise StoryboardError(
                f"block {number}", f'must be an object, {{"text": "walk", "seconds": 2}}, not {row!r}'
            )
        for name in row:
            if name not in FIELDS:
                fields = ", ".join(f"{field} ({what})" for field, what in FIELDS.items())
                raise StoryboardError(f"block {number}: {name}", f"is no field of a block; there are {fields}")
        for name in ("text", "seconds"):
            if name not in row:
                raise StoryboardError(f"block {number}: {name}", f"is missing; it holds {FIELDS[name]}")
        blocks.append(Block(**row))
    return check(blocks)


def save(blocks: Sequence[Block], path: str | PathLike[str]) -> Path:
    """Write a storyboard file, as a whole or not at all.

    Args:
        blocks: the blocks.
        path: where to.

    Returns:
        The path.

    Raises:
        OSError: where it can't be written.
    """
    path = Path(path)
    text = json.dumps(as_json(blocks), indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, lambda file: file.write_text(text, encoding="utf-8"))
    return path


def as_json(blocks: Sequence[Block]) -> dict[str, Any]:
    """Make the JSON of blocks, which `parse` reads.

    Args:
        blocks: the blocks.

    Returns:
        {"blocks": […]}.

    Raises:
        StoryboardError: as by `check`.
    """
    return {"blocks": [vars(block) for block in check(blocks)]}


def again(blocks: Sequence[Block], number: int) -> list[Block]:
    """Give one block another seed.

    Args:
        blocks: the blocks.
        number: which one; the first is 0.

    Returns:
        All blocks.

    Raises:
        StoryboardError: for a number outside the list.
    """
    if not 0 <= number < len(blocks):
        raise StoryboardError("block", f"there is no number {number}; there are {len(blocks)}, and the first is 0")
    block = replace(blocks[number], seed=(blocks[number].seed + 1) % (MAX_SEED + 1))
    return [*blocks[:number], block, *blocks[number + 1 :]]
