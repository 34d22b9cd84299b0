"""BVH text: hierarchy and channels in and out.

Written files hold the SMPL joints by name, in metres, y up, facing +z, rotations in the order Z X Y: Blender's
importer with its own settings (scale 1, forward −Z, up Y) shows them upright and life-size. The parser is our own
since those on PyPI hang on a cut-off file, drop blanks in names, or refuse channels that real files have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import roma
import torch

from .. import skeleton
from ..motion import FPS, Motion
from .errors import MotionFileError

MAX_BYTES = 150_000_000
MAX_JOINTS = 500
MAX_FRAMES = 200_000
_CHANNELS = {f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")}


@dataclass
class BvhJoint:
    """One joint of a BVH hierarchy: offset from its parent in the file's unit; end: where its last bone ends."""

    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()
    end: tuple[float, float, float] | None = None


@dataclass
class Bvh:
    """A parsed file: joints, parents before children, and (frames, channels) values, angles in degrees."""

    joints: list[BvhJoint] = field(default_factory=list)
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    fps: float = FPS

    def rotations(self) -> torch.Tensor:
        """(frames, joints, 3, 3) rotations, joint to parent."""
        result = torch.eye(3, dtype=torch.float64).expand(len(self.values), len(self.joints), 3, 3).clone()
        column = 0
        for index, joint in enumerate(self.joints):
            axes = [
                (channel[0], column + i) for i, channel in enumerate(joint.channels) if channel.endswith("rotation")
            ]
            column += len(joint.channels)
            if axes:
                angles = torch.from_numpy(self.values[:, [c for _, c in axes]])
                order = "".join(axis for axis, _ in axes)
                result[:, index] = roma.euler_to_rotmat(order, angles, degrees=True)
        return result

    def positions(self) -> torch.Tensor:
        """(frames, joints, 3): each joint's place in its parent's frame; its offset unless channels move it."""
        result = torch.tensor([joint.offset for joint in self.joints], dtype=torch.float64)
        result = result.expand(len(self.values), -1, -1).clone()
        column = 0
        for index, joint in enumerate(self.joints):
            for i, channel in enumerate(joint.channels):
                if channel.endswith("position"):
                    result[:, index, "XYZ".index(channel[0])] = torch.from_numpy(self.values[:, column + i])
            column += len(joint.channels)
        return result

    def globals(self) -> tuple[torch.Tensor, torch.Tensor]:
        """World rotations (frames, joints, 3, 3) and positions (frames, joints, 3)."""
        local, places = self.rotations(), self.positions()
        turned, placed = [], []
        for index, joint in enumerate(self.joints):
            if joint.parent < 0:
                turned.append(local[:, index])
                placed.append(places[:, index])
            else:
                above = turned[joint.parent]
                turned.append(above @ local[:, index])
                placed.append(placed[joint.parent] + (above @ places[:, index, :, None])[..., 0])
        return torch.stack(turned, dim=1), torch.stack(placed, dim=1)


