"""VRM animations (.vrma, VRMC_vrm_animation 1.0): a humanoid in a T-pose, y up, facing +z, metres, that moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from .gltf import Arrays, Json, packed
from .positions import local_of
from .rotations import swing

_J = skeleton.JOINT_INDEX
_HUMAN_BONES = {
    "pelvis": "hips", "spine1": "spine", "spine2": "chest", "spine3": "upperChest", "neck": "neck", "head": "head",
    **{f"{side}_{ours}": f"{side}{theirs}" for side in ("left", "right") for ours, theirs in (
        ("hip", "UpperLeg"), ("knee", "LowerLeg"), ("ankle", "Foot"), ("foot", "Toes"), ("collar", "Shoulder"),
        ("shoulder", "UpperArm"), ("elbow", "LowerArm"), ("wrist", "Hand"))},
}  # fmt: skip
_BONES = [*_HUMAN_BONES]
_ABOVE = {bone: skeleton.JOINT_NAMES[skeleton.PARENTS[_J[bone]]] for bone in _BONES[1:]}
# Bones that a T-pose holds straight, which they are not quite in the SMPL body at rest: joint → the next, direction.
_STRAIGHT = {
    **{f"{side}_{a}": (f"{side}_{b}", (0.0, -1.0, 0.0)) for side in ("left", "right")
       for a, b in (("hip", "knee"), ("knee", "ankle"))},
    **{f"{side}_{a}": (f"{side}_{b}", (sign, 0.0, 0.0)) for side, sign in (("left", 1.0), ("right", -1.0))
       for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))},
}  # fmt: skip


def save(motion: Motion, path: Path) -> None:
    """Write the rotations of 22 joints, and the path of the hips.

    Args:
        motion: the motion.
        path: the file.

    Raises:
        OSError: where it can't be written.
    """
    offsets, straight = _t_pose()
    world = skeleton.global_transforms(motion.rotations().double(), torch.zeros(len(motion), 3).double())[0]
    local = local_of(world @ straight)
    quaternions = roma.rotmat_to_unitquat(local).numpy()
    feet = offsets[[_J["left_hip"], _J["left_knee"], _J["left_ankle"]], 1].sum() - skeleton.FEET_REST_HEIGHTS[0]
    hips = [0.0, -float(feet), 0.0]
    nodes: list[Json] = [
        {"name": _HUMAN_BONES[bone], "translation": offsets[_J[bone]].tolist() if number else hips}
        for number, bone in enumerate(_BONES)
    ]
    for bone, above in _ABOVE.items():
        nodes[_BONES.index(above)].setdefault("children", []).append(_BONES.index(bone))
    arrays = Arrays()
    tracks = [(number, "rotation", quaternions[:, _J[bone]]) for number, bone in enumerate(_BONES)]
    tracks.append((0, "translation", motion.translation))
    animation = arrays.animation(motion.name or "motion", np.arange(len(motion)) / FPS, tracks)
    human = {bone: {"node": number} for number, bone in enumerate(_HUMAN_BONES.values())}
    document = {
        "asset": {"version": "2.0", "generator": "MotionCLIP for everyone"},
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": {"specVersion": "1.0", "humanoid": {"humanBones": human}}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "animations": [animation],
        "accessors": arrays.accessors,
        "bufferViews": arrays.views,
        "buffers": [{"byteLength": arrays.size}],
    }
    path.write_bytes(packed(document, arrays))


def _t_pose() -> tuple[torch.Tensor, torch.Tensor]:
    """(24, 3) offsets of the body in a straight T-pose, and (24, 3, 3) what turns each joint from there to rest."""
    offsets = skeleton.OFFSETS.double().clone()
    straight = torch.eye(3, dtype=torch.float64).repeat(skeleton.NUM_JOINTS, 1, 1)
    for joint, (end, way) in _STRAIGHT.items():
        bone, direction = offsets[_J[end]].clone(), torch.tensor(way, dtype=torch.float64)
        straight[_J[joint]] = swing(straight[_J[joint]][None], direction, bone[None])[0]
        offsets[_J[end]] = direction * bone.norm()
    return offsets, straight
