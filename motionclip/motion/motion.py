"""Motion, the one type that text becomes and files hold: SMPL-24 rotations and root path at 30 fps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import ClassVar

import numpy as np
import roma
import torch

from ..constants import FPS
from . import skeleton


def to_matrices(poses: np.ndarray) -> torch.Tensor:
    """(..., 24, 3) axis-angle in radians → (..., 24, 3, 3) rotation matrices."""
    return roma.rotvec_to_rotmat(torch.from_numpy(np.ascontiguousarray(poses, dtype=np.float32)))


def to_axis_angle(rotations: torch.Tensor) -> np.ndarray:
    """(..., 3, 3) rotation matrices → (..., 3) axis-angle in radians."""
    # In double precision: matrices that are not exactly orthogonal in float32 would lose digits.
    matrices = rotations.detach().cpu().double().reshape(-1, 3, 3)
    r = matrices.permute(1, 2, 0).contiguous()
    sines = torch.stack([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]], dim=-1)  # 2·sin(angle)·axis
    sine, cosine = sines.norm(dim=-1), r[0, 0] + r[1, 1] + r[2, 2] - 1
    vectors = sines * (torch.atan2(sine, cosine) / sine.clamp(min=1e-12))[:, None]
    # Near half a turn these differences say little of the axis.
    turned = (cosine < -1.8).nonzero()[:, 0]
    if len(turned):
        vectors[turned] = roma.rotmat_to_rotvec(matrices[turned])
    return vectors.float().reshape(*rotations.shape[:-1]).numpy()


@dataclass(frozen=True)
class StepSpan:
    """The place of a step of a prompt, or of a block of a storyboard, in a motion. The transition to it is part of it.

    Attributes:
        words: its words.
        start: its first frame.
        end: the frame after its last one.
    """

    words: str
    start: int
    end: int

    @property
    def seconds(self) -> tuple[float, float]:
        """Start and end in seconds."""
        return self.start / FPS, self.end / FPS


@dataclass(frozen=True, eq=False)
class Motion:
    """A body in motion, 30 frames per second, y up.

    Attributes:
        poses: (frames, 24, 3) float32, axis-angle in radians of each SMPL joint relative to its parent. Joint 0, the
            pelvis, is the body's orientation in the world. At rest the body faces +z.
        translation: (frames, 3) float32, position of the pelvis in metres; the floor is at y = 0.
        name: where it comes from, for people to read.
        steps: the place of each step or block, for a motion of several; else none.

    Raises:
        ValueError: for other shapes, no frames, or values that are not finite.
    """

    poses: np.ndarray
    translation: np.ndarray
    name: str = ""
    steps: tuple[StepSpan, ...] = ()

    fps: ClassVar[float] = FPS

    def __post_init__(self) -> None:
        poses = np.ascontiguousarray(self.poses, dtype=np.float32)
        translation = np.ascontiguousarray(self.translation, dtype=np.float32)
        if poses.ndim != 3 or poses.shape[1:] != (skeleton.NUM_JOINTS, 3):
            raise ValueError(f"poses: the shape must be (frames, 24, 3), not {poses.shape}")
        if translation.shape != (len(poses), 3):
            raise ValueError(
                f"translation: the shape must be ({len(poses)}, 3) as there are {len(poses)} poses, "
                f"not {translation.shape}"
            )
        if not len(poses):
            raise ValueError("poses: a motion needs at least one frame")
        for field, values in (("poses", poses), ("translation", translation)):
            if not np.isfinite(values).all():
                raise ValueError(f"{field}: holds NaN or infinite values")
        object.__setattr__(self, "poses", poses)
        object.__setattr__(self, "translation", translation)

    def __len__(self) -> int:
        return len(self.poses)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return len(self) / FPS

    @property
    def fingerprint(self) -> str:
        """32 hex digits that are the same for the same poses and path, whatever the name. Use them as a cache's key."""
        content = hashlib.sha256(str(len(self)).encode())
        content.update(self.poses.tobytes() + self.translation.tobytes())
        return content.hexdigest()[:32]

    def rotations(self) -> torch.Tensor:
        """(frames, 24, 3, 3) rotation matrices, joint to parent."""
        return to_matrices(self.poses)

    def joints(self) -> np.ndarray:
        """(frames, 24, 3) joint positions in metres, y up."""
        return skeleton.forward_kinematics(self.rotations(), torch.from_numpy(self.translation)).numpy()

    @classmethod
    def from_rotations(cls, rotations: torch.Tensor, translation: torch.Tensor, name: str = "") -> Motion:
        """Make a motion from rotation matrices.

        Args:
            rotations: (frames, 24, 3, 3), joint to parent.
            translation: (frames, 3) position of the pelvis in metres.
            name: where it comes from.

        Returns:
            The motion.
        """
        return cls(to_axis_angle(rotations), translation.detach().cpu().numpy(), name)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Motion:
        """Read a motion file; the suffix names the format (see `motionclip.files`).

        Args:
            path: the file.

        Returns:
            The motion.

        Raises:
            MotionFileError: for a file that can't be read as motion; it names the field.
            OSError: where the file can't be opened.
        """
        from .. import files

        return files.load(path)

    def save(
        self,
        path: str | PathLike[str],
        *,
        character: str | PathLike[str] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Path:
        """Write a motion file or video; the suffix names the format (see `motionclip.files`).

        Args:
            path: where to.
            character: a rigged .glb or .vrm, which is written with the motion on its own skeleton.
            names: part of the body → the character's bone, where its names are unknown.

        Returns:
            The path.

        Raises:
            RequestError: for another suffix.
            MotionFileError: for a character that can't be used.
            OSError: where the file can't be written.
        """
        from .. import files

        return files.save(self, path, character=character, names=names)

    def crop(self, start: int, stop: int) -> Motion:
        """Take the frames from `start` up to, not including, `stop`; both count as in slices.

        Args:
            start: the first frame.
            stop: the frame after the last.

        Returns:
            The part, with the places of its steps.

        Raises:
            ValueError: where that leaves no frame.
        """
        first, last, _ = slice(start, stop).indices(len(self))
        steps = tuple(
            replace(step, start=max(step.start, first) - first, end=min(step.end, last) - first)
            for step in self.steps
            if step.start < last and first < step.end
        )
        return replace(self, poses=self.poses[start:stop], translation=self.translation[start:stop], steps=steps)

    def padded(self, frames: int) -> Motion:
        """Hold the last pose of a motion that is too short.

        Args:
            frames: how many it has at least.

        Returns:
            The longer motion; one that is long enough comes back as it is.
        """
        missing = frames - len(self)
        if missing <= 0:
            return self
        return replace(
            self,
            poses=np.concatenate([self.poses, np.repeat(self.poses[-1:], missing, axis=0)]),
            translation=np.concatenate([self.translation, np.repeat(self.translation[-1:], missing, axis=0)]),
        )

    def mirrored(self) -> Motion:
        """Left and right swapped, by reflection in the plane x = 0."""
        flip = np.array([1, -1, -1], dtype=np.float32)
        return replace(
            self,
            poses=self.poses[:, skeleton.MIRROR] * flip,
            translation=self.translation * np.array([-1, 1, 1], dtype=np.float32),
        )

    def resampled(self, fps: float) -> Motion:
        """Read these frames as recorded at `fps` and bring them to 30 per second.

        Rotations are interpolated along the shortest arc, positions linearly.

        Args:
            fps: frames per second.

        Returns:
            The motion at 30 frames per second.

        Raises:
            ValueError: for a rate that is not a positive number.
        """
        if not (np.isfinite(fps) and fps > 0):
            raise ValueError(f"fps: the frame rate must be a positive number, not {fps}")
        if abs(fps - FPS) < 1e-3 or len(self) == 1:
            return self
        times = np.arange(int(np.floor((len(self) - 1) / fps * FPS + 1e-6)) + 1) * (fps / FPS)
        before = np.minimum(times.astype(int), len(self) - 2)
        share = torch.from_numpy((times - before).astype(np.float32))
        quaternions = roma.rotvec_to_unitquat(torch.from_numpy(self.poses))
        a, b = quaternions[before], quaternions[before + 1]
        b = torch.where((a * b).sum(-1, keepdim=True) < 0, -b, b)
        poses = roma.unitquat_to_rotvec(_slerp(a, b, share[:, None, None]))
        ends = torch.from_numpy(self.translation)
        translation = torch.lerp(ends[before], ends[before + 1], share[:, None])
        rate = FPS / fps
        steps = tuple(
            replace(step, start=round(step.start * rate), end=min(round(step.end * rate), len(poses)))
            for step in self.steps
        )
        return replace(self, poses=poses.numpy(), translation=translation.numpy(), steps=steps)

    def heading(self, frame: int = 0) -> float:
        """Compute where the pelvis faces: the twist of its rotation.

        Args:
            frame: the frame.

        Returns:
            Radians about y from +z.
        """
        return float(heading(self.rotations()[frame, 0]))

    def turned(self, angle: float) -> Motion:
        """Turn the whole motion about the world's y axis.

        Args:
            angle: radians.

        Returns:
            The turned motion.
        """
        turn = about_y(torch.tensor(angle, dtype=torch.float32))
        rotations = self.rotations()
        rotations[:, 0] = turn @ rotations[:, 0]
        moved = torch.from_numpy(self.translation) @ turn.T
        poses = self.poses.copy()
        poses[:, 0] = roma.rotmat_to_rotvec(rotations[:, 0].double()).numpy()
        return replace(self, poses=poses, translation=moved.numpy())

    def canonical(self) -> Motion:
        """Moved and turned so that the first frame stands over the origin and faces +z."""
        turned = self.turned(-self.heading())
        offset = turned.translation[0] * np.array([1, 0, 1], dtype=np.float32)
        return replace(turned, translation=turned.translation - offset)


def about_y(angle: torch.Tensor) -> torch.Tensor:
    """(...) angles in radians → (..., 3, 3) rotations about y."""
    zero = torch.zeros_like(angle)
    return roma.rotvec_to_rotmat(torch.stack([zero, angle, zero], dim=-1))


def heading(rotation: torch.Tensor) -> torch.Tensor:
    """Compute the twist of rotations about y (swing-twist decomposition).

    Unlike the direction of the z axis on the ground, it is defined for a body that lies down.

    Args:
        rotation: (..., 3, 3) rotations.

    Returns:
        (...) radians.
    """
    quaternion = roma.rotmat_to_unitquat(rotation)
    y, w = quaternion[..., 1], quaternion[..., 3]
    return torch.atan2(2 * y * w, w * w - y * y)  # twice the half angle, within ±π


def _slerp(a: torch.Tensor, b: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Shortest-arc interpolation of (..., 4) unit quaternions on one hemisphere; share: broadcastable."""
    angle = torch.acos((a * b).sum(-1, keepdim=True).clamp(-1, 1))
    sine = torch.sin(angle)
    small = sine < 1e-5
    safe = torch.where(small, torch.ones_like(sine), sine)
    from_a = torch.where(small, 1 - share, torch.sin((1 - share) * angle) / safe)
    from_b = torch.where(small, share.expand_as(angle), torch.sin(share * angle) / safe)
    return torch.nn.functional.normalize(from_a * a + from_b * b, dim=-1)
