"""The feet of a character that moves as a motion does: on the floor where the motion's are, and no more sliding.

Bones that point as the motion's don't bring feet to its floor where thighs and shins share a leg otherwise. So the root
follows the feet that carry the body, and what is left between the two of them the legs' bend makes up for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import dia_array, diags_array, eye_array
from scipy.sparse.linalg import spsolve
from torch.nn.functional import normalize

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from .rotations import swing

SIDES = ("left", "right")
_J = skeleton.JOINT_INDEX
_SOLES = torch.tensor(skeleton.FEET_REST_HEIGHTS, dtype=torch.float64)
# A foot is down within about 5 cm of the floor; the slower (metres per second) of two that are carries the body.
_LOW, _LOW_EDGE, _SLOW = 0.05, 0.01, 0.3
# What it costs that a foot is not as it should be, and that it is moved jerkily.
_OFF, _JERK = 10.0, 0.1
# What it costs that it is moved at all, up or down and on the ground. For a root, which may go less far than the
# motion's, next to nothing. For a leg so much that limbs stay within 2° of the motion's on average while feet slide
# by less than 1 cm: measured on four characters with 12 motions each.
_ROOT_MOVED, _LEG_MOVED = (1e-9, 1e-9), (3.0, 0.057)
_BENT = 0.05  # the square of the sine of a knee's bend that makes a leg half as stiff as a straight one
_FARTHEST = 0.15  # leg lengths that a foot is moved at most
_STRAIGHT = 0.9995  # of its length, how far a leg reaches


@dataclass(frozen=True)
class Stance:
    """A character's legs at rest, in its own space and unit.

    places: part → (3,), of pelvis, hips, knees and ankles. balls: side → (3,), of the feet. front and up: (3,), where
    it faces, and its head is. heights: (4,) how high left ankle and ball, right ankle and ball are over the soles.
    scale: its units for a metre of the SMPL body.
    """

    places: Mapping[str, torch.Tensor]
    balls: Mapping[str, torch.Tensor]
    front: torch.Tensor
    up: torch.Tensor
    heights: torch.Tensor
    scale: float


@dataclass(frozen=True)
class _Targets:
    """What feet should do, each with its weight: heights, (frames, n), and steps on the ground, (frames − 1, n, 2)."""

    heights: torch.Tensor
    steps: torch.Tensor
    low: torch.Tensor
    down: torch.Tensor

    @classmethod
    def of(cls, feet: torch.Tensor, stance: Stance) -> _Targets:
        """feet: (frames, 4, 3) of the motion, in metres."""
        clearance, steps = feet[..., 1] - _SOLES, feet.diff(dim=0)
        low = torch.sigmoid((_LOW - clearance) / _LOW_EDGE)
        # Of a foot that tilts the lower end counts: feet are of different lengths.
        lowest = clearance.unflatten(1, (2, 2)).amin(dim=-1).repeat_interleave(2, dim=1)
        low = low * torch.exp((lowest - clearance) / _LOW_EDGE)
        slow = 1 / (1 + (steps.norm(dim=-1) * FPS / _SLOW) ** 4)
        heights = stance.scale * clearance + stance.heights
        return cls(heights, stance.scale * steps[..., [0, 2]], low, torch.minimum(low[1:], low[:-1]) * slow)

    def some(self, feet: slice) -> _Targets:
        """The same of some of the feet."""
        return _Targets(self.heights[:, feet], self.steps[:, feet], self.low[:, feet], self.down[:, feet])

    def shift(
        self, points: torch.Tensor, costs: tuple[float, float], stiff: torch.Tensor | float = 1.0
    ) -> torch.Tensor:
        """(frames, n, 3) → (frames, 3), by how much to shift all of them; stiff: (frames, n), whose height counts."""
        steps = self.steps - points.diff(dim=0)[..., [0, 2]]
        x, z = (_smoothest(steps[..., axis], self.down, costs[1], steps=True) for axis in (0, 1))
        return torch.stack([x, _smoothest(self.heights - points[..., 1], self.low * stiff, costs[0]), z], dim=-1)


def set_down(motion: Motion, turns: dict[str, torch.Tensor], stance: Stance) -> torch.Tensor:
    """Where the character's pelvis goes: (frames, 3) in its unit; hips and knees in `turns` are bent where needed.

    turns: part → (frames, 3, 3), how it is turned in the world from where it is at rest.
    """
    joints = torch.from_numpy(motion.joints()).double()
    targets = _Targets.of(joints[:, skeleton.FEET], stance)
    hips = stance.scale * (joints[:, _J["left_hip"]] + joints[:, _J["right_hip"]]) / 2
    higher = (stance.heights - stance.scale * _SOLES).mean()
    middle = (stance.places["left_hip"] + stance.places["right_hip"]) / 2 - stance.places["pelvis"]
    pelvis = hips + higher * hips.new_tensor([0, 1, 0]) - turns["pelvis"] @ middle

    feet = torch.cat([_foot(turns, stance, pelvis, side) for side in SIDES], dim=1)
    pelvis = pelvis + targets.shift(feet, _ROOT_MOVED, _stiffness(turns, stance))
    for number, side in enumerate(SIDES):
        own_targets = targets.some(slice(2 * number, 2 * number + 2))
        _bend(turns, stance, pelvis, side, own_targets.shift(_foot(turns, stance, pelvis, side), _LEG_MOVED))
        if f"{side}_foot" in turns:
            _flatten(turns, stance, side, targets.heights[:, 2 * number + 1] - stance.heights[2 * number + 1])
    return pelvis


def _stiffness(turns: Mapping[str, torch.Tensor], stance: Stance) -> torch.Tensor:
    """(frames, 4): a straight leg has to bend much to be a little shorter, so the root's height is left to it."""
    result = []
    for side in SIDES:
        hip, knee, ankle = (stance.places[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        thigh, shin = turns[f"{side}_hip"] @ normalize(knee - hip, dim=0), turns[f"{side}_knee"] @ (ankle - knee)
        bend = torch.linalg.cross(thigh, normalize(shin, dim=-1)).norm(dim=-1)
        result += 2 * [1 / (_BENT + bend**2)]
    return torch.stack(result, dim=1)


def _smoothest(values: torch.Tensor, weights: torch.Tensor, cost: float, steps: bool = False) -> torch.Tensor:
    """(frames,) numbers d that are near (frames, n) values, or whose steps are near (frames − 1, n), by weight.

    They minimise Σ w·(d − value)², or Σ w·(Δd − value)², plus cost·Σ d² plus a cost of jerks, Σ (Δ²d)².
    """
    frames = len(values) + steps
    weight, pull = _OFF * weights.sum(-1).numpy(), _OFF * (weights * values).sum(-1).numpy()
    system = cost * eye_array(frames, format="csc")
    if not steps:
        system = system + diags_array(weight)
    elif frames > 1:
        first = _differences(frames, [-1.0, 1.0])
        system, pull = system + first.T @ (diags_array(weight) @ first), first.T @ pull
    else:
        pull = np.zeros(1)
    if frames > 2:
        second = _differences(frames, [1.0, -2.0, 1.0])
        system = system + _JERK * (second.T @ second)
    return torch.from_numpy(np.atleast_1d(spsolve(system.tocsc(), pull)))


def _differences(frames: int, bands: list[float]) -> dia_array:
    """What takes first or second differences of `frames` numbers."""
    rows = frames + 1 - len(bands)
    return diags_array([np.full(rows, band) for band in bands], offsets=[*range(len(bands))], shape=(rows, frames))


def _leg(
    turns: Mapping[str, torch.Tensor], stance: Stance, pelvis: torch.Tensor, side: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(frames, 3) of hip, knee and ankle."""
    above, at = "pelvis", [pelvis]
    for part in (f"{side}_hip", f"{side}_knee", f"{side}_ankle"):
        at.append(at[-1] + turns[above] @ (stance.places[part] - stance.places[above]))
        above = part
    return at[1], at[2], at[3]


def _foot(turns: Mapping[str, torch.Tensor], stance: Stance, pelvis: torch.Tensor, side: str) -> torch.Tensor:
    """(frames, 2, 3) of ankle and ball."""
    ankle = _leg(turns, stance, pelvis, side)[2]
    ball = turns[f"{side}_ankle"] @ (stance.balls[side] - stance.places[f"{side}_ankle"])
    return torch.stack([ankle, ankle + ball], dim=1)


def _bend(turns: dict[str, torch.Tensor], stance: Stance, pelvis: torch.Tensor, side: str, shift: torch.Tensor) -> None:
    """Turn hip and knee so that the ankle is (frames, 3) `shift` from where it was, the knee in the leg's own plane."""
    hip, knee, ankle = _leg(turns, stance, pelvis, side)
    upper, lower = (stance.places[f"{side}_{b}"] - stance.places[f"{side}_{a}"] for a, b in (
        ("hip", "knee"), ("knee", "ankle")))  # fmt: skip
    thigh, shin = float(upper.norm()), float(lower.norm())
    size = shift.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    target = ankle + shift * (_FARTHEST * (thigh + shin) / size).clamp(max=1) - hip
    reach = target.norm(dim=-1, keepdim=True).clamp(abs(thigh - shin) + 1e-6, _STRAIGHT * (thigh + shin))
    way = normalize(target, dim=-1)
    # Where a straight leg bends, the knee goes to the front.
    out = knee - hip + 1e-3 * thigh * (turns[f"{side}_hip"] @ stance.front)
    out = normalize(out - (out * way).sum(-1, keepdim=True) * way, dim=-1)
    along = (thigh**2 - shin**2 + reach**2) / (2 * reach)
    thigh_direction = way * along + out * (thigh**2 - along**2).clamp(min=0).sqrt()
    turns[f"{side}_hip"] = swing(turns[f"{side}_hip"], upper, thigh_direction)
    turns[f"{side}_knee"] = swing(turns[f"{side}_knee"], lower, way * reach - thigh_direction)


def _flatten(turns: dict[str, torch.Tensor], stance: Stance, side: str, clearance: torch.Tensor) -> None:
    """Turn toes up that would dig into the floor, where the heel of a standing foot rises and its ball stays.

    clearance: (frames,) of the ball.
    """
    toes, up = turns[f"{side}_foot"], stance.up
    along = stance.balls[side] - stance.places[f"{side}_ankle"]
    along = normalize(along - (along @ up) * up, dim=0)
    way = toes @ along
    down = torch.sigmoid((_LOW - clearance / stance.scale) / _LOW_EDGE) * ((toes @ up)[:, 1] / 0.3).clamp(0, 1)
    level = way - torch.stack([0 * down, down * way[:, 1].clamp(max=0), 0 * down], dim=-1)
    turns[f"{side}_foot"] = swing(toes, along, level)