def parse(path: Path) -> Bvh:
    """Read a BVH file. Raises MotionFileError with the line that is wrong, OSError where it can't be opened."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise MotionFileError(
            path, "size", f"{size / 1e6:,.0f} MB is too large; at most {MAX_BYTES // 10**6} MB are read"
        )
    text = path.read_bytes().decode("utf-8", "replace")
    head, found, tail = text.partition("MOTION")
    if not found:
        raise MotionFileError(path, "MOTION", "is missing: the file is cut off, or no BVH")
    bvh = Bvh(_parse_hierarchy(path, head))
    lines = tail.lstrip().split("\n", 2)
    count = _number(path, lines[0] if lines else "", "Frames:")
    seconds = _number(path, lines[1] if len(lines) > 1 else "", "Frame Time:")
    if not 1 <= count <= MAX_FRAMES or count != int(count):
        raise MotionFileError(path, "Frames", f"must be a whole number from 1 to {MAX_FRAMES:,}, not {count:g}")
    if not 1e-4 <= seconds <= 10:
        raise MotionFileError(path, "Frame Time", f"must be from 0.0001 to 10 seconds, not {seconds:g}")
    channels = sum(len(joint.channels) for joint in bvh.joints)
    numbers = lines[2].split() if len(lines) > 2 else []
    if len(numbers) != count * channels:
        raise MotionFileError(
            path,
            "MOTION",
            f"holds {len(numbers):,} numbers, but {count:g} frames of {channels} "
            f"channels are {count * channels:,.0f}: the file is cut off or its channels are wrong",
        )
    try:
        bvh.values = np.array(numbers, dtype=np.float64).reshape(int(count), channels)
    except ValueError as error:
        raise MotionFileError(path, "MOTION", f"holds something that is no number ({error})") from error
    if not np.isfinite(bvh.values).all() or np.abs(bvh.values).max(initial=0) > 1e7:
        raise MotionFileError(path, "MOTION", "holds NaN, infinite or absurdly large values")
    bvh.fps = 1 / seconds
    return bvh


def _parse_hierarchy(path: Path, head: str) -> list[BvhJoint]:
    joints: list[BvhJoint] = []
    stack: list[int] = []
    at_end = False  # inside an End Site
    opened = None
    for number, line in enumerate(head.splitlines(), start=1):
        words = line.split()
        if not words:
            continue

        def wrong(reason: str, number: int = number) -> MotionFileError:
            return MotionFileError(path, f"line {number}", reason)

        key = words[0]
        if key == "HIERARCHY" and not joints:
            continue
        if key in ("ROOT", "JOINT"):
            if len(words) < 2 or (key == "ROOT") != (not joints) or (key == "JOINT" and not stack) or at_end:
                raise wrong(f"{line.strip()!r}: a joint can't stand here")
            if len(joints) == MAX_JOINTS:
                raise wrong(f"there are more than {MAX_JOINTS} joints")
            opened = len(joints)
            joints.append(BvhJoint(" ".join(words[1:]), stack[-1] if stack else -1))
        elif key == "End":
            if not stack or at_end:
                raise wrong("an End Site can't stand here")
            at_end, opened = True, -1
        elif key == "{":
            if opened is None:
                raise wrong("a bracket opens without a joint")
            stack.append(opened if opened >= 0 else stack[-1])
            opened = None
        elif key == "}":
            if not stack:
                raise wrong("a bracket closes that was never opened")
            stack.pop()
            at_end = False
        elif key == "OFFSET":
            try:
                x, y, z = (float(word) for word in words[1:])
            except ValueError as error:
                raise wrong(f"OFFSET needs three numbers, not {' '.join(words[1:])!r}") from error
            if not stack or not np.isfinite([x, y, z]).all():
                raise wrong("OFFSET: stands outside of a joint, or is not finite")
            if at_end:
                joints[stack[-1]].end = (x, y, z)
            else:
                joints[stack[-1]].offset = (x, y, z)
        elif key == "CHANNELS":
            names = tuple(words[2:])
            if not stack or at_end or words[1:2] != [str(len(names))]:
                raise wrong(f"CHANNELS: {words[1:2]} are promised, {len(names)} are named")
            if not set(names) <= _CHANNELS or len(set(names)) < len(names):
                raise wrong(f"CHANNELS: {' '.join(names)}: there are Xposition … Zposition, Xrotation … Zrotation")
            turns = sum(name.endswith("rotation") for name in names)
            if turns not in (0, 3):
                raise wrong(f"CHANNELS: a joint turns about three axes or none, not {turns}")
            joints[stack[-1]].channels = names
        else:
            raise wrong(f"{line.strip()[:60]!r} is no part of a BVH hierarchy")
    if not joints:
        raise MotionFileError(path, "ROOT", "is missing: this is no BVH file")
    if stack:
        raise MotionFileError(path, "HIERARCHY", "a bracket is not closed: the file is cut off")
    return joints


def _number(path: Path, line: str, key: str) -> float:
    before, _, value = line.partition(":")
    try:
        if " ".join(before.split()) != key.rstrip(":"):
            raise ValueError
        return float(value)
    except ValueError as error:
        raise MotionFileError(
            path, key.rstrip(":"), f'a line "{key} NUMBER" should follow, not {line[:60]!r}'
        ) from error


def to_motion(bvh: Bvh, name: str) -> Motion | None:
    """The motion in a file with the SMPL joints and bones, as `save` writes it, exactly; None for other skeletons."""
    index = {joint.name: i for i, joint in enumerate(bvh.joints)}
    if set(index) != set(skeleton.JOINT_NAMES) or len(bvh.joints) != skeleton.NUM_JOINTS:
        return None
    order = [index[joint] for joint in skeleton.JOINT_NAMES]
    offsets = torch.tensor([bvh.joints[i].offset for i in order])
    if not torch.allclose(offsets[1:], skeleton.OFFSETS[1:], atol=1e-4):
        return None
    return Motion.from_rotations(bvh.rotations()[:, order], bvh.positions()[:, index["pelvis"]], name)


def save(motion: Motion, path: Path) -> None:
    """Write the motion's 24 joints."""
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
    offset = skeleton.OFFSETS[joint].tolist() if joint else [0.0, 0.0, 0.0]
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
        tip = {"head": (0, 0.18, 0), "left_hand": (0.15, 0, 0), "right_hand": (-0.15, 0, 0)}
        end = tip.get(skeleton.JOINT_NAMES[joint], (0, 0, 0.06))
        lines += [
            f"{pad}  End Site",
            f"{pad}  {{",
            f"{pad}    OFFSET " + " ".join(f"{x:.6f}" for x in end),
            f"{pad}  }}",
        ]
    lines.append(f"{pad}}}")
