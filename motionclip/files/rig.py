"""A character's skeleton: its nodes at rest, and the nodes' own rotations and places when the body moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import roma
import torch

from .nodes import Node, local_matrices, rotations_of

Tracks = list[tuple[int, str, np.ndarray]]

_SIDES = ("left", "right")
_LIMBS = (("hip", "knee", "ankle", "foot"), ("collar", "shoulder", "elbow", "wrist"))
LOOSE = "loose:"  # and a node: a part that is none of the body's
_BENT = 0.01  # radians that a node's own pose is off its rest pose, for it to be written


@dataclass(frozen=True)
class Rig:
    """The nodes of a character, parents before children.

    Attributes:
        nodes: the nodes.
        local: (nodes, 3, 3) rotations to the parent, as the document has them.
        offsets: (nodes, 3) positions in the parent, as the document has them.
        scales: (nodes,) scales in the world.
        rest: (nodes, 3, 3) rotations at rest, in a space of their own.
        places: (nodes, 3) positions at rest, in the same space.
    """

    nodes: list[Node]
    local: torch.Tensor
    offsets: torch.Tensor
    scales: torch.Tensor
    rest: torch.Tensor
    places: torch.Tensor

    @classmethod
    def of(cls, nodes: list[Node], bind: Mapping[int, np.ndarray]) -> Rig:
        """Build the rig. It rests as its skins were bound, or where they say nothing, as the nodes are.

        Args:
            nodes: the nodes.
            bind: place among the nodes → (4, 4), as `bind_pose` gives it.

        Returns:
            The rig.
        """
        local = rotations_of(local_matrices(nodes))
        rest_rotations = {joint: rotations_of(torch.from_numpy(matrix)) for joint, matrix in bind.items()}
        for index in reversed(range(len(nodes))):
            above = nodes[index].parent
            if index in rest_rotations and above >= 0 and above not in rest_rotations:
                rest_rotations[above] = rest_rotations[index] @ local[index].T
        offsets = torch.from_numpy(np.stack([node.translation for node in nodes]))
        scales, places = torch.ones(len(nodes), dtype=torch.float64), torch.zeros_like(offsets)
        for index, node in enumerate(nodes):
            above = node.parent
            scales[index] = float(np.abs(node.scale).mean()) * (scales[above] if above >= 0 else 1)
            places[index] = offsets[index]
            if above >= 0:
                places[index] = places[above] + rest_rotations[above] @ (scales[above] * offsets[index])
            rest_rotations.setdefault(index, rest_rotations[above] @ local[index] if above >= 0 else local[index])
        rest = torch.stack([rest_rotations[index] for index in range(len(nodes))])
        return cls(nodes, local, offsets, scales, rest, places)

    def above(self, node: int) -> list[int]:
        """The ancestors of a node, the nearest first."""
        result = []
        while (node := self.nodes[node].parent) >= 0:
            result.append(node)
        return result

    def nearest(self, parts: Mapping[str, int], node: int) -> str:
        """Find the part whose bone is nearest to a node at rest.

        Args:
            parts: part → node.
            node: the node.

        Returns:
            The part.
        """
        away = {part: float((self.places[joint] - self.places[node]).norm()) for part, joint in parts.items()}
        trunk, limbs = _chains(parts)
        hips = [["pelvis", chain[0]] for chain in limbs if chain[0].endswith("hip")]
        for chain in (trunk, *hips, *limbs):
            for part, following in zip(chain, chain[1:], strict=False):
                start, bone = self.places[parts[part]], self.places[parts[following]] - self.places[parts[part]]
                along = ((self.places[node] - start) @ bone / (bone @ bone).clamp(min=1e-12)).clamp(min=0)
                if along < 1:  # what is beyond is nearer to the next
                    away[part] = min(away[part], float((self.places[node] - start - along * bone).norm()))
        return min(away, key=lambda part: away[part])

    def posed(
        self,
        parts: Mapping[str, int],
        part_turns: Mapping[str, torch.Tensor],
        pelvis: torch.Tensor,
        loose: Mapping[str, str],
    ) -> Tracks:
        """Compute how the nodes move. Nodes that are no part keep their rest pose.

        Args:
            parts: part → node.
            part_turns: part → (frames, 3, 3), its turn in the world from rest.
            pelvis: (frames, 3) its position.
            loose: part called LOOSE and its node → the part that carries it.

        Returns:
            Place of the node, "rotation" or "translation", and (frames, 4 or 3) values in its parent.
        """
        carriers = _carried(self, parts) | {int(part.removeprefix(LOOSE)): parts[by] for part, by in loose.items()}
        every = dict(parts) | {part: int(part.removeprefix(LOOSE)) for part in loose}
        turns = {node: part_turns[part] @ self.rest[node] for part, node in every.items()}
        return _Posing(self, turns, carriers, parts["pelvis"], pelvis).tracks()


class _Posing:
    """The world's rotations (frames, 3, 3) and places (frames, 3) of nodes, computed when they are needed."""

    def __init__(
        self,
        rig: Rig,
        turns: Mapping[int, torch.Tensor],
        carried_by: Mapping[int, int],
        pelvis: int,
        pelvis_at: torch.Tensor,
    ) -> None:
        self._rig, self._frames = rig, len(pelvis_at)
        self._turned, self._carried_by = turns, carried_by
        self._placed: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._pelvis, self._pelvis_at = pelvis, pelvis_at

    def tracks(self) -> Tracks:
        result: Tracks = []
        for node in self._turned:
            turn, at = self._world(node)
            above, above_at, scale = self._above(node)
            result.append((node, "rotation", roma.rotmat_to_unitquat(above.mT @ turn).numpy()))
            if node == self._pelvis or node in self._carried_by:
                local = (above.mT @ (at - above_at)[..., None])[..., 0] / scale
                result.append((node, "translation", local.numpy()))
        for node, turn in self._at_rest().items():
            if node not in self._turned and roma.rotmat_geodesic_distance(turn, self._rig.local[node]) > _BENT:
                quaternion = roma.rotmat_to_unitquat(turn).expand(self._frames, 4)
                result.append((node, "rotation", quaternion.numpy()))
        return result

    def _at_rest(self) -> dict[int, torch.Tensor]:
        """Node → (3, 3), how those that hang on a part stand in their parents at rest."""
        rig, result, moving = self._rig, dict[int, torch.Tensor](), set(self._turned)
        for index, node in enumerate(rig.nodes):
            if node.parent in moving:
                moving.add(index)
                result[index] = rig.rest[node.parent].T @ rig.rest[index]
        return result

    def _above(self, node: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """How the node's parent is turned, where it is, and its scale."""
        parent = self._rig.nodes[node].parent
        if parent >= 0:
            return *self._world(parent), self._rig.scales[parent]
        same = torch.eye(3, dtype=torch.float64).expand(self._frames, 3, 3)
        return same, torch.zeros(self._frames, 3, dtype=torch.float64), torch.ones((), dtype=torch.float64)

    def _world(self, node: int) -> tuple[torch.Tensor, torch.Tensor]:
        if node not in self._placed:
            self._placed[node] = self._work_out(node)
        return self._placed[node]

    def _work_out(self, node: int) -> tuple[torch.Tensor, torch.Tensor]:
        rig = self._rig
        above, above_at, scale = self._above(node)
        turn = self._turned.get(node)
        if turn is None:
            follows = any(one in self._turned for one in rig.above(node))
            parent = rig.nodes[node].parent
            turn = above @ (rig.rest[parent].T @ rig.rest[node] if follows else rig.local[node])
        if node == self._pelvis:
            return turn, self._pelvis_at
        if node in self._carried_by:
            carrier = self._carried_by[node]
            carrier_turn, at = self._world(carrier)
            away = rig.rest[carrier].T @ (rig.places[node] - rig.places[carrier])
            return turn, at + carrier_turn @ away
        return turn, above_at + above @ (scale * rig.offsets[node])


def _chains(parts: Mapping[str, int]) -> tuple[list[str], list[list[str]]]:
    """The parts of the trunk upwards, and those of the limbs outwards."""
    spine = sorted((part for part in parts if part.startswith("spine:")), key=lambda part: int(part[6:]))
    limbs = [[f"{side}_{part}" for part in limb if f"{side}_{part}" in parts] for side in _SIDES for limb in _LIMBS]
    return ["pelvis", *spine, "neck", "head"], limbs


def _carried(rig: Rig, parts: Mapping[str, int]) -> dict[int, int]:
    """Node → the node that it goes with, though it doesn't hang on it: for skeletons whose bones lie side by side."""
    trunk, limbs = _chains(parts)
    pairs = [(part, [above]) for chain in (trunk, *limbs) for above, part in zip(chain, chain[1:], strict=False)]
    for chain in limbs:
        pairs.append((chain[0], ["pelvis"] if chain[0].endswith("hip") else [*reversed(trunk[:-2]), "neck"]))
    nodes, result = set(parts.values()), dict[int, int]()
    for part, carriers in pairs:
        node = parts[part]
        nearest = next((one for one in rig.above(node) if one in nodes), None)
        if nearest not in {parts[carrier] for carrier in carriers} and parts[carriers[0]] != node:
            result[node] = parts[carriers[0]]
    return result
