"""Motion → pictures: a shaded skeleton on a floor, as frames, mp4, gif and pose strips."""

from __future__ import annotations

import functools
import itertools
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import skeleton
from .motion import FPS, Motion

_J = skeleton.JOINT_INDEX
# Limbs to draw: from, to, radius in metres, colour. Negative "to" joints are tips, added by `with_tips`.
_MIDDLE, _LEFT, _RIGHT = (74, 84, 104), (32, 129, 226), (34, 160, 122)
_TIPS = {
    "head": ("neck", 0.17),
    "left_wrist": ("left_elbow", 0.12),
    "right_wrist": ("right_elbow", 0.12),
    "left_foot": ("left_ankle", 0.06),
    "right_foot": ("right_ankle", 0.06),
}
_TIP_INDEX = {name: skeleton.NUM_JOINTS + i for i, name in enumerate(_TIPS)}
BONES: list[tuple[int, int, float, tuple[int, int, int]]] = [
    (_J["pelvis"], _J["spine1"], 0.105, _MIDDLE),
    (_J["spine1"], _J["spine2"], 0.1, _MIDDLE),
    (_J["spine2"], _J["neck"], 0.105, _MIDDLE),
    (_J["neck"], _J["head"], 0.05, _MIDDLE),
    (_J["head"], _TIP_INDEX["head"], 0.085, _MIDDLE),
]
for _side, _colour in (("left", _LEFT), ("right", _RIGHT)):
    BONES += [
        (_J["pelvis"], _J[f"{_side}_hip"], 0.085, _colour),
        (_J[f"{_side}_hip"], _J[f"{_side}_knee"], 0.068, _colour),
        (_J[f"{_side}_knee"], _J[f"{_side}_ankle"], 0.05, _colour),
        (_J[f"{_side}_ankle"], _J[f"{_side}_foot"], 0.04, _colour),
        (_J[f"{_side}_foot"], _TIP_INDEX[f"{_side}_foot"], 0.034, _colour),
        (_J["spine3"], _J[f"{_side}_shoulder"], 0.065, _colour),
        (_J[f"{_side}_shoulder"], _J[f"{_side}_elbow"], 0.047, _colour),
        (_J[f"{_side}_elbow"], _J[f"{_side}_wrist"], 0.038, _colour),
        (_J[f"{_side}_wrist"], _TIP_INDEX[f"{_side}_wrist"], 0.034, _colour),
    ]

_FROM, _TO, _RADII, _COLOURS = (np.array(column) for column in zip(*BONES, strict=True))
_WIDTHS, _RIMS = 2 * _RADII, (0.55 * _COLOURS).astype(int).tolist()

_BACKGROUND, _FLOOR, _GRID, _SHADOW = (246, 247, 249), (232, 235, 239), (214, 218, 224), (203, 208, 215)
_SHIFT = 4  # cv2 takes fixed-point coordinates: 4 fractional bits


