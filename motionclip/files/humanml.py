"""HumanML3D (Guo et al., CVPR 2022): joints (frames, 22, 3) and 263 features per frame, at 20 frames per second, y up.

A frame's features, in this order, are of a body with the data set's bones, on the floor, in the frame of its smoothed
heading: half the turn of the heading to the next frame; the root's way to the next frame along x and z; its height;
places of 21 joints about the root's ground point (63); rotations of 21 joints as 6D (126); ways of 22 joints to the
next frame (66); whether left ankle, left foot, right ankle and right foot stand still (4).
"""

from __future__ import annotations

import numpy as np
import roma
import torch
from scipy.ndimage import gaussian_filter1d
from torch.nn.functional import normalize

from ..constants import FPS
from ..errors import RequestError
from ..motion import skeleton
from ..motion.motion import Motion

FPS_THERE = 20.0
JOINTS = 22
FEATURES = 263
_J = skeleton.JOINT_INDEX
# Along which axis each bone points in the data set's rest pose, and its length (metres), by joint.
_AXES = torch.tensor([
    [0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0],
    [0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0],
    [0, -1, 0], [0, -1, 0],
], dtype=torch.float64)  # fmt: skip
_LENGTHS = (
    0.0, 0.10307395, 0.10988335, 0.13156825, 0.39362314, 0.39018813, 0.14319026, 0.43243298, 0.42564332, 0.057364706,
    0.14338174, 0.14941867, 0.21936, 0.13748683, 0.14338283, 0.10303927, 0.13161398, 0.1229843, 0.25683984, 0.26309186,
    0.26601186, 0.2698763,
)  # fmt: skip
# The bones in the order of the data set's chains; each chain's first bone is turned against the root.
_CHAINS = ((0, 2, 5, 8, 11), (0, 1, 4, 7, 10), (0, 3, 6, 9, 12, 15), (9, 14, 17, 19, 21), (9, 13, 16, 18, 20))
_FEET = [_J["left_ankle"], _J["left_foot"], _J["right_ankle"], _J["right_foot"]]
# Their code scales paths by the right leg: metres of the SMPL body for one of theirs.
SCALE = float(sum(skeleton.OFFSETS[joint].norm() for joint in (5, 8))) / (_LENGTHS[5] + _LENGTHS[8])
_STILL = 0.002  # square metres: of how far a foot that stands moves in a frame
_OTHER_BONES = 0.5  # of a bone's length, on the average: generated bones are off by less, normalised ones by more
_SMOOTH = 20  # frames, the width of the heading's smoothing


def to_joints(motion: Motion) -> np.ndarray:
    """Take the 22 joints that HumanML3D has, where the motion is.

    Args:
        motion: the motion.

    Returns:
        (frames, 22, 3) float32 in metres, 20 per second.
    """
    return at_twenty(motion).joints()[:, :JOINTS]


def to_features(joints: np.ndarray) -> np.ndarray:
    """Compute HumanML3D's features.

    Args:
        joints: (frames, 22, 3) positions in metres, 20 per second.

    Returns:
        (frames − 1, 263) float32.

    Raises:
        RequestError: for fewer than two frames.
    """
    if len(joints) < 2:
        raise RequestError("HumanML3D's features need two frames at least, at 20 per second")
    positions = _with_their_bones(torch.from_numpy(joints).double())
    positions[..., 1] -= positions[..., 1].min()
    positions = positions - positions[0, 0] * positions.new_tensor([1, 0, 1])
    first = _across(positions[:1], 1.0)
    positions = positions @ _about_y(_heading(first))[0].mT
    # The data set's own code takes the hips the other way round here, which only shoulders wider than hips make up for.
    smooth = gaussian_filter1d(_forward(_across(positions, -1.0)).numpy(), _SMOOTH, axis=0, mode="nearest")
    heading = torch.atan2(torch.from_numpy(smooth[:, 0]), torch.from_numpy(smooth[:, 2]))
    upright = _about_y(-heading)
    half_turn = torch.asin(torch.sin((-heading[1:] + heading[:-1]) / 2))
    ways = positions[1:] - positions[:-1]
    local = (positions - positions[:, :1] * positions.new_tensor([1, 0, 1])) @ upright.mT
    root_ways = (ways[:, 0, None] @ upright[1:].mT)[:, 0]
    still = (ways[:, _FEET].square().sum(-1) < _STILL).double()
    parts = (
        half_turn[:, None], root_ways[:, [0, 2]], local[:-1, 0, 1:2], local[:-1, 1:].flatten(1),
        _six(positions, upright)[:-1].flatten(1), (ways @ upright[:-1].mT).flatten(1), still,
    )  # fmt: skip
    return torch.cat(parts, dim=1).float().numpy()


