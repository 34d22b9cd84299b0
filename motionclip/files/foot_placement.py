"""The feet of a character that moves as a motion does: on the floor where the motion's are, and no more sliding.

Bones that point as the motion's don't bring feet to its floor where hips are wider, or thighs and shins share a leg
otherwise. So the pelvis is moved, and it and the legs are turned, as little and as smoothly as can be: one problem of
least squares over all frames. Where the heel or the tip of a tilted foot would dip into the floor, the foot is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import roma
import torch
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from torch.nn.functional import normalize

from ..constants import FPS
from ..motion import skeleton
from ..motion.motion import Motion
from ..progress import each
from .rotations import swing

SIDES = ("left", "right")
_J = skeleton.JOINT_INDEX
_SOLES = torch.tensor(skeleton.FEET_REST_HEIGHTS, dtype=torch.float64)
# A foot is low within about 5 cm of the floor. It stands within 1.5 cm, the surer the slower it is (metres per second).
_LOW, _LOW_EDGE = 0.05, 0.01
_NEAR, _NEAR_EDGE, _SLOW = 0.015, 0.003, 0.3
# The mesh of a foot may be so deep in the floor (metres). From the second on, what a foot is raised by counts in full.
_DEEP, _FULLY = 0.004, 0.01
# What is found for each frame: the pelvis's shift in metres of the SMPL body, and from these places on the rotation
# vectors by which parts are turned in the world.
_TURNED = {"pelvis": 3, "left_hip": 6, "left_knee": 9, "right_hip": 12, "right_knee": 15}
_UNKNOWNS = 18
# What it costs, by the square of metres and radians: that a foot is off its height, that it slides, and that what is
# found changes jerkily; that the pelvis is moved or turned, and that limbs are turned.
_HEIGHT, _SLIDE, _JERK = 1e3, 2e5, 0.5
_COSTS = torch.tensor(3 * [1e-6] + 3 * [0.2] + 12 * [1.0], dtype=torch.float64)
_ROUNDS = 3  # the last one changes angles by less than 0.01°
_STRETCH, _OVERLAP = 3000, 300  # frames that are solved at once, and how many of them pass from one to the next


@dataclass(frozen=True)
class Stance:
    """A character's legs at rest, in its own space and unit.

    Attributes:
        places: part → (3,), of pelvis, hips, knees and ankles.
        balls: side → (3,), the balls of the feet.
        up: (3,), the direction to its head.
        heights: (4,), the heights of left ankle and ball, right ankle and ball over the soles when these are
            level.
        levels: side → (3, 3), the turn that levels the foot from its rest.
        hulls: side → (n, 3) corners of the mesh of the foot without toes, from the ankle, and (m, 3) of that of the
            toes, from the ball.
        scale: its units for one metre of the SMPL body.
    """

    places: Mapping[str, torch.Tensor]
    balls: Mapping[str, torch.Tensor]
    up: torch.Tensor
    heights: torch.Tensor
    levels: Mapping[str, torch.Tensor]
    hulls: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
    scale: float


@dataclass(frozen=True)
class _Targets:
    """What feet should do, in metres, each with its weight.

    clearance: (frames, 4) of ankles and balls over where they are on the floor, and heights. low: (frames, 4). steps:
    (frames − 1, 4, 2) on the ground. stands: (frames − 1, 4).
    """

    clearance: torch.Tensor
    heights: torch.Tensor
    low: torch.Tensor
    steps: torch.Tensor
    stands: torch.Tensor

    @classmethod
    def of(cls, feet: torch.Tensor, below: torch.Tensor, stance: Stance) -> _Targets:
        """feet: (frames, 4, 3) of the motion. below: (frames, 4), how far the mesh of the foot reaches below each."""
        clearance, steps = feet[..., 1] - _SOLES, feet.diff(dim=0)[..., [0, 2]]
        low = torch.sigmoid((_LOW - clearance) / _LOW_EDGE)
        # Of a foot that tilts the lower end counts: feet are of different lengths.
        lowest = clearance.unflatten(1, (2, 2)).amin(dim=-1).repeat_interleave(2, dim=1)
        shares = torch.exp((lowest - clearance) / _LOW_EDGE)
        heights = clearance + stance.heights / stance.scale
        raised = _raised(heights, below, shares, lowest)
        low = torch.maximum(low, (raised / _FULLY).clamp(max=1)) * shares
        near = low * torch.sigmoid((_NEAR - clearance) / _NEAR_EDGE)
        slow = 1 / (1 + (feet.diff(dim=0).norm(dim=-1) * FPS / _SLOW) ** 4)
        return cls(clearance, heights + raised, low, steps, torch.minimum(near[1:], near[:-1]) * slow)


def set_down(motion: Motion, turns: dict[str, torch.Tensor], stance: Stance) -> torch.Tensor:
    """Place the pelvis so that the feet stand where the motion's do; pelvis, hips and knees are turned a little for it.

    Args:
        motion: the motion.
        turns: part → (frames, 3, 3), its turn in the world from rest. It is changed in place.
        stance: the character's legs.

    Returns:
        (frames, 3) positions of the pelvis in the character's unit.
    """
    joints = torch.from_numpy(motion.joints()).double()
    feet = joints[:, skeleton.FEET]
    hips = (joints[:, _J["left_hip"]] + joints[:, _J["right_hip"]]) / 2
    higher = (stance.heights / stance.scale - _SOLES).mean()
    middle = (stance.places["left_hip"] + stance.places["right_hip"]) / 2 - stance.places["pelvis"]
    pelvis = hips + higher * hips.new_tensor([0, 1, 0]) - turns["pelvis"] @ middle / stance.scale

    for side, ball in (("left", 1), ("right", 3)):
        if f"{side}_foot" in turns:
            _flatten(turns, stance, side, feet[:, ball, 1] - _SOLES[ball])
    change = torch.zeros(len(pelvis), _UNKNOWNS, dtype=torch.float64)
    for start in each(range(0, len(pelvis), _STRETCH), "setting the feet down"):
        stretch = slice(max(start - _OVERLAP, 0), start + _STRETCH)
        part_turns = {part: turn[stretch] for part, turn in turns.items()}
        below = torch.cat([_below(part_turns, stance, side) for side in SIDES], dim=1)
        legs = _Legs(part_turns, stance, pelvis[stretch])
        found = _changed(legs, _Targets.of(feet[stretch], below, stance))
        passed = torch.ones(len(found), 1, dtype=torch.float64)
        passed[: start - stretch.start, 0] = torch.linspace(0, 1, start - stretch.start)
        change[stretch] = torch.lerp(change[stretch], found, passed)
    turns |= _turned(turns, change)
    return (pelvis + change[:, :3]) * stance.scale


def _below(turns: Mapping[str, torch.Tensor], stance: Stance, side: str) -> torch.Tensor:
    """(frames, 2), how far a foot's mesh reaches below its ankle and below its ball, in metres."""
    ankle = turns[f"{side}_ankle"][:, 1]
    toes = turns[f"{side}_foot"][:, 1] if f"{side}_foot" in turns else ankle
    rear, front = stance.hulls[side]
    ball = ankle @ (stance.balls[side] - stance.places[f"{side}_ankle"])
    heights = torch.cat([ankle @ rear.T, ball[:, None] + toes @ front.T], dim=1)
    return (torch.stack([torch.zeros_like(ball), ball], dim=1) - heights.amin(dim=1, keepdim=True)) / stance.scale


