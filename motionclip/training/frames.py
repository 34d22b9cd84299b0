"""Pictures for the image tower: frames of a motion as a shaded body, from varied sides, and their embeddings."""

from __future__ import annotations

import numpy as np
import torch

from ..motion.features import from_features
from ..motion.motion import heading
from ..towers.interface import ImageTower
from ..viz.bodies import Body
from ..viz.render import Camera
from .dataset import Batch

EVERY = 10  # frames of a clip between those that are drawn, so that they are met again
FACES = 24_000  # enough for a surface without holes at 224 pixels
_LIGHT = np.array([0.4, 0.75, 0.53])
_COLOUR, _BACKGROUND = np.array([214, 170, 120]), 245
VIEW = np.pi / 3  # how far to either side of the front a frame is seen from


def pictures(body: Body, rotations: torch.Tensor, yaws: np.ndarray, size: int) -> np.ndarray:
    """Draw bodies as small pictures for an image tower.

    Each face that looks at the camera is a small square of one shade, far ones first. At a tower's resolution the
    squares close up to a surface.

    Args:
        body: the body.
        rotations: (N, 24, 3, 3) joint to parent.
        yaws: (N,) from where each is seen, in radians; 0 is from +z.
        size: the side of the pictures in pixels.

    Returns:
        (N, size, size, 3) RGB bytes.
    """
    vertices = body.vertices(rotations, torch.zeros(len(rotations), 3)).numpy()
    faces = body.faces[:: max(1, len(body.faces) // FACES)]
    drawn = np.full((len(vertices), size, size, 3), _BACKGROUND, np.uint8)
    reach = np.arange(-1, 2)
    for image, points, yaw in zip(drawn, vertices, yaws, strict=True):
        corners = points[faces]
        centres = corners.mean(1)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        middle = (points.min(0) + points.max(0)) / 2
        pixels, depth = Camera(yaw=yaw, pitch=0.15, distance=5.0, focal=4.6).project(centres, middle, size)
        side = np.array([np.sin(yaw), 0.15, np.cos(yaw)])
        front = np.flatnonzero(normals @ side > 0)
        front = front[np.argsort(-depth[front])]
        shade = 0.45 + 0.55 * np.clip(normals[front] @ (_LIGHT + 0.3 * side), 0, 1)
        x, y = np.clip(pixels[front].round().astype(int), 1, size - 2).T
        # Of several squares on one pixel the last, nearest one stays.
        image[y[:, None, None] + reach[:, None], x[:, None, None] + reach] = (shade[:, None] * _COLOUR)[:, None, None]
    return drawn


class FrameTower:
    """Embeds a random frame of each window of a batch, and remembers the embeddings of frames.

    Args:
        tower: embeds the pictures.
        body: what they show.
        view: how far from the front the camera stands at most, to either side, in radians.
    """

    def __init__(self, tower: ImageTower, body: Body, view: float = VIEW) -> None:
        self.tower, self.body, self.view = tower, body, view
        self._known: dict[tuple[int, int, bool], torch.Tensor] = {}

    def draw(self, batch: Batch, mine: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Embed a random frame of each of some windows.

        Args:
            batch: the whole batch.
            mine: numbers of the windows. What is drawn for one does not depend on the others.
            generator: of everything random.

        Returns:
            (len(mine), D) embeddings.
        """
        window = batch.features.shape[1]
        frame = (torch.rand(len(batch.clip), generator=generator) * window).long()
        # The nearest of every tenth frame of the clip, as far as the window holds it.
        frame = ((batch.start + frame) // EVERY * EVERY - batch.start).clamp(0, window - 1)
        keys = [(int(batch.clip[i]), int(batch.start[i] + frame[i]), bool(batch.mirrored[i])) for i in mine.tolist()]
        new = {key: i for key, i in zip(keys, mine.tolist(), strict=True) if key not in self._known}
        if new:
            rows = torch.tensor(list(new.values()))
            rotations, _ = from_features(batch.features[rows, frame[rows]].cpu()[:, None])
            seen = pictures(self.body, rotations[:, 0], self._yaws(list(new), rotations[:, 0]), self.tower.size)
            self._known.update(zip(new, self.tower.encode_images(seen), strict=True))
        return torch.stack([self._known[key] for key in keys])

    def _yaws(self, keys: list[tuple[int, int, bool]], rotations: torch.Tensor) -> np.ndarray:
        """A side for each frame, about where it faces; always the same for the same frame."""
        turned = np.array([np.random.default_rng(key).uniform(-self.view, self.view) for key in keys])
        return heading(rotations[:, 0]).numpy() + turned