def from_features(features: np.ndarray) -> np.ndarray:
    """Compute joints from HumanML3D's features, from the origin on.

    Args:
        features: (frames, 263), 20 per second.

    Returns:
        (frames, 22, 3) in metres.
    """
    data = torch.from_numpy(features).double()
    none = data.new_zeros(1)
    heading = 2 * torch.cat([none, data[:-1, 0]]).cumsum(0)
    back = _about_y(-heading)
    ways = torch.zeros(len(data), 3, dtype=data.dtype)
    ways[1:, [0, 2]] = data[:-1, 1:3]
    root = (back @ ways[:, :, None])[..., 0].cumsum(0)
    local = data[:, 4:67].unflatten(1, (21, 3)) @ back.mT + root[:, None]
    root[:, 1] = data[:, 3]
    return torch.cat([root[:, None], local], dim=1).numpy()


def has_their_bones(joints: np.ndarray) -> bool:
    """Say whether bones are about as long as those of HumanML3D's skeleton. They are in all of its features.

    Args:
        joints: (frames, 22, 3) in metres.

    Returns:
        True where the mean difference is below half of a bone's length.
    """
    parents = [skeleton.PARENTS[joint] for joint in range(1, JOINTS)]
    lengths = np.median(np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1), axis=0)
    return float(np.abs(lengths / _LENGTHS[1:] - 1).mean()) < _OTHER_BONES


def at_twenty(motion: Motion) -> Motion:
    """Bring a motion to 20 frames per second.

    Args:
        motion: the motion, 30 per second.

    Returns:
        A motion with these frames; its own rate still says 30.
    """
    return motion.resampled(FPS * FPS / FPS_THERE)


def _with_their_bones(joints: torch.Tensor) -> torch.Tensor:
    """The data set's body with bones that point as these, its path scaled by the right leg of the first frame."""
    thigh, shin = joints[0, 5] - joints[0, 2], joints[0, 8] - joints[0, 5]
    result = torch.empty_like(joints)
    result[:, 0] = joints[:, 0] * ((_LENGTHS[5] + _LENGTHS[8]) / (thigh.norm() + shin.norm()).clamp(min=1e-9))
    for joint in range(1, JOINTS):
        parent = skeleton.PARENTS[joint]
        bone = normalize(joints[:, joint] - joints[:, parent], dim=-1)
        result[:, joint] = result[:, parent] + _LENGTHS[joint] * bone
    return result


def _across(joints: torch.Tensor, hips: float) -> torch.Tensor:
    """(frames, 3) from the left to the right, the hips counted `hips` times."""
    return hips * (joints[:, _J["right_hip"]] - joints[:, _J["left_hip"]]) + (
        joints[:, _J["right_shoulder"]] - joints[:, _J["left_shoulder"]]
    )


def _forward(across: torch.Tensor) -> torch.Tensor:
    """(frames, 3) unit vector, level: up × across."""
    up = torch.tensor([0.0, 1.0, 0.0], dtype=across.dtype)
    return torch.linalg.cross(up.expand_as(across), normalize(across, dim=-1))


def _heading(across: torch.Tensor) -> torch.Tensor:
    """(frames,) angle about y from where the body faces to +z."""
    forward = _forward(across)
    return -torch.atan2(forward[:, 0], forward[:, 2])


def _about_y(angle: torch.Tensor) -> torch.Tensor:
    zero = torch.zeros_like(angle)
    return roma.rotvec_to_rotmat(torch.stack([zero, angle, zero], dim=-1))


def _six(joints: torch.Tensor, upright: torch.Tensor) -> torch.Tensor:
    """(frames, 21, 6): each bone's least turn from its axis at rest, against the bone before; two columns of it."""
    result = torch.empty(len(joints), JOINTS, 3, 3, dtype=joints.dtype)
    for chain in _CHAINS:
        above = upright
        for parent, joint in zip(chain, chain[1:], strict=False):
            bone = normalize(joints[:, joint] - joints[:, parent], dim=-1)
            turn = _least_turn(_AXES[joint].expand_as(bone), bone)
            result[:, joint] = above.mT @ turn
            above = turn
    return result[:, 1:, :, :2].mT.flatten(2)


def _least_turn(start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """(frames, 3, 3): the shortest rotation from one unit vector to another."""
    axis = torch.linalg.cross(start, end)
    quaternion = torch.cat([axis, 1 + (start * end).sum(-1, keepdim=True)], dim=-1)
    return roma.unitquat_to_rotmat(normalize(quaternion, dim=-1))
