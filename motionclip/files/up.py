"""Which axis of a file points up: by the skeleton at rest, by how bodies move over a floor, or by an option."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from ..motion.skeleton import JOINT_INDEX

AXES = ("x", "y", "z", "-x", "-y", "-z")
_DIRECTIONS = torch.cat([torch.eye(3), -torch.eye(3)]).double()
_OPEN = "--up overrules"
_ON_AVERAGE = 0.75  # cosine between an axis and the trunk of a body that stands along it
_OFTEN = 0.5  # the share of the frames in which it does
# How much speaks for an axis, as the logarithm of odds: that the lowest joint keeps its height, that this is zero,
# that joints rest where they touch the floor, that the body stands along it, and that it is the usual one. The first
# three were fitted to 490 motions, most of whom never stand.
_LEVEL, _AT_ZERO, _AT_REST, _STANDING, _USUAL = 0.8, 1.6, 1.2, 1.1, 1.5
_CLEARLY = 3.5  # the odds that leave nothing open, as their logarithm
# Who is upright may lie along the axis: how much it speaks against that a foot carries the body, and the least that
# leaves nothing open. 424 motions of people who never stand, laid along the axis, reach 2.3.
_ON_FEET, _SURELY = 5.0, 2.6
# A foot that carries: cosines between the axis and its shin, and itself; how far it is from below the body's middle.
_SHIN, _FOOT, _OFF = -0.6, (-0.75, 0.15), 0.35  # the last in legs
_MAX_FRAMES = 20_000
_SMPL_LEGS = [
    [JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")] for side in ("left", "right")
]


@dataclass(frozen=True)
class Up:
    """The axis that points up, and how certain that is.

    Attributes:
        axis: "y", "-z", …
        assumed: a sentence that says so where the axis was assumed; else "".
    """

    axis: str
    assumed: str = ""

    def turn(self) -> torch.Tensor:
        """(3, 3): the rotation of the file's world after which y points up; left stays left."""
        up, y = _way(self.axis), _way("y")
        if self.axis == "-y":
            return torch.diag(torch.tensor([1.0, -1, -1], dtype=torch.float64))
        axis = torch.linalg.cross(up, y)
        cross = torch.zeros(3, 3, dtype=torch.float64)
        cross[0, 1], cross[0, 2], cross[1, 2] = -axis[2], axis[1], -axis[0]
        cross = cross - cross.T
        return torch.eye(3, dtype=torch.float64) + cross + cross @ cross / (1 + up @ y)


def find_up_of_joints(joints: torch.Tensor, usual: str) -> Up:
    """Find the axis that points up from positions of SMPL's joints.

    Args:
        joints: (frames, 22 or more, 3).
        usual: as for `find_up`.

    Returns:
        The axis, as by `find_up`.
    """
    return find_up(joints, joints[:, JOINT_INDEX["head"]], joints[:, _SMPL_LEGS], usual)


def find_up(bodies: torch.Tensor, head: torch.Tensor, legs: torch.Tensor, usual: str) -> Up:
    """Find the axis that points up.

    A body that is upright along the usual axis decides for it. If its feet do not carry it, and the floor is not clear,
    a note says that the body may lie. A body that is not upright lies, crawls or rolls, or the motion has other axes
    than the skeleton. Then the most probable axis is taken, and a note says so.

    Args:
        bodies: (frames, joints, 3) positions of the parts of the body, in the file's axes.
        head: (frames, 3) position of the head.
        legs: (frames, 2, 4, 3) positions of left and right hip, knee, ankle and ball of the foot. Where the ball is
            unknown, the ankle stands for it.
        usual: the axis that the skeleton at rest or the format has up; "" if neither says it.

    Returns:
        The axis, and the note if there is one.
    """
    body = _Body.of(bodies, head, legs)
    standing = body.standing()
    if not usual:
        if not standing:
            return Up("y", f"the body stands along no axis: y was taken for up; {_OPEN}")
        lies = f"{standing} was taken for up, along which the body is, but it may lie; {_OPEN}"
        return Up(standing, "" if body.on_feet(standing) > _OFTEN else lies)
    floor = {axis: body.floor_odds(axis) for axis in dict.fromkeys((usual, standing or usual, "y", "z"))}
    if standing == usual or body.upright(usual) > _OFTEN:
        # Up a wall, or along a floor? The skeleton at rest decides.
        other = max(floor.keys() - {usual}, key=lambda axis: floor[axis])
        sure = floor[usual] - floor[other] + _ON_FEET * body.on_feet(usual)
        doubt = f"{usual} was taken for up, along which the body is, but the floor may lie across {other}; {_OPEN}"
        return Up(usual, "" if sure > _SURELY else doubt)
    odds = {axis: floor[axis] + _STANDING * body.upright(axis) + _USUAL * (axis == usual) for axis in floor}
    first, second = sorted(odds, key=lambda axis: -odds[axis])[:2]
    if first != usual:
        what = "the body stands along" if body.upright(first) > _OFTEN else "the floor lies across"
        return Up(first, f"{what} {first}, which was taken for up though {usual} is usual; {_OPEN}")
    open_to = f", but it may be {second}" if odds[first] < odds[second] + _CLEARLY else ""
    return Up(usual, f"the body does not stand along {usual}, which was taken for up{open_to}; {_OPEN}")


