"""Which axis of a file points up: by the skeleton at rest, by how bodies move over a floor, or by what is said."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

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
_MAX_FRAMES = 20_000


@dataclass(frozen=True)
class Up:
    """The axis that points up ("y", "-z", …), and how sure that is: a sentence where it was assumed, else ""."""

    axis: str
    assumed: str = ""

    def turn(self) -> torch.Tensor:
        """(3, 3): what turns the file's world so that y points up; left stays left."""
        up = _DIRECTIONS[AXES.index(self.axis)]
        y = _DIRECTIONS[1]
        if self.axis == "-y":
            return torch.diag(torch.tensor([1.0, -1, -1], dtype=torch.float64))
        axis = torch.linalg.cross(up, y)
        cross = torch.zeros(3, 3, dtype=torch.float64)
        cross[0, 1], cross[0, 2], cross[1, 2] = -axis[2], axis[1], -axis[0]
        cross = cross - cross.T
        return torch.eye(3, dtype=torch.float64) + cross + cross @ cross / (1 + up @ y)


def find_up(bodies: torch.Tensor, trunk: torch.Tensor, leg: float, usual: str) -> Up:
    """The axis that points up.

    bodies: (frames, joints, 3), the parts of the body in the file's axes. trunk: (frames, 3), from the ankles to the
    head. leg: its length in the file's unit. usual: the axis that the skeleton at rest or the format names, "" if
    neither does.

    A body that is upright along the usual axis decides for it. One that is not lies, crawls or rolls, or the motion has
    other axes than the skeleton: then the axis is chosen for which the most speaks.
    """
    finite = torch.isfinite(trunk).all(-1)
    steady, bodies = normalize(trunk[finite], dim=-1), bodies[finite]
    mean = steady.mean(0)
    best = int((_DIRECTIONS @ mean).argmax())
    standing = AXES[best] if float(_DIRECTIONS[best] @ mean) > _ON_AVERAGE else ""
    if not usual:
        return Up(standing, "") if standing else Up("y", f"the body stands along no axis: y was taken for up; {_OPEN}")
    axes = {axis: _DIRECTIONS[AXES.index(axis)] for axis in (usual, standing, "y", "z") if axis}
    seen = bodies[:: max(len(bodies) // _MAX_FRAMES, 1)] / leg
    speed = seen.diff(dim=0).norm(dim=-1)
    floor = {axis: _floor_odds(seen @ way, speed) for axis, way in axes.items()}
    upright = {axis: float((steady @ way > _ON_AVERAGE).double().mean()) for axis, way in axes.items()}
    if standing == usual or upright[usual] > _OFTEN:
        # Up a wall, or along a floor? The skeleton at rest decides.
        other = max(floor, key=lambda axis: floor[axis])
        doubt = f"{usual} was taken for up, along which the body is, but the floor may lie across {other}; {_OPEN}"
        return Up(usual, doubt if floor[other] > floor[usual] + _CLEARLY else "")
    odds = {axis: floor[axis] + _STANDING * upright[axis] + _USUAL * (axis == usual) for axis in axes}
    first, second = sorted(odds, key=lambda axis: -odds[axis])[:2]
    if first != usual:
        what = "the body stands along" if upright[first] > _OFTEN else "the floor lies across"
        return Up(first, f"{what} {first}, which was taken for up though {usual} is usual; {_OPEN}")
    lies = f"the body does not stand along {usual}, which was taken for up; it may be {second}: {_OPEN}"
    return Up(usual, lies if odds[first] < odds[second] + _CLEARLY else "")


def _floor_odds(heights: torch.Tensor, speed: torch.Tensor) -> float:
    """How much speaks for a floor at zero, on which the body is and which it touches without sliding.

    heights: (frames, joints), in legs. speed: (frames − 1, joints), in legs per frame.
    """
    lowest = heights.amin(dim=1)
    floor = lowest.quantile(0.1)
    wander = (lowest - floor).abs().quantile(0.9)
    touch = torch.softmax((lowest[:, None] - heights) / 0.05, dim=1)[1:]
    least = 1e-3
    slide = ((touch * speed).sum(1).mean() + least) / (speed.mean() + least) if len(speed) else torch.ones(())
    terms = ((_LEVEL, wander, 2, 0.03), (_AT_ZERO, floor.abs(), 1, 0.05), (_AT_REST, slide, 3, 0.2))
    return -sum(weight * float((value.clamp(max=most) + least).log()) for weight, value, most, least in terms)
