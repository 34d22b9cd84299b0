"""Joint positions → SMPL rotations: inverse kinematics bone by bone, so that every bone points as it did.

Where a joint carries several bones they are fitted together; about a single bone the bend of the next one tells the
twist, and where there is none, the joint turns no more than it has to. Heads, wrists and toes follow the bone before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from ..motion import skeleton
from .rotations import between, frame_of, nearest_rotations, swing

JOINTS = 22
_J = skeleton.JOINT_INDEX
_REST = skeleton.REST_JOINTS.double()
_BONES = [(skeleton.PARENTS[joint], joint) for joint in range(1, JOINTS)]
_UNBENT = 0.08  # the sine of the bend at which it weighs as much as the least turning


@dataclass(frozen=True)
class Fit:
    """Rotations that were fitted to positions.

    Attributes:
        rotations: (frames, 24, 3, 3), joint to parent.
        pelvis: (frames, 3) metres.
        scale: metres for a unit of the positions, by the length of the legs.
        degrees: the angles between fitted bones and the positions' bones: the mean and the greatest.
    """

    rotations: torch.Tensor
    pelvis: torch.Tensor
    scale: float
    degrees: tuple[float, float]

    def __str__(self) -> str:
        mean, most = self.degrees
        return f"positions became rotations; bones point as they did within {mean:.1f}° (at most {most:.1f}°)"


def leg_length(joints: torch.Tensor) -> float:
    """Measure the length of legs from hip to ankle.

    Args:
        joints: (frames, 22 or more, 3), in SMPL's order and in any unit.

    Returns:
        The sum of the median lengths of thigh and shin, the mean of both sides.
    """
    pairs = [("hip", "knee"), ("knee", "ankle")]
    bones = [joints[:, _J[f"{s}_{a}"]] - joints[:, _J[f"{s}_{b}"]] for s in ("left", "right") for a, b in pairs]
    return sum(float(bone.norm(dim=-1).median()) for bone in bones) / 2


def fit(joints: torch.Tensor, scale: float | None = None) -> Fit:
    """Fit rotations to positions of SMPL's joints.

    Args:
        joints: (frames, 22, 3), y up, in any unit and of a body of any proportions.
        scale: metres for a unit of the path; by default the length of the legs says it.

    Returns:
        The rotations, and how well they fit.
    """
    joints = joints.double()
    world_rotations: dict[str, torch.Tensor] = {}

    def way(start: str, end: str) -> torch.Tensor:
        return normalize(joints[:, _J[end]] - joints[:, _J[start]], dim=-1)

    def rest(start: str, end: str) -> torch.Tensor:
        return _REST[_J[end]] - _REST[_J[start]]

    def fitted(joint: str, ends: tuple[str, ...]) -> torch.Tensor:
        sums = [way(joint, end)[:, :, None] * normalize(rest(joint, end), dim=-1)[None, None] for end in ends]
        return nearest_rotations(torch.stack(sums).sum(0))

    world_rotations["pelvis"] = fitted("pelvis", ("left_hip", "right_hip", "spine1"))
    world_rotations["spine3"] = fitted("spine3", ("neck", "left_collar", "right_collar"))
    for share, (joint, end) in ((1, ("spine1", "spine2")), (2, ("spine2", "spine3"))):
        part = between(world_rotations["pelvis"], world_rotations["spine3"], share / 3)
        world_rotations[joint] = swing(part, rest(joint, end), way(joint, end))
    world_rotations["neck"] = swing(world_rotations["spine3"], rest("neck", "head"), way("neck", "head"))
    world_rotations["head"] = world_rotations["neck"]
    for side in ("left", "right"):
        sign = -1.0 if side == "left" else 1.0
        collar, shoulder, elbow, wrist = (f"{side}_{part}" for part in ("collar", "shoulder", "elbow", "wrist"))
        hip, knee, ankle, foot = (f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot"))
        world_rotations[collar] = swing(world_rotations["spine3"], rest(collar, shoulder), way(collar, shoulder))
        for above, (upper, lower, end), hinge in (
            (world_rotations[collar], (shoulder, elbow, wrist), torch.tensor([0.0, sign, 0.0])),
            (world_rotations["pelvis"], (hip, knee, ankle), torch.tensor([1.0, 0.0, 0.0])),
        ):
            first, second = way(upper, lower), way(lower, end)
            axis = torch.linalg.cross(first, second)
            for joint, bone, direction in ((upper, rest(upper, lower), first), (lower, rest(lower, end), second)):
                least = swing(above, bone, direction)
                bend_frame = frame_of(direction, axis) @ frame_of(bone, hinge.double()).mT
                blend = nearest_rotations(axis.norm(dim=-1)[:, None, None] * bend_frame + _UNBENT * least)
                world_rotations[joint] = above = swing(blend, bone, direction)
        world_rotations[wrist] = world_rotations[f"{side}_hand"] = world_rotations[elbow]
        world_rotations[ankle] = world_rotations[foot] = swing(
            world_rotations[knee], rest(ankle, foot), way(ankle, foot)
        )
    world = torch.stack([world_rotations[name] for name in skeleton.JOINT_NAMES], dim=1)
    local = local_of(world)
    scale = scale or leg_length(_REST[None]) / max(leg_length(joints), 1e-9)
    pelvis = scale * joints[:, 0]
    return Fit(local, pelvis, scale, _apart(local, joints))


def local_of(world: torch.Tensor) -> torch.Tensor:
    """Compute rotations to the parents from rotations to the world.

    Args:
        world: (frames, 24, 3, 3).

    Returns:
        (frames, 24, 3, 3).
    """
    parts = [
        world[:, joint] if parent < 0 else world[:, parent].mT @ world[:, joint]
        for joint, parent in enumerate(skeleton.PARENTS)
    ]
    return torch.stack(parts, dim=1)


def _apart(local: torch.Tensor, joints: torch.Tensor) -> tuple[float, float]:
    """Mean and largest angle between the bones of the result and of the positions, in degrees."""
    positions = skeleton.forward_kinematics(local, local.new_zeros(len(local), 3))
    fitted_bones, given_bones = (
        torch.stack([normalize(p[:, end] - p[:, start], dim=-1) for start, end in _BONES]) for p in (positions, joints)
    )
    angles = torch.rad2deg(2 * torch.asin(((fitted_bones - given_bones).norm(dim=-1) / 2).clamp(max=1)))
    return float(angles.mean()), float(angles.max())
