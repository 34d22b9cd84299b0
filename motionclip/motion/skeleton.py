"""The SMPL body's 24 joints: names, parents, rest bones, left-right mirror, forward kinematics."""

from __future__ import annotations

import torch

JOINT_NAMES = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hand", "right_hand",
)  # fmt: skip
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
NUM_JOINTS = len(JOINT_NAMES)
JOINT_INDEX = {name: index for index, name in enumerate(JOINT_NAMES)}

# Joint positions in the rest pose, metres, y up, facing +z, the body's left at +x: the neutral SMPL-X
# shape as the mannequin-x package (Apache-2.0) gives it, where the hand joint lies at the wrist.
REST_JOINTS = torch.tensor([
    [0.00312, -0.35141, 0.01204], [0.06131, -0.44417, -0.01396], [-0.06014, -0.45532, -0.00921],
    [0.00036, -0.24152, -0.01558], [0.11601, -0.82292, -0.02336], [-0.10435, -0.81770, -0.02604],
    [0.00981, -0.10966, -0.02152], [0.07255, -1.22598, -0.05524], [-0.08894, -1.22842, -0.04623],
    [-0.00152, -0.05743, 0.00693], [0.11981, -1.28398, 0.06298], [-0.12775, -1.28675, 0.07282],
    [-0.01369, 0.10774, -0.02469], [0.04484, 0.02752, -0.00029], [-0.04922, 0.02691, -0.00647],
    [0.01110, 0.26819, -0.00395], [0.16408, 0.08524, -0.01576], [-0.15179, 0.08043, -0.01914],
    [0.41820, 0.01309, -0.05821], [-0.42294, 0.04394, -0.04561], [0.67019, 0.03631, -0.06069],
    [-0.67221, 0.03941, -0.06093], [0.67019, 0.03631, -0.06069], [-0.67221, 0.03941, -0.06093],
])  # fmt: skip
OFFSETS = REST_JOINTS - REST_JOINTS[[max(parent, 0) for parent in PARENTS]]

MIRROR = tuple(
    JOINT_INDEX[name.replace("left", "*").replace("right", "left").replace("*", "right")] for name in JOINT_NAMES
)
ANKLES = [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]
FEET = tuple(JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot"))
# How far from each joint the body's surface lies: its height over the floor where the body rests on it (metres). Of
# ankles and feet, with the sole flat.
RADII = (
    0.11, 0.09, 0.09, 0.10, 0.055, 0.055, 0.10, 0.076, 0.073, 0.11, 0.018, 0.015,
    0.07, 0.08, 0.08, 0.10, 0.07, 0.07, 0.045, 0.045, 0.03, 0.03, 0.03, 0.03,
)  # fmt: skip
FEET_REST_HEIGHTS = tuple(RADII[foot] for foot in FEET)


def global_transforms(rotations: torch.Tensor, translation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn and place the joints in the world.

    Args:
        rotations: (..., 24, 3, 3) rotation of each joint relative to its parent, the pelvis's to the world.
        translation: (..., 3) position of the pelvis in metres.

    Returns:
        (..., 24, 3, 3) rotations to the world, and (..., 24, 3) positions in metres.
    """
    offsets = OFFSETS.to(rotations)
    world_rotations, positions = [rotations[..., 0, :, :]], [translation]
    for joint in range(1, NUM_JOINTS):
        parent = PARENTS[joint]
        positions.append(positions[parent] + world_rotations[parent] @ offsets[joint])
        world_rotations.append(world_rotations[parent] @ rotations[..., joint, :, :])
    return torch.stack(world_rotations, dim=-3), torch.stack(positions, dim=-2)


def forward_kinematics(rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    """Place the joints in the world.

    Args:
        rotations: (..., 24, 3, 3) rotation of each joint relative to its parent, the pelvis's to the world.
        translation: (..., 3) position of the pelvis in metres.

    Returns:
        (..., 24, 3) positions in metres.
    """
    return global_transforms(rotations, translation)[1]


def clearance(positions: torch.Tensor) -> torch.Tensor:
    """Measure how high bodies are over the floor.

    Args:
        positions: (..., 24, 3) joint positions in metres.

    Returns:
        (...) metres of the body's lowest point over the floor.
    """
    return (positions[..., 1] - positions.new_tensor(RADII)).amin(dim=-1)
