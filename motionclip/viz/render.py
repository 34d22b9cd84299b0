"""Motion → pictures: a shaded skeleton on a floor, as frames, mp4, gif and pose strips."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from ..progress import each

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
_RIMS = (0.55 * _COLOURS).astype(int).tolist()

_BACKGROUND, _FLOOR, _GRID, _SHADOW = (246, 247, 249), (232, 235, 239), (214, 218, 224), (203, 208, 215)
_SHIFT = 4  # cv2 takes fixed-point coordinates: 4 fractional bits


@dataclass(frozen=True)
class Camera:
    """A perspective view at a point.

    Attributes:
        yaw: how far it is turned about the vertical, in radians.
        pitch: how far it is raised, in radians.
        distance: metres to the point.
        focal: the focal length as a share of the picture's size.
    """

    yaw: float = 0.6
    pitch: float = 0.22
    distance: float = 4.6
    focal: float = 3.3

    def project(self, points: np.ndarray, target: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Project points onto a picture.

        Args:
            points: (..., 3) positions in the world.
            target: (3,) the point that it looks at.
            size: the side of the picture in pixels.

        Returns:
            (..., 2) pixels and (...) depths in metres.
        """
        cos_y, sin_y, cos_p, sin_p = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        right = np.array([cos_y, 0, -sin_y])
        forward = -np.array([sin_y * cos_p, sin_p, cos_y * cos_p])
        up = np.cross(right, forward)
        relative = points - target
        depth = np.maximum(relative @ forward + self.distance, 0.3)
        flat = np.stack([relative @ right, -(relative @ up)], axis=-1)
        return size * (0.5 + self.focal * flat / depth[..., None] * 0.5), depth


def frames(motion: Motion, size: int = 480, camera: Camera | None = None) -> Iterator[np.ndarray]:
    """Draw each frame of a motion. The camera follows the body; the floor stays.

    Args:
        motion: the motion.
        size: the side of the pictures in pixels.
        camera: the view; by default one that shows the whole body.

    Yields:
        (size, size, 3) RGB uint8 pictures. Each is drawn in the same memory: copy what is to be kept.
    """
    return _pictures(motion.joints(), _smoothed(motion.translation), camera or Camera(), size)


