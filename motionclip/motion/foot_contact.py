"""Foot lock and grounding: generated motion is set on the floor, and standing feet don't slide."""

from __future__ import annotations

import numpy as np
import roma
import torch
from scipy.linalg import solveh_banded
from torch.nn import functional

from . import skeleton
from .features import CLEARANCE, HEIGHT, from_features, to_6d

# A foot stands when its ball is within about 6 cm of the floor and slower than the body: a foot that swings is faster.
# Where the body hardly goes, or is very fast, these are the slowest and the fastest limits (metres per frame).
# See docs/experiments.md.
_LOW, _LOW_EDGE = 0.06, 0.01
_SLOWER, _SLOWEST, _FASTEST, _SLOW_EDGE = 0.9, 0.012, 0.045, 0.005
_STEP = 9  # frames over which the body's speed is taken
# A foot swings when it is this many times as fast as the body, and this much faster (metres per frame). How high it
# is then at least.
_SWINGING, _SWING_FLOOR, _SWING_EDGE, _SWING_HEIGHT = 1.4, 0.02, 0.005, 0.03
# What it costs that a standing foot slides, that a foot leaves its path, and that it does so jerkily.
_SLIDE, _STRAY, _JERK = 300.0, 0.15, 10.0
# A pelvis that leans by more than about 60°: its feet carry the body no more; by more than 45°: the body lies.
_UPRIGHT, _LYING, _UPRIGHT_EDGE = 0.5, 0.7, 0.05
# Clearances (metres) below which a body touches the floor, and above which it is in the air as it says: upright, and
# lying, as many recorded bodies lie on mats. How smoothly its height follows.
_TOUCHING, _FLYING, _SETTLE = (0.02, 0.18), (0.05, 0.3), 4.0
_FOLDED, _BENT = 0.1, 0.25  # metres from hip to ankle: of a leg that is folded up, and one that is bent
_HIPS, _KNEES, _ANKLES, _BALLS = (
    tuple(skeleton.JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right"))
    for part in ("hip", "knee", "ankle", "foot")
)
_BALL_HEIGHTS = (skeleton.FEET_REST_HEIGHTS[1], skeleton.FEET_REST_HEIGHTS[3])


def grounded(features: torch.Tensor) -> torch.Tensor:
    """Raise or lower motions as a whole so that their lowest point touches the floor.

    Args:
        features: (..., frames, 149) features.

    Returns:
        Features of the same shape.
    """
    lowest = skeleton.clearance(skeleton.forward_kinematics(*from_features(features))).amin(-1)
    lowered = features.clone()
    lowered[..., HEIGHT:] -= lowest[..., None, None]
    return lowered


def settled(features: torch.Tensor) -> torch.Tensor:
    """Set each frame as high over the floor as its own clearance says: on it, or in the air.

    The height follows smoothly: the shift d minimises Σ|d − target|² + smooth·Σ|Δ²d|².

    Args:
        features: (N, frames, 149) features.

    Returns:
        Features of the same shape.
    """
    rotations, translation = from_features(features)
    lowest = skeleton.clearance(skeleton.forward_kinematics(rotations, translation))
    lying = ((_LYING - rotations[..., 0, 1, 1].abs()) / _UPRIGHT_EDGE).sigmoid()
    touching, flying = (
        torch.lerp(lying.new_tensor(up), lying.new_tensor(down), lying) for up, down in (_TOUCHING, _FLYING)
    )
    target_clearance = features[..., CLEARANCE]
    target_clearance = target_clearance * ((target_clearance - touching) / (flying - touching)).clamp(0, 1)
    shift = _smoothed(target_clearance - lowest)
    settled = features.clone()
    settled[..., HEIGHT] += shift
    settled[..., CLEARANCE] = lowest + shift
    return settled


def _smoothed(targets: torch.Tensor) -> torch.Tensor:
    """(N, frames) → the smooth shifts (N, frames) that `settled` describes."""
    frames = targets.shape[-1]
    if frames < 3:
        return targets
    system = _SETTLE * _bending(frames)
    system[2] += 1
    solution = solveh_banded(system, targets.double().T.cpu().numpy(), check_finite=False)
    return torch.from_numpy(solution.T.copy()).to(targets)


def _bending(frames: int) -> np.ndarray:
    """Σ|Δ²d|² over `frames` as a matrix, by its upper bands as scipy wants them: two above the diagonal, one, it."""
    second = np.ones(frames - 2)
    bands = np.zeros((3, frames))
    bands[0, 2:] = second
    bands[1, 1:] = -2 * (np.pad(second, (0, 1)) + np.pad(second, (1, 0)))
    bands[2] = np.pad(second, (0, 2)) + 4 * np.pad(second, 1) + np.pad(second, (2, 0))
    return bands


def lock_feet(features: torch.Tensor) -> torch.Tensor:
    """Settle motions, and bend the legs so that standing feet stay and swinging feet don't drag over the floor.

    All else is as it was. Feet of a body that lies or hangs upside down stay as they are.

    Each foot's path on the ground is the one that slides least while it stands and else strays little and smoothly from
    what it was: a least-squares problem. The leg follows by analytic two-bone inverse kinematics.

    Args:
        features: (N, frames, 149) features.

    Returns:
        Features of the same shape.
    """
    features = settled(features)
    if features.shape[-2] < 3:
        return features
    rotations, translation = from_features(features)
    world_rotations, positions = skeleton.global_transforms(rotations, translation)
    balls = positions[..., _BALLS, :]
    upright = ((world_rotations[..., 0, 1, 1] - _UPRIGHT) / _UPRIGHT_EDGE).sigmoid()[..., None]
    height = balls[..., 1] - balls.new_tensor(_BALL_HEIGHTS)
    slide, going = balls[..., [0, 2]].diff(dim=1).norm(dim=-1), _going(positions[..., 0, :])
    standing = _standing(height, slide, going) * upright[:, 1:]
    shift = _steadied(balls[..., [0, 2]].transpose(1, 2), standing.transpose(1, 2))
    hips, knees, ankles = positions[..., _HIPS, :], positions[..., _KNEES, :], positions[..., _ANKLES, :]
    moves = torch.zeros_like(ankles)
    moves[..., [0, 2]] = shift.transpose(1, 2)
    moves[..., 1] = _lift(height, slide, going) * upright
    # Beside the hip the smallest move would swing the whole leg round.
    reach = (ankles - hips).norm(dim=-1, keepdim=True)
    targets = ankles + moves * ((reach - _FOLDED) / (_BENT - _FOLDED)).clamp(0, 1)
    aim, bend = _two_bones(hips, knees, ankles, targets, world_rotations[..., _KNEES, :, 0])
    upper, lower = aim @ world_rotations[..., _HIPS, :, :], aim @ bend @ world_rotations[..., _KNEES, :, :]
    leg_rotations = {}
    leg_rotations[_HIPS] = world_rotations[..., [skeleton.PARENTS[hip] for hip in _HIPS], :, :].mT @ upper
    leg_rotations[_KNEES] = upper.mT @ lower
    leg_rotations[_ANKLES] = lower.mT @ world_rotations[..., _ANKLES, :, :]
    result = features.clone()
    for joints, local in leg_rotations.items():
        for number, joint in enumerate(joints):
            result[..., 6 * joint : 6 * joint + 6] = to_6d(local[..., number, :, :])
    return result


def _going(pelvis: torch.Tensor) -> torch.Tensor:
    """(N, frames, 3) → (N, frames − 1, 1) how fast the body goes over the ground, metres per frame, over a third of a
    second."""
    steps = pelvis[..., [0, 2]].diff(dim=1).transpose(1, 2)
    return functional.avg_pool1d(steps, _STEP, 1, _STEP // 2, count_include_pad=False).norm(dim=1)[..., None]


def _standing(height: torch.Tensor, slide: torch.Tensor, going: torch.Tensor) -> torch.Tensor:
    """(N, frames, 2) heights of the balls of the feet over where they rest, (N, frames − 1, 2) how fast they go over
    the ground, and (N, frames − 1, 1) the body → (N, frames − 1, 2) how far each foot stands from one frame to the
    next, 0–1."""
    height = torch.maximum(height[:, 1:], height[:, :-1])
    slow = (_SLOWER * going).clamp(_SLOWEST, _FASTEST)
    return ((_LOW - height) / _LOW_EDGE).sigmoid() * ((slow - slide) / _SLOW_EDGE).sigmoid()


def _lift(height: torch.Tensor, slide: torch.Tensor, going: torch.Tensor) -> torch.Tensor:
    """As for `_standing` → (N, frames, 2) metres by which feet are raised that swing past the body and are too low."""
    swings = ((slide - _SWINGING * going - _SWING_FLOOR) / _SWING_EDGE).sigmoid()
    swings = torch.maximum(functional.pad(swings, (0, 0, 0, 1)), functional.pad(swings, (0, 0, 1, 0)))
    lift = (swings * (_SWING_HEIGHT - height).clamp(min=0)).transpose(1, 2)
    return _smoothed(lift.flatten(0, 1)).unflatten(0, lift.shape[:2]).clamp(min=0).transpose(1, 2)


def _steadied(paths: torch.Tensor, standing: torch.Tensor) -> torch.Tensor:
    """(N, 2, frames, 2) paths on the ground, (N, 2, frames − 1) weights → the (N, 2, frames, 2) shift d that minimises
    slide·Σ standing·|Δ(path + d)|² + stray·Σ|d|² + jerk·Σ|Δ²d|²."""
    frames = paths.shape[-2]
    weights = _SLIDE * standing.double()
    pull = weights[..., None] * paths.double().diff(dim=-2)
    pull = functional.pad(pull, (0, 0, 0, 1)) - functional.pad(pull, (0, 0, 1, 0))  # its divergence
    system = np.tile(_JERK * _bending(frames), (*weights.shape[:2], 1, 1))
    foot_weights = weights.cpu().numpy()
    system[..., 1, 1:] -= foot_weights
    system[..., 2, :] += _STRAY
    system[..., 2, :-1] += foot_weights
    system[..., 2, 1:] += foot_weights
    shift = np.empty(pull.shape)
    for motion, foot in np.ndindex(*shift.shape[:2]):
        shift[motion, foot] = solveh_banded(system[motion, foot], pull[motion, foot].cpu().numpy(), check_finite=False)
    return torch.from_numpy(shift).to(paths)


def _two_bones(
    hip: torch.Tensor, knee: torch.Tensor, ankle: torch.Tensor, target: torch.Tensor, hinge: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(..., 3) positions → the turns (..., 3, 3) of the leg about the hip, and before it of the shin about the knee,
    that bring the ankle to the target, or as near as the leg reaches.

    hinge: the knee's axis for a leg that is straight.
    """
    thigh, shin = knee - hip, ankle - knee
    a, b = thigh.norm(dim=-1), shin.norm(dim=-1)
    # No straighter than it can be, or than it was.
    reach = torch.maximum(0.999 * (a + b), (ankle - hip).norm(dim=-1))
    distance = torch.minimum((target - hip).norm(dim=-1), reach)
    before = ((thigh * shin).sum(-1) / (a * b)).clamp(-1, 1).acos()
    after = ((distance.square() - a.square() - b.square()) / (2 * a * b)).clamp(-1, 1).acos()
    axis = torch.linalg.cross(thigh, shin)
    length = axis.norm(dim=-1, keepdim=True)
    axis = torch.where(length > 1e-4, axis / length.clamp(min=1e-9), hinge)
    bend = roma.rotvec_to_rotmat(axis * (after - before)[..., None])
    leg_direction = functional.normalize(thigh + (bend @ shin[..., None])[..., 0], dim=-1)
    target_direction = functional.normalize(target - hip, dim=-1)
    axis = torch.linalg.cross(leg_direction, target_direction)
    length = axis.norm(dim=-1, keepdim=True)
    angle = torch.atan2(length, (leg_direction * target_direction).sum(-1, keepdim=True))
    return roma.rotvec_to_rotmat(axis / length.clamp(min=1e-9) * angle), bend