@dataclass(frozen=True)
class _Body:
    """What tells up: trunk (frames, 3), of length 1; the rest of some frames, in legs.

    places: (frames, joints, 3). speed: (frames − 1, joints), a frame. legs: (frames, 2, 4, 3).
    """

    trunk: torch.Tensor
    places: torch.Tensor
    speed: torch.Tensor
    legs: torch.Tensor

    @classmethod
    def of(cls, bodies: torch.Tensor, head: torch.Tensor, legs: torch.Tensor) -> _Body:
        """From what `find_up` takes."""
        trunk = head - legs[:, :, 2].mean(dim=1)
        finite = torch.isfinite(trunk).all(-1)
        bodies, legs = bodies[finite], legs[finite]
        leg = legs[:, :, :3].diff(dim=2).norm(dim=-1).median(dim=0).values.sum(dim=1).mean()
        every = max(len(bodies) // _MAX_FRAMES, 1)
        places = bodies[::every] / leg
        return cls(normalize(trunk[finite], dim=-1), places, places.diff(dim=0).norm(dim=-1), legs[::every] / leg)

    def standing(self) -> str:
        """The axis along which the body is on the average, "" if it is along none."""
        along = _DIRECTIONS @ self.trunk.mean(0)
        best = int(along.argmax())
        return AXES[best] if float(along[best]) > _ON_AVERAGE else ""

    def upright(self, axis: str) -> float:
        """The share of the frames in which it is along an axis."""
        return float((self.trunk @ _way(axis) > _ON_AVERAGE).double().mean())

    def on_feet(self, axis: str) -> float:
        """The share of the frames in which a foot, across an axis and below its knee, carries the body."""
        way = _way(axis)
        _, knee, ankle, ball = self.legs.unbind(dim=2)
        shin, foot = (normalize(bone, dim=-1) @ way for bone in (ankle - knee, ball - ankle))
        away = self.places.mean(dim=1, keepdim=True) - (ankle + ball) / 2
        off = (away - (away @ way)[..., None] * way).norm(dim=-1)
        carries = (shin < _SHIN) & (foot > _FOOT[0]) & (foot < _FOOT[1]) & (off < _OFF)
        return float(carries.any(dim=1).double().mean())

    def floor_odds(self, axis: str) -> float:
        """How much speaks for a floor across an axis at zero, on which the body is and which it touches unsliding."""
        heights = self.places @ _way(axis)
        lowest = heights.amin(dim=1)
        floor = lowest.quantile(0.1)
        wander = (lowest - floor).abs().quantile(0.9)
        touch = torch.softmax((lowest[:, None] - heights) / 0.05, dim=1)[1:]
        least = 1e-3
        slide = (
            ((touch * self.speed).sum(1).mean() + least) / (self.speed.mean() + least) if len(touch) else torch.ones(())
        )
        terms = ((_LEVEL, wander, 2, 0.03), (_AT_ZERO, floor.abs(), 1, 0.05), (_AT_REST, slide, 3, 0.2))
        return -sum(weight * float((value.clamp(max=most) + least).log()) for weight, value, most, least in terms)


def _way(axis: str) -> torch.Tensor:
    return _DIRECTIONS[AXES.index(axis)]