def strip(motions: Motion | Sequence[Motion], poses: int = 8, size: int = 240) -> np.ndarray:
    """Draw poses side by side: of one motion over time, or the middle pose of each of several motions.

    Args:
        motions: one motion, or several.
        poses: the number of poses of one motion.
        size: the side of each pose's picture in pixels.

    Returns:
        (size, width, 3) RGB uint8.
    """
    if isinstance(motions, Motion):
        frame_numbers = np.linspace(0, len(motions) - 1, poses).round().astype(int)
        joints, roots = motions.joints()[frame_numbers], motions.translation[frame_numbers]
    else:
        middles = [motion.crop(len(motion) // 2, len(motion) // 2 + 1) for motion in motions]
        joints = np.concatenate([motion.joints() for motion in middles])
        roots = np.concatenate([motion.translation for motion in middles])
    pictures = _pictures(joints, roots, Camera(), size)
    return np.concatenate([picture[:, size // 8 : -size // 8].copy() for picture in pictures], axis=1)


def save_video(motion: Motion, path: Path, size: int = 480) -> None:
    """Write a motion as an H.264 mp4 or an endless gif; the suffix says which.

    Args:
        motion: the motion.
        path: the file.
        size: the side of the pictures in pixels.

    Raises:
        OSError: where the encoder fails, as on a full disk.
    """
    write_video(frames(motion, size), path)


def write_video(pictures: Iterable[np.ndarray], path: Path) -> None:
    """Write pictures as mp4 or gif, 30 per second.

    Args:
        pictures: (height, width, 3) RGB uint8, of even size.
        path: the file.

    Raises:
        OSError: where the encoder fails, as on a full disk.
    """
    # By imageio's encoder, but not through imageio: that takes 2.1 s and 1.7 MB for a gif of 60 pictures of 480 pixels,
    # this 0.3 s and 1.1 MB. For an mp4 both take 0.4 s; with imageio's own settings it is 0.8 s.
    from imageio_ffmpeg import get_ffmpeg_exe

    gif = path.suffix.lower() == ".gif"
    if gif:
        pixels = "rgb24"
        # The first half second has all the colours.
        palette = "split[a][b];[a]trim=end_frame=15,palettegen=max_colors=96[p];[b][p]paletteuse=dither=none"
        options = ["-filter_complex", palette, "-loop", "0"]
    else:
        pixels = "yuv420p"  # what H.264 holds; OpenCV converts sooner than the encoder's program
        options = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-movflags", "+faststart"]
    pictures = iter(pictures)
    first = next(pictures)
    source = ["-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{first.shape[1]}x{first.shape[0]}", "-r", str(FPS)]
    command = [get_ffmpeg_exe(), "-v", "error", "-y", *source, "-i", "-", *options, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        try:
            for picture in itertools.chain([first], pictures):
                raw = picture if gif else cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
                encoder.stdin.write(np.ascontiguousarray(raw).data)
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            encoder.kill()
            raise
        _, messages = encoder.communicate()
    if encoder.returncode:
        reason = messages.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {encoder.returncode}"]
        raise OSError(f"ffmpeg: {reason[0]}")


def with_tips(joints: np.ndarray) -> np.ndarray:
    """Add the ends of head, hands and toes, in line with their bones.

    Args:
        joints: (frames, 24, 3) in metres.

    Returns:
        (frames, 24 + 5, 3) in metres.
    """
    tips = []
    for end, (before, length) in _TIPS.items():
        bone = joints[:, _J[end]] - joints[:, _J[before]]
        tips.append(joints[:, _J[end]] + length * bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6))
    return np.concatenate([joints, np.stack(tips, axis=1)], axis=1)


def _looked_at(roots: np.ndarray) -> np.ndarray:
    """(N, 3) pelvises → (N, 3): steady in height for a body on the floor, rising with one that climbs."""
    return np.stack([roots[:, 0], np.maximum(0.85, roots[:, 1] - 0.2), roots[:, 2]], axis=1)


def _smoothed(path: np.ndarray, width: int = 15) -> np.ndarray:
    """Moving average, so that the camera doesn't shake with each step."""
    padded = np.pad(path, ((width, width), (0, 0)), mode="edge")
    kernel = np.hanning(2 * width + 3)[1:-1]
    return np.stack([np.convolve(padded[:, i], kernel / kernel.sum(), mode="valid") for i in range(3)], axis=1)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.clip(np.round(points * (1 << _SHIFT)), -(2**22), 2**22).astype(np.int32)


def _pictures(joints: np.ndarray, roots: np.ndarray, camera: Camera, size: int) -> Iterator[np.ndarray]:
    """(N, 24, 3) joints, (N, 3) the pelvises that the camera follows → N pictures in the same memory.

    What can be, is worked out for all at once.
    """
    points, targets = with_tips(joints), _looked_at(roots)[:, None]
    pixels, depths = camera.project(points, targets, size)
    shadows = _fixed(camera.project(points * [1, 0, 1], targets, size)[0]).tolist()
    floors = _fixed(camera.project(_floor_points(targets), targets, size)[0])
    scale = camera.focal * size / 2
    limbs = (depths[:, _FROM] + depths[:, _TO]) / 2
    order = np.argsort(-limbs, axis=1, kind="stable").tolist()
    widths = np.maximum(2, np.round(2 * _RADII * scale / limbs)).astype(int).tolist()
    lights = np.clip(1.12 - 0.16 * (limbs - camera.distance), 0.7, 1.25)
    colours = np.minimum(255, (lights[..., None] * _COLOURS).astype(int)).tolist()
    ends = _fixed(pixels).tolist()
    shadow_widths = np.maximum(1, np.round(1.6 * _RADII * scale / camera.distance)).astype(int).tolist()
    empty = np.full((size, size, 3), _BACKGROUND, np.uint8)
    image = empty.copy()  # new memory for each would take longer than what is drawn in it
    for frame in each(range(len(points)), "drawing the frames"):
        np.copyto(image, empty)
        cv2.fillConvexPoly(image, floors[frame, :4], _FLOOR, cv2.LINE_AA, _SHIFT)
        cv2.polylines(image, list(floors[frame, 4:].reshape(-1, 2, 2)), False, _GRID, 1, cv2.LINE_AA, _SHIFT)
        ground = shadows[frame]
        for (a, b, _, _), width in zip(BONES, shadow_widths, strict=True):
            cv2.line(image, ground[a], ground[b], _SHADOW, width, cv2.LINE_AA, _SHIFT)
        place, wide, colour = ends[frame], widths[frame], colours[frame]
        for limb in order[frame]:  # from far to near, each with a dark rim
            a, b, _, _ = BONES[limb]
            cv2.line(image, place[a], place[b], _RIMS[limb], wide[limb] + 3, cv2.LINE_AA, _SHIFT)
            cv2.line(image, place[a], place[b], colour[limb], wide[limb], cv2.LINE_AA, _SHIFT)
        yield image


def _floor_points(targets: np.ndarray) -> np.ndarray:
    """(N, 1, 3) → (N, 4 + 2 · lines, 3): corners of the floor, and the ends of its lines, half a metre apart, which
    stay put in the world while the camera moves."""
    reach, pitch = 5.0, 0.5
    centres = targets * [1, 0, 1]
    corners = centres + reach * np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]])
    parts = [corners]
    count = round(2 * reach / pitch)
    for axis in (0, 2):
        first = np.ceil((centres[:, :, axis] - reach) / pitch) * pitch
        ends = centres.repeat(2 * count, axis=1)
        ends[:, :, axis] = np.repeat(first + pitch * np.arange(count), 2, axis=1)
        ends[:, 0::2, 2 - axis] -= reach
        ends[:, 1::2, 2 - axis] += reach
        parts.append(ends)
    return np.concatenate(parts, axis=1)
