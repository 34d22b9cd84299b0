"""Bodies with a surface: the wooden figure of the mannequin-x package, and the user's own SMPL body through smplx."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from ..errors import MissingFile
from ..motion import skeleton
from . import smpl_file


@dataclass(frozen=True)
class SkinnedMesh:
    """The wooden figure at rest: geometry, and how it hangs on the 24 joints.

    vertices, normals: (V, 3). faces: (F, 3). joints, weights: (V, 4), the weights as bytes that sum to 255.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    weights: np.ndarray


TRIANGLES = 12_000  # a quarter of the package's: a browser has less to load, and at its size nothing to miss


@functools.cache
def wooden_figure() -> SkinnedMesh:
    """The figure, loaded once."""
    import fast_simplification

    # The skin is no public API of mannequin-x (hence the pinned version); it is touched only here.
    from mannequin import Mannequin

    mannequin = Mannequin("wooden")
    full = mannequin.vertices(mannequin.rest_pose()).astype(np.float32)
    *_, collapses = fast_simplification.simplify(
        full, mannequin.faces.astype(np.int32), target_count=TRIANGLES, return_collapses=True
    )
    vertices, faces, collapsed_to = fast_simplification.replay_simplification(
        full, mannequin.faces.astype(np.int32), collapses
    )
    _, first_vertices = np.unique(collapsed_to, return_index=True)  # one of the full figure's vertices for each
    joints, weights = mannequin._skin_joint_indices[first_vertices], mannequin._skin_weights[first_vertices]
    parents = np.array(mannequin.parents)
    while (joints >= 24).any():  # the fingers, relaxed, are part of the hand
        joints = np.where(joints >= 24, parents[joints], joints)
    joints, weights = _merged(joints, weights)
    weights = np.round(255 * weights).astype(np.int32)
    weights[np.arange(len(weights)), weights.argmax(1)] += 255 - weights.sum(1)
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return SkinnedMesh(vertices, normals, faces.astype(np.uint16), joints.astype(np.uint8), weights.astype(np.uint8))


def _merged(joints: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V, 4) joints and weights → the same with each joint once, the heaviest first, and joint 0 where none is left."""
    whole = np.zeros((len(joints), skeleton.NUM_JOINTS), weights.dtype)
    np.add.at(whole, (np.arange(len(joints))[:, None], joints), weights)
    first = np.argsort(-whole, axis=1, kind="stable")[:, :4]
    share = np.take_along_axis(whole, first, axis=1)
    # What would be rounded to nothing is left out: a joint without weight has to be joint 0.
    return np.where(np.round(255 * share) > 0, first, 0), share


class Body(Protocol):
    """A surface that follows poses: faces (F, 3) and vertices."""

    faces: np.ndarray

    def vertices(self, rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
        """(N, 24, 3, 3) and (N, 3) → (N, V, 3) metres; gradients flow."""
        ...


class WoodenBody:
    """The wooden figure, skinned linearly."""

    def __init__(self) -> None:
        figure = wooden_figure()
        self.faces = figure.faces.astype(np.int64)
        self._rest = torch.from_numpy(figure.vertices)
        self._weights = torch.zeros(len(figure.vertices), skeleton.NUM_JOINTS)
        share = torch.from_numpy(figure.weights.astype(np.float32) / 255)
        self._weights.scatter_add_(1, torch.from_numpy(figure.joints.astype(np.int64)), share)

    def vertices(self, rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
        """See Body."""
        world_rotations, positions = skeleton.global_transforms(rotations, translation)
        shifts = positions - (world_rotations @ skeleton.REST_JOINTS.to(world_rotations)[..., None])[..., 0]
        transforms = torch.cat([world_rotations, shifts[..., None]], dim=-1).flatten(-2)
        blended = (self._weights.to(world_rotations) @ transforms).unflatten(-1, (3, 4))
        rest = self._rest.to(world_rotations)
        return (blended[..., :3] * rest[:, None]).sum(-1) + blended[..., 3]


class SMPLBody:
    """The neutral SMPL body of mean shape, from the user's own files, as `smpl_file.find` looks for them.

    Raises FileNotFoundError where the file or the smplx package is missing, with what to do, and ValueError for a file
    that holds no body.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import smplx
        except ImportError as error:
            raise MissingFile(
                "smplx", "is missing, and the SMPL body needs it: pip install -r requirements.txt"
            ) from error
        path = smpl_file.find(folder)
        content = smplx.utils.Struct(**smpl_file.read(path))
        self._model = smplx.SMPL(str(path), data_struct=content, batch_size=1).eval().requires_grad_(False)
        self.faces = self._model.faces.astype(np.int64)

    def vertices(self, rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
        """See Body."""
        out = self._model.to(rotations.device)(
            betas=rotations.new_zeros(len(rotations), self._model.num_betas),
            body_pose=rotations[:, 1:],
            global_orient=rotations[:, :1],
            pose2rot=False,
        )
        return out.vertices - out.joints[:, :1] + translation[:, None]


def load_body(folder: str) -> Body:
    """The SMPL body in a folder or file, or for "" the wooden figure."""
    return SMPLBody(Path(folder)) if folder else WoodenBody()
