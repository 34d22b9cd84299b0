"""Bodies with a surface: the wooden figure of the mannequin-x package, and SMPL's from the user's own files."""

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
    """A body at rest: geometry, and how it hangs on the 24 joints.

    rest: (24, 3) places of the joints. vertices, normals: (V, 3). faces: (F, 3). joints, weights: (V, 4), the weights
    as bytes that sum to 255.
    """

    rest: np.ndarray
    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    weights: np.ndarray


TRIANGLES = 12_000  # a quarter of the package's: a browser has less to load, and at its size nothing to miss


@functools.cache
def wooden_figure() -> SkinnedMesh:
    """The wooden figure, loaded once."""
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
    while (joints >= skeleton.NUM_JOINTS).any():  # the fingers, relaxed, are part of the hand
        joints = np.where(joints >= skeleton.NUM_JOINTS, parents[joints], joints)
    whole = np.zeros((len(joints), skeleton.NUM_JOINTS), weights.dtype)
    np.add.at(whole, (np.arange(len(joints))[:, None], joints), weights)
    return _hung(skeleton.REST_JOINTS.numpy(), vertices, faces, whole)


def smpl_figure(folder: Path) -> SkinnedMesh:
    """The SMPL body of mean shape from the user's own files, as large as its legs are beside the wooden figure's: so
    its feet stand where the figure's do. Its own bending of the surface at the joints is left out.

    Raises what `smpl_file.find` and `smpl_file.read` raise.
    """
    content = smpl_file.read(smpl_file.find(folder))
    vertices = content["v_template"].astype(np.float64)
    rest = content["J_regressor"] @ vertices
    figure = wooden_figure()
    scale = _stands(figure.rest, figure.vertices) / _stands(rest, vertices)
    vertices, rest = (scale * (points - rest[0]) for points in (vertices, rest))
    return _hung(rest.astype(np.float32), vertices.astype(np.float32), content["f"], content["weights"])


def _stands(rest: np.ndarray, vertices: np.ndarray) -> float:
    """How high the pelvis of a body at rest is above its soles."""
    return float(rest[0, 1] - vertices[:, 1].min())


def _hung(rest: np.ndarray, vertices: np.ndarray, faces: np.ndarray, shares: np.ndarray) -> SkinnedMesh:
    """A mesh of (V, 3) vertices, of which each follows the joints by its (V, 24) shares: the four largest are kept."""
    joints = np.argsort(-shares, axis=1, kind="stable")[:, :4]
    kept = np.take_along_axis(shares, joints, axis=1)
    weights = np.round(255 * kept / kept.sum(1, keepdims=True)).astype(np.int32)
    weights[np.arange(len(weights)), weights.argmax(1)] += 255 - weights.sum(1)
    joints = np.where(weights > 0, joints, 0)  # a joint without weight has to be joint 0
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    small = np.uint16 if len(vertices) <= 1 << 16 else np.uint32
    return SkinnedMesh(rest, vertices, normals, faces.astype(small), joints.astype(np.uint8), weights.astype(np.uint8))


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
