"""BVH text: hierarchy and channels in and out.

Written files hold the SMPL joints by name, in metres, y up, facing +z, rotations in the order Z X Y: Blender's
importer with its own settings (scale 1, forward −Z, up Y) shows them upright and life-size. The parser is our own
since those on PyPI freeze on a cut-off file, drop spaces in names, or refuse channels that real files have. It takes
what readers out there take, and notes what it passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..errors import MotionFileError
from ..motion import skeleton
from ..motion.motion import Motion
from ..progress import each
from .armature import Armature, globals_of, subtrees

MAX_BYTES = 150_000_000
MAX_JOINTS = 500
MAX_ROWS = 200_000  # of MOTION, a frame each
# All that a channel can be called, in lower case → as it is kept.
_CHANNELS = {f"{axis}{kind}".lower(): f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}
_MOTION = re.compile(r"(?:^|(?<=\}))[ \t]*motion\b[ \t:]*", re.IGNORECASE | re.MULTILINE)
_FRAMES = re.compile(r"\s*frames[ \t]*:?[ \t]*(\S*)", re.IGNORECASE)
_FRAME_TIME = re.compile(r"\s*frame[ \t]*time[ \t]*:?[ \t]*(\S*)", re.IGNORECASE)
_COMMENT = re.compile(r"^[ \t]*(?:#|//)[^\n]*|[ \t](?:#|//)(?=[ \t])[^\n]*", re.MULTILINE)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_PART = 1_000_000  # characters that are turned into numbers at once
_HEAD_SIZE = 4_000_000  # characters that a hierarchy of so few joints can't exceed


@dataclass
class BvhJoint:
    """One joint of a BVH hierarchy.

    Attributes:
        name: its name.
        parent: the number of its parent, −1 for the root.
        offset: its place in its parent, in the file's unit.
        channels: the names of its channels.
        end: where its last bone ends, in the joint's own frame; None where the file does not say it.
    """

    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()
    end: tuple[float, float, float] | None = None


@dataclass
class Bvh:
    """A parsed BVH file.

    Attributes:
        joints: the joints, parents before children.
        values: (frames, channels), angles in degrees.
        fps: the frame rate.
        notes: what was skipped, in sentences.
    """

    joints: list[BvhJoint] = field(default_factory=list)
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    fps: float = FPS
    notes: list[str] = field(default_factory=list)

    def rotations(self) -> torch.Tensor:
        """(frames, joints, 3, 3) rotations, joint to parent."""
        result = torch.eye(3, dtype=torch.float64).expand(len(self.values), len(self.joints), 3, 3).clone()
        for index in each(range(len(self.joints)), "turning the joints"):
            turns = [(name[0], column) for name, column in self._columns(index) if name.endswith("rotation")]
            if len(turns) == 3:
                angles = torch.from_numpy(self.values[:, [column for _, column in turns]])
                result[:, index] = roma.euler_to_rotmat("".join(axis for axis, _ in turns), angles, degrees=True)
                continue
            for axis, column in turns:  # a hinge, or a joint that turns about two axes
                about = torch.zeros(len(self.values), 3, dtype=torch.float64)
                about[:, "XYZ".index(axis)] = torch.from_numpy(np.radians(self.values[:, column]))
                result[:, index] = result[:, index] @ roma.rotvec_to_rotmat(about)
        return result

    def positions(self) -> torch.Tensor:
        """Place each joint in its parent's frame. This is its OFFSET unless channels move it.

        Position channels may hold shifts from the OFFSETs instead. They are taken for shifts if those of all joints but
        the root are nearer to zero than to the OFFSETs. A joint whose positions are zero in all frames stays at its
        OFFSET.

        Returns:
            (frames, joints, 3) in the file's unit.
        """
        offsets = torch.tensor([joint.offset for joint in self.joints], dtype=torch.float64)
        result = offsets.expand(len(self.values), -1, -1).clone()
        axes_of: dict[int, list[int]] = {}
        for index in range(len(self.joints)):
            for name, column in self._columns(index):
                if name.endswith("position"):
                    axis = "XYZ".index(name[0])
                    axes_of.setdefault(index, []).append(axis)
                    result[:, index, axis] = torch.from_numpy(self.values[:, column])
        inner = [(index, axes) for index, axes in axes_of.items() if self.joints[index].parent >= 0]
        to_offset = sum(float((result[:, i, axes] - offsets[i, axes]).abs().sum()) for i, axes in inner)
        to_zero = sum(float(result[:, i, axes].abs().sum()) for i, axes in inner)
        for index, axes in axes_of.items():
            channel_values = result[:, index, axes]
            if not channel_values.any() or (to_zero < to_offset and self.joints[index].parent >= 0):
                result[:, index, axes] = channel_values + offsets[index, axes]
        return result

    def armature(self) -> Armature:
        """The skeleton and how it moves. At rest, all rotations are zero."""
        parents = [joint.parent for joint in self.joints]
        offsets = torch.tensor([joint.offset for joint in self.joints], dtype=torch.float64)
        same = torch.eye(3, dtype=torch.float64).expand(1, len(self.joints), 3, 3)
        rest_rotations, rest_positions = globals_of(parents, same, offsets[None])
        rotations, positions = globals_of(parents, self.rotations(), self.positions())
        return Armature(
            names=[joint.name for joint in self.joints],
            parents=parents,
            rest_rotations=rest_rotations[0],
            rest_positions=rest_positions[0],
            rotations=rotations,
            positions=positions,
            bodies=subtrees(parents, {joint for joint, parent in enumerate(parents) if parent < 0}),
            ends={i: torch.tensor(joint.end).double() for i, joint in enumerate(self.joints) if joint.end is not None},
            fps=self.fps,
            notes=self.notes,
        )

    def _columns(self, index: int) -> list[tuple[str, int]]:
        """The joint's channels and their columns."""
        start = sum(len(joint.channels) for joint in self.joints[:index])
        return [(name, start + i) for i, name in enumerate(self.joints[index].channels)]