def _raised(heights: torch.Tensor, below: torch.Tensor, shares: torch.Tensor, lowest: torch.Tensor) -> torch.Tensor:
    """How much each foot has to be higher for its mesh not to dip into the floor, or no deeper than the motion's does.

    Args:
        heights: (frames, 4) of ankles and balls.
        below: (frames, 4), how far the mesh of the foot reaches below each.
        shares: (frames, 4), how much each end of the foot counts.
        lowest: (frames, 4), the clearance of the motion's foot.

    Returns:
        (frames, 4), the same for both ends of a foot.
    """
    bottom = _of_legs(shares * (heights - below)) / _of_legs(shares)
    dip = (lowest[:, ::2].clamp(max=-_DEEP) - bottom).clamp(min=0)
    # It begins a frame before the dip and ends one after, so the smooth curve isn't below the dip either.
    reached = maximum_filter1d(dip.numpy(), 3, axis=0, mode="nearest")
    smooth = gaussian_filter1d(reached, 1, axis=0, mode="nearest", radius=1)
    return torch.from_numpy(smooth).repeat_interleave(2, dim=1)


class _Legs:
    """Where ankles and balls are, in metres of the SMPL body."""

    def __init__(self, turns: Mapping[str, torch.Tensor], stance: Stance, pelvis: torch.Tensor) -> None:
        self._turns = turns
        self._pelvis = pelvis
        self._bones, self._feet = {}, {}
        for side in SIDES:
            places = [stance.places[part] for part in ("pelvis", *(f"{side}_{p}" for p in ("hip", "knee", "ankle")))]
            self._bones[side] = [(b - a) / stance.scale for a, b in zip(places, places[1:], strict=False)]
            self._feet[side] = (stance.balls[side] - places[-1]) / stance.scale

    def feet(self, change: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(frames, 4, 3) places, and (frames, 2, 3, unknowns), what those of either leg change by."""
        turns = _turned(self._turns, change)
        points, slopes = [], []
        for side in SIDES:
            at = self._pelvis + change[:, :3]
            slope = torch.zeros(len(at), 3, _UNKNOWNS, dtype=torch.float64)
            slope[:, :, :3] = torch.eye(3, dtype=torch.float64)
            for part, bone in zip(("pelvis", f"{side}_hip", f"{side}_knee"), self._bones[side], strict=True):
                way, place = turns[part] @ bone, _TURNED[part]
                at = at + way
                slope[:, :, place : place + 3] = _crossed(way)
            points += [at, at + self._turns[f"{side}_ankle"] @ self._feet[side]]
            slopes.append(slope)
        return torch.stack(points, dim=1), torch.stack(slopes, dim=1)


def _turned(turns: Mapping[str, torch.Tensor], change: torch.Tensor) -> dict[str, torch.Tensor]:
    """Part → (frames, 3, 3), those that (frames, unknowns) change turns."""
    return {part: roma.rotvec_to_rotmat(change[:, at : at + 3]) @ turns[part] for part, at in _TURNED.items()}


def _of_legs(values: torch.Tensor) -> torch.Tensor:
    """(frames, 4, ...) of ankles and balls → (frames, 2, ...) of legs."""
    return values.unflatten(1, (2, 2)).sum(dim=2)


def _changed(legs: _Legs, targets: _Targets) -> torch.Tensor:
    """(frames, unknowns), with which feet do what they should at the least cost."""
    change = torch.zeros(len(targets.low), _UNKNOWNS, dtype=torch.float64)
    for _ in range(_ROUNDS):
        change = change + _step(legs, targets, change)
    return change


def _crossed(vectors: torch.Tensor) -> torch.Tensor:
    """(n, 3) → (n, 3, 3), by what a small rotation vector moves them."""
    x, y, z = vectors.unbind(-1)
    none = torch.zeros_like(x)
    return torch.stack([none, z, -y, -z, none, x, y, -x, none], dim=-1).unflatten(-1, (3, 3))


def _step(legs: _Legs, targets: _Targets, change: torch.Tensor) -> torch.Tensor:
    """(frames, unknowns): a Gauss-Newton step."""
    frames = len(change)
    feet, slopes = legs.feet(change)
    # Blocks of the normal equations: frames by themselves, with the next, and with the one after that.
    blocks = torch.zeros(3, frames, _UNKNOWNS, _UNKNOWNS, dtype=torch.float64)
    same, following, later = blocks
    same += torch.diag(_COSTS)
    pull = -_COSTS * change

    up, off = slopes[:, :, 1], _HEIGHT * targets.low * (targets.heights - feet[..., 1])
    same += torch.einsum("fk,fki,fkj->fij", _of_legs(_HEIGHT * targets.low), up, up)
    pull += torch.einsum("fk,fki->fi", _of_legs(off), up)

    here, there = slopes[:-1, :, [0, 2]], slopes[1:, :, [0, 2]]
    weight, stands = _of_legs(_SLIDE * targets.stands), _SLIDE * targets.stands[..., None]
    same[:-1] += torch.einsum("fk,fkai,fkaj->fij", weight, here, here)
    same[1:] += torch.einsum("fk,fkai,fkaj->fij", weight, there, there)
    following[:-1] -= torch.einsum("fk,fkai,fkaj->fij", weight, here, there)
    short = _of_legs(stands * (targets.steps - feet[..., [0, 2]].diff(dim=0)))
    pull[:-1] -= torch.einsum("fka,fkai->fi", short, here)
    pull[1:] += torch.einsum("fka,fkai->fi", short, there)

    shares, each = (1.0, -2.0, 1.0), _JERK * torch.eye(_UNKNOWNS, dtype=torch.float64)
    bend = change[2:] - 2 * change[1:-1] + change[:-2]
    for first, one in enumerate(shares[: len(bend) and 3]):
        pull[first : first + len(bend)] -= _JERK * one * bend
        for second, other in enumerate(shares[first:]):
            blocks[second, first : first + len(bend)] += one * other * each
    return _solved(blocks, pull)


def _solved(blocks: torch.Tensor, pull: torch.Tensor) -> torch.Tensor:
    """Solve the symmetric system with (3, frames, n, n) blocks on and above the diagonal for (frames, n) pull."""
    _, frames, size, _ = blocks.shape
    bands = np.zeros((3 * size, frames * size))  # the diagonal is the last, as LAPACK has it
    for block, row, column in np.ndindex(3, size, size):
        above = block * size + column - row
        if above >= 0 and block < frames:
            bands[3 * size - 1 - above, block * size + column :: size] = blocks[block, : frames - block, row, column]
    return torch.from_numpy(solveh_banded(bands, pull.numpy().reshape(-1))).reshape(frames, size)


def _flatten(turns: dict[str, torch.Tensor], stance: Stance, side: str, clearance: torch.Tensor) -> None:
    """Turn toes up that would dig into the floor, where the heel of a standing foot rises and its ball stays.

    clearance: (frames,) of the ball, in metres.
    """
    toes, up = turns[f"{side}_foot"], stance.up @ stance.levels[side]
    along = stance.balls[side] - stance.places[f"{side}_ankle"]
    along = normalize(along - (along @ up) * up, dim=0)
    way = toes @ along
    down = torch.sigmoid((_LOW - clearance) / _LOW_EDGE) * ((toes @ up)[:, 1] / 0.3).clamp(0, 1)
    level = way - torch.stack([0 * down, down * way[:, 1].clamp(max=0), 0 * down], dim=-1)
    turns[f"{side}_foot"] = swing(toes, along, level)
