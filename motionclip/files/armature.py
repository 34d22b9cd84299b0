"""A skeleton in motion as a file has it: its own joints, names, units and axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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
    up: str = ""
    fps: float = 30.0
    notes: list[str] = field(default_factory=list)

    def above(self, joint: int) -> list[int]:
        """The joint's ancestors, the nearest first."""
        result = []
        while (joint := self.parents[joint]) >= 0:
            result.append(joint)
        return result


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