def parse(path: Path, fps: float | None = None) -> Bvh:
    """Read a BVH file.

    Args:
        path: the file.
        fps: the frame rate, where the file's Frame Time is wrong.

    Returns:
        The content.

    Raises:
        MotionFileError: for a line that is wrong; it names the line.
        OSError: for a file that can't be opened.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise MotionFileError(
            path, "size", f"{size / 1e6:,.0f} MB is too large; at most {MAX_BYTES // 10**6} MB are read"
        )
    text = _decoded(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    header = next((match for match in _MOTION.finditer(text) if text.count("}", 0, match.start())), None)
    if not header:
        raise MotionFileError(path, "MOTION", "is missing: the file is cut off, or no BVH; export it or copy it again")
    bvh = Bvh()
    bvh.joints = _Hierarchy(path, text[: header.start()], bvh.notes).joints
    channels = sum(len(joint.channels) for joint in bvh.joints)
    if not channels:
        raise MotionFileError(path, "CHANNELS", "are missing: no joint moves")
    first = text.count("\n", 0, header.end()) + 1
    numbers = _without_comments(text[header.end() :])
    count, at = _promised(path, numbers, _FRAMES, 0, "Frames:")
    seconds, at = _promised(path, numbers, _FRAME_TIME, at, "Frame Time:")
    if not 1 <= count <= MAX_ROWS or count != int(count):
        raise MotionFileError(path, "Frames", f"must be a whole number from 1 to {MAX_ROWS:,}, not {count:g}")
    if fps is None and not 1e-4 <= seconds <= 10:
        raise MotionFileError(
            path, "Frame Time", f"must be from 0.0001 to 10 seconds, not {seconds:g}; --fps says the frame rate instead"
        )
    bvh.fps = fps or 1 / seconds
    bvh.values = _rows(path, numbers[at:], first + numbers.count("\n", 0, at), int(count), channels, bvh.notes)
    return bvh


def _decoded(data: bytes) -> str:
    """Text in any of the encodings that exporters use; names are all that it matters for."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _without_comments(text: str) -> str:
    """The same text; looking for what most files lack takes longer than reading them."""
    return _COMMENT.sub("", text) if "#" in text or "//" in text else text


