"""Which axis of a file points up: by the skeleton at rest, by how bodies move over a floor, or by what is said."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

AXES = ("x", "y", "z", "-x", "-y", "-z")
_DIRECTIONS = torch.cat([torch.eye(3), -torch.eye(3)]).double()
_ON_AVERAGE = 0.75  # the same for bodies in motion, whose mean leans


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

    A body that is upright along the usual axis decides for it. One that is not lies down, or the motion has other
    axes than the skeleton: then the axis is chosen along which the body keeps to a floor.
    """
    steady = trunk[torch.isfinite(trunk).all(-1)]
    mean = normalize(steady, dim=-1).mean(0)
    best = int((_DIRECTIONS @ mean).argmax())
    standing = AXES[best] if float(_DIRECTIONS[best] @ mean) > _ON_AVERAGE else ""
    if not usual:
        return Up(standing, "") if standing else Up("y", "the body stands along no axis: y was taken for up")
    if not standing or standing == usual:
        return Up(usual)
    upright = (normalize(steady, dim=-1) @ _DIRECTIONS[AXES.index(usual)] > _ON_AVERAGE).double().mean()
    if float(upright) > 0.1:
        return Up(usual)
    off, usually_off = (_off_the_floor(bodies, axis, leg) for axis in (standing, usual))
    if off < usually_off or off == usually_off > 0.5:
        return Up(standing, f"the body stands along {standing}, which was taken for up though {usual} is usual")
    return Up(usual, f"the body lies along {standing}; {usual} was taken for up")


def _off_the_floor(bodies: torch.Tensor, axis: str, leg: float) -> float:
    """How little the file's coordinates look like a floor at zero on which the body is: 0 for one that fits.

    The lowest joint should be near zero, and should stay at the floor over time.
    """
    heights = bodies @ _DIRECTIONS[AXES.index(axis)]
    lowest = heights.amin(dim=1) / leg
    if len(lowest) > 20_000:
        lowest = lowest[:: len(lowest) // 20_000]
    floor = lowest.quantile(0.1)
    wander = (lowest - floor).abs().quantile(0.9)
    return float((floor.abs() - 0.15).clamp(0, 1) + 2 * (wander - 0.1).clamp(0, 1))
