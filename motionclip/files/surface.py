"""A character's surface at rest: the vertices of its meshes, and the bones that move them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import ConvexHull, QhullError

from .gltf import Document, Json
from .nodes import listed, local_matrices, skin_joints
from .rig import Rig

MAX_VERTICES = 4_000_000

Piece = tuple[np.ndarray, np.ndarray, np.ndarray]  # of Surface, in its order


@dataclass(frozen=True)
class Surface:
    """The vertices of a character, and which nodes move them.

    Attributes:
        points: (vertices, 3) positions in the rig's space.
        joints: (vertices, 4) the nodes that move each vertex.
        weights: (vertices, 4) how much each node does. Their sum is 1, or 0 where nothing moves the vertex.
    """

    points: np.ndarray
    joints: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, document: Document, order: Mapping[int, int], rig: Rig, parts: Set[int]) -> Surface:
        """Collect all meshes that bones move, and those without a skin that hang on one of the body's parts.

        Args:
            document: the document.
            order: node of the document → its place in the rig.
            rig: the rig.
            parts: places in the rig of the body's parts.

        Returns:
            The surface.

        Raises:
            MotionFileError: for wrong meshes, or too many vertices.
        """
        pieces: list[Piece] = [(np.zeros((0, 3)), np.zeros((0, 4), np.int64), np.zeros((0, 4)))]
        total = 0
        for number, node in enumerate(document.items("nodes")):
            if "mesh" not in node:
                continue
            mesh = document.item("meshes", node["mesh"])
            if "skin" in node:
                found = _skinned(document, order, rig, mesh, document.item("skins", node["skin"]))
            else:
                found = _stiff(document, rig, mesh, order[number], parts)
            for piece in found:
                pieces.append(piece)
                total += len(piece[0])
                if total > MAX_VERTICES:
                    raise document.wrong("meshes", f"have more than {MAX_VERTICES:,} vertices: make them simpler")
        return cls(*map(np.concatenate, zip(*pieces, strict=True)))

    def mostly(self, nodes: Set[int], share: float) -> np.ndarray:
        """Find the vertices that some nodes move.

        Args:
            nodes: the nodes.
            share: the weight above which they count as moving a vertex.

        Returns:
            (n, 3) positions.
        """
        return self.points[(self.weights * np.isin(self.joints, [*nodes])).sum(axis=1) > share]

    def movers(self, least: float) -> set[int]:
        """Find the nodes that move some vertex.

        Args:
            least: the weight above which they do.

        Returns:
            Their places.
        """
        return set(np.unique(self.joints[self.weights > least]).tolist())


def slope(points: np.ndarray, forward: np.ndarray, up: np.ndarray) -> float:
    """Measure how far a sole points below level: the longest edge on the lower side of a foot.

    Args:
        points: (n, 3) of the foot.
        forward: (3,) the way that it points on the ground.
        up: (3,) the way up.

    Returns:
        Radians; 0 for points without an outline.
    """
    outline = points @ np.stack([forward, up], axis=1)
    try:
        corners = outline[ConvexHull(outline).vertices]  # counter-clockwise
    except (QhullError, ValueError):  # fewer than three points, or all on a line
        return 0.0
    edges = np.roll(corners, -1, axis=0) - corners
    ahead, higher = max(edges[edges[:, 0] > 0], key=np.linalg.norm)
    return float(-np.arctan2(higher, ahead))


def corners(points: np.ndarray) -> np.ndarray:
    """Those of (n, 3) points that can be the lowest, however they are turned."""
    try:
        return points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # fewer than four points, or all in a plane
        return points


def _skinned(document: Document, order: Mapping[int, int], rig: Rig, mesh: Json, skin: Json) -> Iterator[Piece]:
    joints = skin_joints(document, skin)
    places = np.array([order[joint] for joint in joints], dtype=np.int64)
    world = _world(rig, places)
    if "inverseBindMatrices" in skin:
        inverse = document.array(skin["inverseBindMatrices"])[: len(places)].reshape(-1, 4, 4)
        world = world @ inverse.transpose(0, 2, 1)
    for points, numbers, weights in _arrays(document, mesh, "POSITION", "JOINTS_0", "WEIGHTS_0"):
        shapes = [values.shape for values in (points, numbers, weights)]
        if shapes != [(len(points), 3), (len(points), 4), (len(points), 4)] or numbers.max() >= len(places):
            raise document.wrong("meshes", "its vertices' joints or weights do not fit")
        total = weights.sum(axis=1, keepdims=True)
        shares = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        movers = numbers.astype(np.int64)
        blended = sum(share[:, None, None] * world[joint] for share, joint in zip(shares.T, movers.T, strict=True))
        yield _moved(np.asarray(blended), points), places[movers], shares


def _stiff(document: Document, rig: Rig, mesh: Json, place: int, parts: Set[int]) -> Iterator[Piece]:
    """A mesh without a skin moves with the part on which its node hangs, as robots and blocks do."""
    chain = [place, *rig.above(place)]
    carrier = next((node for node in chain if node in parts), None)
    if carrier is None:
        return
    local = local_matrices(rig.nodes).numpy()
    world = _world(rig, np.array([carrier]))[0]
    for node in reversed(chain[: chain.index(carrier)]):
        world = world @ local[node]
    for (points,) in _arrays(document, mesh, "POSITION"):
        if points.shape != (len(points), 3):
            raise document.wrong("meshes", "its vertices are no places")
        joints, weights = np.full((len(points), 4), carrier), np.tile([1.0, 0, 0, 0], (len(points), 1))
        yield _moved(world[None], points), joints, weights


def _world(rig: Rig, places: np.ndarray) -> np.ndarray:
    """(n, 4, 4): nodes at rest."""
    world = torch.eye(4, dtype=torch.float64).repeat(len(places), 1, 1)
    world[:, :3, :3] = rig.rest[places] * rig.scales[places][:, None, None]
    world[:, :3, 3] = rig.places[places]
    return world.numpy()


def _moved(transforms: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(n or 1, 4, 4) times (n, 3)."""
    return (transforms[:, :3, :3] @ points[..., None])[..., 0] + transforms[:, :3, 3]


def _arrays(document: Document, mesh: Json, *names: str) -> Iterator[list[np.ndarray]]:
    """These attributes of each primitive that has them all."""
    for primitive in listed(document, mesh, "primitives", "meshes"):
        attributes = primitive.get("attributes") if isinstance(primitive, dict) else None
        if not isinstance(attributes, dict):
            raise document.wrong("meshes", "a primitive has no attributes")
        if all(name in attributes for name in names):
            yield [document.array(attributes[name]) for name in names]
