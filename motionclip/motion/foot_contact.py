"""Feet on the floor: generated motion is set down on it, and feet that stand are kept from sliding."""

from __future__ import annotations

import numpy as np
import roma
import torch
from scipy.linalg import solveh_banded
from torch.nn import functional

from . import skeleton
from .features import CLEARANCE, HEIGHT, from_features, to_6d

# A foot stands when its ball is within about 6 cm of the floor and slower than about 1.3 m a second: what is faster
# is meant to move. Chosen on val, with the weights below, for the sliding of real feet (docs/experiments.md).
_LOW, _LOW_EDGE = 0.06, 0.01
_SLOW, _SLOW_EDGE = 0.045, 0.005
# What it costs that a standing foot slides, that a foot leaves its path, and that it does so jerkily.
_SLIDE, _STRAY, _JERK = 300.0, 0.06, 10.0
# A body lies when its pelvis leans by more than about 60°.
_UPRIGHT, _UPRIGHT_EDGE = 0.5, 0.05
# Clearances (metres) below which a body touches the floor, and above which it is in the air as it says; how smoothly
# its height follows.
_TOUCHING, _FLYING, _SETTLE = 0.03, 0.08, 4.0
_HIPS, _KNEES, _ANKLES, _BALLS = (
    tuple(skeleton.JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right"))
    for part in ("hip", "knee", "ankle", "foot")
)
_BALL_HEIGHTS = (skeleton.FEET_REST_HEIGHTS[1], skeleton.FEET_REST_HEIGHTS[3])


def grounded(features: torch.Tensor) -> torch.Tensor:
    """(..., frames, 149), raised or lowered as a whole so that its lowest point touches the floor."""
    lowest = skeleton.clearance(skeleton.forward_kinematics(*from_features(features))).amin(-1)
    lowered = features.clone()
    lowered[..., HEIGHT:] -= lowest[..., None, None]
    return lowered


def settled(features: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149), at each frame as high over the floor as its own clearance says: on it, or in the air.

    The height follows smoothly: the shift d minimises Σ|d − wanted|² + smooth·Σ|Δ²d|².
    """
    lowest = skeleton.clearance(skeleton.forward_kinematics(*from_features(features)))
    said = features[..., CLEARANCE]
    said = said * ((said - _TOUCHING) / (_FLYING - _TOUCHING)).clamp(0, 1)
    shift = _smoothed(said - lowest)
    settled = features.clone()
    settled[..., HEIGHT] += shift
    settled[..., CLEARANCE] = lowest + shift
    return settled


def _smoothed(wanted: torch.Tensor) -> torch.Tensor:
    """(N, frames) → the smooth (N, frames) that `settled` tells of."""
    frames = wanted.shape[-1]
    if frames < 3:
        return wanted
    system = _SETTLE * _bending(frames)
    system[2] += 1
    found = solveh_banded(system, wanted.double().T.cpu().numpy(), check_finite=False)
    return torch.from_numpy(found.T.copy()).to(wanted)


def _bending(frames: int) -> np.ndarray:
    """Σ|Δ²d|² over `frames` as a matrix, by its upper bands as scipy wants them: two above the diagonal, one, it."""
    second = np.ones(frames - 2)
    bands = np.zeros((3, frames))
    bands[0, 2:] = second
    bands[1, 1:] = -2 * (np.pad(second, (0, 1)) + np.pad(second, (1, 0)))
    bands[2] = np.pad(second, (0, 2)) + 4 * np.pad(second, 1) + np.pad(second, (2, 0))
    return bands


def lock_feet(features: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149), settled, and with the legs bent so that standing feet stay where they are; all else is as it
    was. Feet of a body that lies or hangs upside down are left alone.

    Each foot's path on the ground is the one that slides least while it stands and else strays little and smoothly
    from what it was: a least-squares problem. The leg follows by analytic two-bone inverse kinematics.
    """
    features = settled(features)
    if features.shape[-2] < 3:
        return features
    rotations, translation = from_features(features)
    turned, placed = skeleton.global_transforms(rotations, translation)
    balls = placed[..., _BALLS, :]
    shift = _steadied(balls[..., [0, 2]].transpose(1, 2), _standing(balls, turned[..., 0, 1, 1]).transpose(1, 2))
    hips, knees, ankles = placed[..., _HIPS, :], placed[..., _KNEES, :], placed[..., _ANKLES, :]
    there = ankles.clone()
    there[..., [0, 2]] += shift.transpose(1, 2)
    aim, bend = _two_bones(hips, knees, ankles, there, turned[..., _KNEES, :, 0])
    upper, lower = aim @ turned[..., _HIPS, :, :], aim @ bend @ turned[..., _KNEES, :, :]
    bent = {}
    bent[_HIPS] = turned[..., [skeleton.PARENTS[hip] for hip in _HIPS], :, :].mT @ upper
    bent[_KNEES] = upper.mT @ lower
    bent[_ANKLES] = lower.mT @ turned[..., _ANKLES, :, :]
    found = features.clone()
    for joints, local in bent.items():
        for number, joint in enumerate(joints):
            found[..., 6 * joint : 6 * joint + 6] = to_6d(local[..., number, :, :])
    return found


def _standing(balls: torch.Tensor, upright: torch.Tensor) -> torch.Tensor:
    """(N, frames, 2, 3) balls of the feet, (N, frames) the height of a unit vector up the pelvis → (N, frames − 1, 2)
    how far each stands from one frame to the next, 0–1."""
    height = balls[..., 1] - balls.new_tensor(_BALL_HEIGHTS)
    height = torch.maximum(height[:, 1:], height[:, :-1])
    slide = balls[..., [0, 2]].diff(dim=1).norm(dim=-1)
    held = ((_LOW - height) / _LOW_EDGE).sigmoid() * ((_SLOW - slide) / _SLOW_EDGE).sigmoid()
    return held * ((upright[:, 1:, None] - _UPRIGHT) / _UPRIGHT_EDGE).sigmoid()


def _steadied(paths: torch.Tensor, standing: torch.Tensor) -> torch.Tensor:
    """(N, 2, frames, 2) paths on the ground, (N, 2, frames − 1) weights → the (N, 2, frames, 2) shift d that minimises
    slide·Σ standing·|Δ(path + d)|² + stray·Σ|d|² + jerk·Σ|Δ²d|²."""
    frames = paths.shape[-2]
    weights = _SLIDE * standing.double()
    pull = weights[..., None] * paths.double().diff(dim=-2)
    pull = functional.pad(pull, (0, 0, 0, 1)) - functional.pad(pull, (0, 0, 1, 0))  # its divergence
    system = np.tile(_JERK * _bending(frames), (*weights.shape[:2], 1, 1))
    held = weights.cpu().numpy()
    system[..., 1, 1:] -= held
    system[..., 2, :] += _STRAY
    system[..., 2, :-1] += held
    system[..., 2, 1:] += held
    shift = np.empty(pull.shape)
    for motion, foot in np.ndindex(*shift.shape[:2]):
        shift[motion, foot] = solveh_banded(system[motion, foot], pull[motion, foot].cpu().numpy(), check_finite=False)
    return torch.from_numpy(shift).to(paths)


def _two_bones(
    hip: torch.Tensor, knee: torch.Tensor, ankle: torch.Tensor, there: torch.Tensor, hinge: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(..., 3) positions → the turns (..., 3, 3) of the leg about the hip, and before it of the shin about the knee,
    that bring the ankle `there`, or as near as the leg reaches. hinge: the knee's axis for a leg that is straight."""
    thigh, shin = knee - hip, ankle - knee
    a, b = thigh.norm(dim=-1), shin.norm(dim=-1)
    # No straighter than it can be, or than it was.
    reach = torch.maximum(0.999 * (a + b), (ankle - hip).norm(dim=-1))
    distance = torch.minimum((there - hip).norm(dim=-1), reach)
    before = ((thigh * shin).sum(-1) / (a * b)).clamp(-1, 1).acos()
    after = ((distance.square() - a.square() - b.square()) / (2 * a * b)).clamp(-1, 1).acos()
    axis = torch.linalg.cross(thigh, shin)
    length = axis.norm(dim=-1, keepdim=True)
    axis = torch.where(length > 1e-4, axis / length.clamp(min=1e-9), hinge)
    bend = roma.rotvec_to_rotmat(axis * (after - before)[..., None])
    bent = functional.normalize(thigh + (bend @ shin[..., None])[..., 0], dim=-1)
    wanted = functional.normalize(there - hip, dim=-1)
    axis = torch.linalg.cross(bent, wanted)
    length = axis.norm(dim=-1, keepdim=True)
    angle = torch.atan2(length, (bent * wanted).sum(-1, keepdim=True))
    return roma.rotvec_to_rotmat(axis / length.clamp(min=1e-9) * angle), bend
