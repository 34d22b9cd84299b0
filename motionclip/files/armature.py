"""A skeleton in motion as a file has it: its own joints, names, units and axes."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

import torch


@dataclass
class Armature:
    """A skeleton in motion: what every reader of skeletons gives to the retargeting.

    Attributes:
        names: the joints' names, parents before children.
        parents: the parent of each joint, −1 for none.
        rest_rotations: (joints, 3, 3) of the skeleton at rest, in the world.
        rest_positions: (joints, 3) of the skeleton at rest, in the world.
        rotations: (frames, joints, 3, 3), in the world.
        positions: (frames, joints, 3), in the world, in the file's unit and axes.
        ends: joint → (3,), where its last bone ends, in the joint's own frame.
        parts: part of the body → joint, where the file itself says it (VRM).
        meshes: joints that are surfaces and no bones, whatever their names.
        bodies: the joints of each skeleton, where the file tells several apart.
        up: the axis that points up by the format's rules ("y"), or "".
        fps: the frame rate.
        notes: what the reader skipped, in sentences.
    """

    names: list[str]
    parents: list[int]
    rest_rotations: torch.Tensor
    rest_positions: torch.Tensor
    rotations: torch.Tensor
    positions: torch.Tensor
    ends: dict[int, torch.Tensor] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    meshes: frozenset[int] = frozenset()
    bodies: tuple[frozenset[int], ...] = ()
    up: str = ""
    fps: float = 30.0
    notes: list[str] = field(default_factory=list)

    def only(self, joints: Set[int]) -> Armature:
        """Take some of its joints.

        Args:
            joints: which ones.

        Returns:
            The armature of these joints, in their order. One whose parent is left out has none.
        """
        kept = sorted(joints)
        place = {joint: index for index, joint in enumerate(kept)}
        return replace(
            self,
            names=[self.names[joint] for joint in kept],
            parents=[place.get(self.parents[joint], -1) for joint in kept],
            rest_rotations=self.rest_rotations[kept],
            rest_positions=self.rest_positions[kept],
            rotations=self.rotations[:, kept],
            positions=self.positions[:, kept],
            ends={place[joint]: end for joint, end in self.ends.items() if joint in place},
            parts={part: place[joint] for part, joint in self.parts.items() if joint in place},
            meshes=frozenset(place[joint] for joint in self.meshes if joint in place),
            bodies=(),
        )

    @property
    def moves(self) -> bool:
        """Whether any of it is not the same in all frames."""
        still = torch.allclose(self.rotations, self.rotations[:1]) and torch.allclose(
            self.positions, self.positions[:1]
        )
        return not still

    def above(self, joint: int) -> list[int]:
        """List the ancestors of a joint.

        Args:
            joint: the joint.

        Returns:
            The ancestors, the nearest first.
        """
        result = []
        while (joint := self.parents[joint]) >= 0:
            result.append(joint)
        return result


def subtrees(parents: Sequence[int], tops: Set[int]) -> tuple[frozenset[int], ...]:
    """Collect what hangs on some joints.

    Args:
        parents: the parent of each joint, −1 for none; parents before children.
        tops: the joints.

    Returns:
        For each of them that hangs on no other of them: itself and what hangs on it.
    """
    top_of: dict[int, int] = {}
    for joint, parent in enumerate(parents):
        if parent in top_of:
            top_of[joint] = top_of[parent]
        elif joint in tops:
            top_of[joint] = joint
    return tuple(frozenset(joint for joint in top_of if top_of[joint] == top) for top in sorted({*top_of.values()}))


def globals_of(
    parents: Sequence[int], rotations: torch.Tensor, positions: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute rotations and positions in the world.

    Args:
        parents: the parent of each joint, −1 for none; parents before children.
        rotations: (frames, joints, 3, 3), joint to parent.
        positions: (frames, joints, 3), in the parent's frame.

    Returns:
        Rotations and positions of the same shapes.
    """
    world_rotations: list[torch.Tensor] = []
    world_positions: list[torch.Tensor] = []
    for index, parent in enumerate(parents):
        if parent < 0:
            world_rotations.append(rotations[:, index])
            world_positions.append(positions[:, index])
        else:
            world_rotations.append(world_rotations[parent] @ rotations[:, index])
            world_positions.append(
                world_positions[parent] + (world_rotations[parent] @ positions[:, index, :, None])[..., 0]
            )
    return torch.stack(world_rotations, dim=1), torch.stack(world_positions, dim=1)