@dataclass(frozen=True)
class Camera:
    """A perspective view: looks at a point from `distance` metres, turned by yaw and raised by pitch (radians)."""

    yaw: float = 0.6
    pitch: float = 0.22
    distance: float = 4.6
    focal: float = 3.3

    def project(self, points: np.ndarray, target: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(..., 3) world points → (..., 2) pixels and (...) depths in metres, for a size × size picture."""
        cos_y, sin_y, cos_p, sin_p = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        right = np.array([cos_y, 0, -sin_y])
        forward = -np.array([sin_y * cos_p, sin_p, cos_y * cos_p])
        up = np.cross(right, forward)
        relative = points - target
        depth = np.maximum(relative @ forward + self.distance, 0.3)
        flat = np.stack([relative @ right, -(relative @ up)], axis=-1)
        return size * (0.5 + self.focal * flat / depth[..., None] * 0.5), depth


def frames(motion: Motion, size: int = 480, camera: Camera | None = None) -> Iterator[np.ndarray]:
    """One (size, size, 3) RGB uint8 picture for each frame; the camera follows the body, the floor stays."""
    camera = camera or Camera()
    joints = with_tips(motion.joints())
    path = _smoothed(motion.translation)
    targets = np.stack([path[:, 0], _eye_height(path[:, 1]), path[:, 2]], axis=1)
    shown = camera.project(joints, targets[:, None], size)
    shadows = camera.project(joints * [1, 0, 1], targets[:, None], size)[0]
    for target, pixels, depths, shadow in zip(targets, *shown, shadows, strict=True):
        image = _stage(size, camera, target)
        _draw_body(image, pixels, depths, shadow, camera)
        yield image


def strip(motions: Motion | Sequence[Motion], poses: int = 8, size: int = 240) -> np.ndarray:
    """Poses side by side as one RGB picture: of one motion over time, or the middle pose of each of several."""
    if isinstance(motions, Motion):
        picked = np.linspace(0, len(motions) - 1, poses).round().astype(int)
        bodies = [(motions.joints()[i], motions.translation[i]) for i in picked]
    else:
        bodies = [(motion.joints()[len(motion) // 2], motion.translation[len(motion) // 2]) for motion in motions]
    camera, panels = Camera(), []
    for joints, root in bodies:
        target = np.array([root[0], _eye_height(root[1]), root[2]])
        image = _stage(size, camera, target)
        points = with_tips(joints[None])[0]
        shadow = camera.project(points * [1, 0, 1], target, size)[0]
        _draw_body(image, *camera.project(points, target, size), shadow, camera)
        panels.append(image[:, size // 8 : -size // 8])
    return np.concatenate(panels, axis=1)


def save_video(motion: Motion, path: Path, size: int = 480) -> None:
    """Write an H.264 mp4 or, by suffix, an endless gif."""
    write_video(frames(motion, size), path)


def write_video(pictures: Iterable[np.ndarray], path: Path) -> None:
    """Write (height, width, 3) RGB uint8 pictures of even size as mp4 or gif, 30 a second.

    Raises OSError where the encoder fails, as on a full disk.
    """
    from imageio_ffmpeg import get_ffmpeg_exe

    if path.suffix.lower() == ".gif":
        palette = "split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none"
        options = ["-filter_complex", palette, "-loop", "0"]
    else:
        options = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
        options += ["-movflags", "+faststart"]
    pictures = iter(pictures)
    first = next(pictures)
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{first.shape[1]}x{first.shape[0]}", "-r", str(FPS)]
    command = [get_ffmpeg_exe(), "-v", "error", "-y", *source, "-i", "-", *options, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        try:
            for picture in itertools.chain([first], pictures):
                encoder.stdin.write(np.ascontiguousarray(picture).data)
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            encoder.kill()
            raise
        _, said = encoder.communicate()
    if encoder.returncode:
        reason = said.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {encoder.returncode}"]
        raise OSError(f"{path.name}: the video could not be written ({reason[0]})")


def with_tips(joints: np.ndarray) -> np.ndarray:
    """(frames, 24, 3) → (frames, 24 + 5, 3): the ends of head, hands and toes, along the bones before them."""
    tips = []
    for end, (before, length) in _TIPS.items():
        bone = joints[:, _J[end]] - joints[:, _J[before]]
        tips.append(joints[:, _J[end]] + length * bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6))
    return np.concatenate([joints, np.stack(tips, axis=1)], axis=1)


def _eye_height(pelvis: np.ndarray) -> np.ndarray:
    """What the camera looks at: steady for a body on the floor, rising with one that climbs."""
    return np.maximum(0.85, pelvis - 0.2)


def _smoothed(path: np.ndarray, width: int = 15) -> np.ndarray:
    """Moving average, so that the camera doesn't shake with each step."""
    padded = np.pad(path, ((width, width), (0, 0)), mode="edge")
    kernel = np.hanning(2 * width + 3)[1:-1]
    return np.stack([np.convolve(padded[:, i], kernel / kernel.sum(), mode="valid") for i in range(3)], axis=1)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.clip(np.round(points * (1 << _SHIFT)), -(2**22), 2**22).astype(np.int32)


@functools.cache
def _background(size: int) -> np.ndarray:
    return np.full((size, size, 3), _BACKGROUND, np.uint8)


def _stage(size: int, camera: Camera, target: np.ndarray) -> np.ndarray:
    """Floor with a grid of half a metre, which stays put in the world while the camera moves."""
    image = _background(size).copy()
    reach, pitch = 5.0, 0.5
    centre = target * [1, 0, 1]
    corners = centre + reach * np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]])
    cv2.fillConvexPoly(image, _fixed(camera.project(corners, target, size)[0]), _FLOOR, cv2.LINE_AA, _SHIFT)
    for axis in (0, 2):
        first = np.ceil((centre[axis] - reach) / pitch) * pitch
        lines = np.arange(first, centre[axis] + reach, pitch)
        ends = np.repeat(centre[None, None], len(lines), axis=0).repeat(2, axis=1)
        ends[:, :, axis] = lines[:, None]
        ends[:, 0, 2 - axis] -= reach
        ends[:, 1, 2 - axis] += reach
        cv2.polylines(image, list(_fixed(camera.project(ends, target, size)[0])), False, _GRID, 1, cv2.LINE_AA, _SHIFT)
    return image


def _draw_body(
    image: np.ndarray, pixels: np.ndarray, depths: np.ndarray, shadow: np.ndarray, camera: Camera
) -> None:
    """Limbs from far to near, each with a dark rim; their shadows on the floor first. (29, 2), (29), (29, 2)."""
    scale = camera.focal * image.shape[0] / 2
    points, ground = _fixed(pixels).tolist(), _fixed(shadow).tolist()
    limbs = (depths[_FROM] + depths[_TO]) / 2
    widths = np.maximum(2, np.round(_WIDTHS * scale / limbs)).astype(int).tolist()
    lights = np.clip(1.12 - 0.16 * (limbs - camera.distance), 0.7, 1.25)
    colours = np.minimum(255, (lights[:, None] * _COLOURS).astype(int)).tolist()
    for a, b, radius, _ in BONES:
        width = max(1, round(1.6 * radius * scale / camera.distance))
        cv2.line(image, ground[a], ground[b], _SHADOW, width, cv2.LINE_AA, _SHIFT)
    for limb in np.argsort(-limbs, kind="stable").tolist():
        a, b, _, _ = BONES[limb]
        cv2.line(image, points[a], points[b], _RIMS[limb], widths[limb] + 3, cv2.LINE_AA, _SHIFT)
        cv2.line(image, points[a], points[b], colours[limb], widths[limb], cv2.LINE_AA, _SHIFT)