def _promised(path: Path, text: str, pattern: re.Pattern[str], at: int, key: str) -> tuple[float, int]:
    """The number after a key that must come next, and where the text goes on."""
    match = pattern.match(text, at)
    try:
        if not match:
            raise ValueError
        return float(match.group(1).replace(",", ".")), match.end()
    except ValueError as error:
        line = text[at:].lstrip().partition("\n")[0]
        raise MotionFileError(
            path, key.rstrip(":"), f'a line "{key} NUMBER" should follow, not {line[:60]!r}'
        ) from error


def _rows(path: Path, text: str, first: int, count: int, channels: int, notes: list[str]) -> np.ndarray:
    """(rows, channels): all rows of the file, even if the header gives another number.

    first: the number of the text's first line in the file.
    """
    if "," in text:
        if "." not in text:
            text = _DECIMAL_COMMA.sub(".", text)
            notes.append("commas were read as decimal points")
        text = text.replace(",", " ")
    try:
        values = _numbers(text)
    except ValueError:
        text = _without_tail(path, text, first, notes)
        values = _numbers(text)
    found = len(values)
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > 1e7:
        line, column, word = _where(text, first, lambda word: not abs(float(word)) <= 1e7)
        raise MotionFileError(path, "MOTION", f"line {line}, column {column}: {word} is not finite, or over 10,000,000")
    rows, over = divmod(len(values), channels)
    if rows < count and not over and not text.endswith("\n"):
        rows, over = rows - 1, 0  # its last number may be cut off
        values = values[: rows * channels]
    if over or not rows:
        raise MotionFileError(
            path,
            "MOTION",
            f"holds {found:,} numbers, but {count:g} frames of {channels} channels are {count * channels:,.0f}: the "
            "file is cut off or its channels are wrong; export it or copy it again",
        )
    if rows > MAX_ROWS:
        raise MotionFileError(path, "MOTION", f"holds {rows:,} rows; at most {MAX_ROWS:,} are read")
    if rows != count:
        _check_lines(path, text, first, channels)
        notes.append(f"Frames promises {count:,}, but there are {rows:,} rows; all {rows:,} were read")
    return values.reshape(rows, channels)


def _numbers(text: str) -> np.ndarray:
    """All numbers of a text, part by part. Raises ValueError for a word that is none."""
    ends = [text.find("\n", start) for start in range(_PART, len(text), _PART)]
    ends = [*dict.fromkeys(end for end in ends if end >= 0), len(text)]
    parts = [np.zeros(0)]
    for start, end in each([*zip([0, *ends], ends, strict=False)], "reading the frames"):
        parts.append(np.array(text[start:end].split(), dtype=np.float64))
    return np.concatenate(parts)


def _check_lines(path: Path, text: str, first: int, channels: int) -> None:
    """Raise MotionFileError for a row that is none, where the header gives another number of rows than there are."""
    for number, line in enumerate(text.split("\n"), start=first):
        count = len(line.split())
        if count not in (0, channels):
            raise MotionFileError(
                path,
                "MOTION",
                f"line {number} has {count:,} numbers, but the joints have {channels:,} channels: joints were added or "
                "left out; export the file again",
            )


def _without_tail(path: Path, text: str, first: int, notes: list[str]) -> str:
    """The numbers before a text at the end, which is noted. Raises MotionFileError for one among them."""
    line, column, word = _where(text, first, _is_no_number)
    lines = text.split("\n")
    rest = [words for words in map(str.split, lines[line - first :]) if words]
    if column > 1 or not "".join(lines[: line - first]).strip() or any(not _is_no_number(words[0]) for words in rest):
        raise MotionFileError(path, "MOTION", f"line {line}, column {column}: {word[:40]!r} is no number")
    notes.append(f"the text after the last row was passed over ({' '.join(rest[0])[:40]!r})")
    return "\n".join(lines[: line - first]) + "\n"


