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
    """A body at rest: its surface, and how the 24 joints move it.

    Attributes:
        rest: (24, 3) positions of the joints in metres.
        vertices: (V, 3) positions in metres.
        normals: (V, 3) unit normals of the vertices.
        faces: (F, 3) vertices of each triangle.
        joints: (V, 4) the joints that move each vertex.
        weights: (V, 4) how much each does; bytes that sum to 255.
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
    """The SMPL body of mean shape, from the user's own files.

    It is scaled until its legs are as long as the wooden figure's, so that its feet stand where the figure's do. The
    correction of its surface at bent joints is left out.

    Args:
        folder: the body's file, or a folder that holds it.

    Returns:
        The mesh.

    Raises:
        MissingFile: where there is no body.
        ModelFolderError: for a file that holds no body.
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
    """A surface that follows poses.

    Attributes:
        faces: (F, 3) vertices of each triangle.
    """

    faces: np.ndarray

    def vertices(self, rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
        """Pose the surface; gradients flow through.

        Args:
            rotations: (N, 24, 3, 3) joint to parent.
            translation: (N, 3) position of the pelvis in metres.

        Returns:
            (N, V, 3) positions in metres.
        """
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
        """As `Body.vertices`."""
        world_rotations, positions = skeleton.global_transforms(rotations, translation)
        shifts = positions - (world_rotations @ skeleton.REST_JOINTS.to(world_rotations)[..., None])[..., 0]
        transforms = torch.cat([world_rotations, shifts[..., None]], dim=-1).flatten(-2)
        blended = (self._weights.to(world_rotations) @ transforms).unflatten(-1, (3, 4))
        rest = self._rest.to(world_rotations)
        return (blended[..., :3] * rest[:, None]).sum(-1) + blended[..., 3]


class SMPLBody:
    """The neutral SMPL body of mean shape, from the user's own files, which `smpl_file.find` looks for.

    Raises:
        FileNotFoundError: where the file or the smplx package is missing; it says what to do.
        ValueError: for a file that holds no body.
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
        """As `Body.vertices`."""
        out = self._model.to(rotations.device)(
            betas=rotations.new_zeros(len(rotations), self._model.num_betas),
            body_pose=rotations[:, 1:],
            global_orient=rotations[:, :1],
            pose2rot=False,
        )
        return out.vertices - out.joints[:, :1] + translation[:, None]


def load_body(folder: str) -> Body:
    """Load the SMPL body in a folder or file, or the wooden figure.

    Args:
        folder: the folder or file; "" for the wooden figure.

    Returns:
        The body.

    Raises:
        FileNotFoundError: where the file or the smplx package is missing.
        ValueError: for a file that holds no body.
    """
    return SMPLBody(Path(folder)) if folder else WoodenBody()