def _is_no_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return True
    return False


def _where(text: str, first: int, wrong: Callable[[str], bool]) -> tuple[int, int, str]:
    """Line, column and text of the first wrong word; columns count words from 1."""
    for number, line in enumerate(text.split("\n"), start=first):
        for column, word in enumerate(line.split(), start=1):
            if wrong(word):
                return number, column, word
    raise ValueError("nothing is wrong")


class _Hierarchy:
    """The joints of the part before MOTION, statement by statement; lines may hold several, or break between them."""

    def __init__(self, path: Path, text: str, notes: list[str]) -> None:
        self.joints: list[BvhJoint] = []
        self._path = path
        self._stack: list[int] = []
        self._opened: int | None = None
        self._at_end = False  # inside an End Site
        self._long_offsets: list[int] = []  # lines
        self._line = 0
        statements = {"offset": self._offset, "channels": self._channels, "end": self._end_site}
        statements |= {"root": self._joint, "joint": self._joint, "{": self._open, "}": self._close}
        if len(text) > _HEAD_SIZE:
            raise MotionFileError(path, "HIERARCHY", f"is longer than {_HEAD_SIZE:,} characters")
        for self._line, words in _statements(text):
            while words:
                key = words[0].lower()
                if key == "hierarchy" and not self.joints:
                    words = words[1:]
                elif key.startswith("end") and key in ("end", "endsite", "end_site"):
                    words = statements["end"](words)
                elif key in statements:
                    words = statements[key](words)
                else:
                    raise self._wrong(f"{' '.join(words)[:60]!r} is no part of a BVH hierarchy")
        if self._long_offsets:
            first, *others = self._long_offsets
            also = f", as in {len(others):,} others" if others else ""
            notes.append(f"line {first}{also}: OFFSET has more than three numbers; the first three were read")
        if not self.joints:
            raise MotionFileError(path, "ROOT", "is missing: this is no BVH file")
        if self._stack:
            raise MotionFileError(path, "HIERARCHY", "a bracket is not closed: the file is cut off")

    def _wrong(self, reason: str) -> MotionFileError:
        return MotionFileError(self._path, f"line {self._line}", reason)

    def _joint(self, words: list[str]) -> list[str]:
        if len(words) < 2 or (words[0].lower() == "root") == bool(self._stack) or self._at_end:
            raise self._wrong(f"{' '.join(words)!r}: a joint can't stand here")
        if len(self.joints) == MAX_JOINTS:
            raise self._wrong(f"there are more than {MAX_JOINTS} joints")
        self._opened = len(self.joints)
        self.joints.append(BvhJoint(" ".join(words[1:]), self._stack[-1] if self._stack else -1))
        return []

    def _end_site(self, words: list[str]) -> list[str]:
        if not self._stack or self._at_end:
            raise self._wrong("an End Site can't stand here")
        self._at_end, self._opened = True, -1
        return []

    def _open(self, words: list[str]) -> list[str]:
        if self._opened is None:
            raise self._wrong("a bracket opens without a joint")
        self._stack.append(self._opened if self._opened >= 0 else self._stack[-1])
        self._opened = None
        return words[1:]

    def _close(self, words: list[str]) -> list[str]:
        if not self._stack:
            raise self._wrong("a bracket closes that was never opened")
        self._stack.pop()
        self._at_end = False
        return words[1:]

    def _offset(self, words: list[str]) -> list[str]:
        count = next((i for i, word in enumerate(words[1:]) if word.lower() == "channels"), len(words) - 1)
        words_read = words[1 : 1 + count]
        try:
            numbers = [float(word.strip(",").replace(",", ".")) for word in words_read]
            if len(numbers) < 3:
                raise ValueError
        except ValueError as error:
            raise self._wrong(f"OFFSET needs three numbers, not {' '.join(words_read)!r}") from error
        x, y, z, *more = numbers
        if more:
            self._long_offsets.append(self._line)
        if not self._stack or not np.isfinite(numbers).all() or max(map(abs, numbers)) > 1e7:
            raise self._wrong("OFFSET: stands outside of a joint, or is not finite, or over 10,000,000")
        if self._at_end:
            self.joints[self._stack[-1]].end = (x, y, z)
        else:
            self.joints[self._stack[-1]].offset = (x, y, z)
        return words[1 + count :]

    def _channels(self, words: list[str]) -> list[str]:
        count = int(words[1]) if words[1:2] and words[1].isdecimal() else -1
        channel_words = [word.strip(",") for word in words[2 : 2 + count]] if count >= 0 else []
        if not self._stack or self._at_end or len(channel_words) != count:
            raise self._wrong(f"CHANNELS: {words[1:2]} are promised, {len(channel_words)} are named")
        names = tuple(_CHANNELS.get(word.lower(), "") for word in channel_words)
        if "" in names or len(set(names)) < len(names):
            raise self._wrong(
                f"CHANNELS: {' '.join(channel_words)}: there are Xposition … Zposition, Xrotation … Zrotation"
            )
        self.joints[self._stack[-1]].channels = names
        return words[2 + count :]


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, words), brackets by themselves."""
    for number, line in enumerate(_without_comments(text).split("\n"), start=1):
        for part in re.split(r"([{}])", line):
            if words := part.split():
                yield number, words


# The body's hand joints lie at the wrists; here they stand in the middle of the hands, so that wrists have a length.
_HANDS = {"left_hand": (0.08, 0.0, 0.0), "right_hand": (-0.08, 0.0, 0.0)}


def save(motion: Motion, path: Path) -> None:
    """Write the motion's 24 joints.

    Args:
        motion: the motion.
        path: the file.

    Raises:
        OSError: where it can't be written.
    """
    euler = roma.rotmat_to_euler("ZXY", roma.rotvec_to_rotmat(torch.from_numpy(motion.poses).double()), degrees=True)
    order = _depth_first()
    values = np.concatenate(
        [motion.translation.astype(np.float64), euler.numpy()[:, order].reshape(len(motion), -1)], axis=1
    )
    lines = ["HIERARCHY"]
    _write_joint(lines, 0, 0)
    lines += ["MOTION", f"Frames: {len(motion)}", f"Frame Time: {1 / FPS:.9f}"]
    with open(path, "w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        np.savetxt(file, values, fmt="%.6f")


def _depth_first(joint: int = 0) -> list[int]:
    children = [child for child, parent in enumerate(skeleton.PARENTS) if parent == joint]
    return [joint, *(index for child in children for index in _depth_first(child))]


def _write_joint(lines: list[str], joint: int, depth: int) -> None:
    pad = "  " * depth
    offset = _HANDS.get(skeleton.JOINT_NAMES[joint], skeleton.OFFSETS[joint].tolist()) if joint else [0.0, 0.0, 0.0]
    turns = "Zrotation Xrotation Yrotation"
    channels = f"CHANNELS 3 {turns}" if joint else f"CHANNELS 6 Xposition Yposition Zposition {turns}"
    lines += [
        f"{pad}{'JOINT' if joint else 'ROOT'} {skeleton.JOINT_NAMES[joint]}",
        f"{pad}{{",
        f"{pad}  OFFSET " + " ".join(f"{x:.6f}" for x in offset),
        f"{pad}  {channels}",
    ]
    children = [child for child, parent in enumerate(skeleton.PARENTS) if parent == joint]
    for child in children:
        _write_joint(lines, child, depth + 1)
    if not children:
        tip = {"head": (0, 0.18, 0), **_HANDS}
        end = tip.get(skeleton.JOINT_NAMES[joint], (0, 0, 0.06))
        lines += [
            f"{pad}  End Site",
            f"{pad}  {{",
            f"{pad}    OFFSET " + " ".join(f"{x:.6f}" for x in end),
            f"{pad}  }}",
        ]
    lines.append(f"{pad}}}")
