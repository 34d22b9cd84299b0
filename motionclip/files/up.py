"""Which axis of a file points up: by the skeleton at rest, by how bodies move over a floor, or by what is said."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

AXES = ("x", "y", "z", "-x", "-y", "-z")
_DIRECTIONS = torch.cat([torch.eye(3), -torch.eye(3)]).double()
_OPEN = "--up overrules"
_ON_AVERAGE = 0.75  # cosine between an axis and the trunk of a body that stands along it
_OFTEN, _SOMETIMES = 0.5, 0.1  # shares of the frames in which it does
_CLEARLY = 0.5  # by how much an axis fits a floor better
_MOVING = 1.0  # what only a body that also moves along the other axis, and not one that is off zero, differs by


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
    other axes than the skeleton: then the axis is chosen along which the body keeps to a floor.
    """
    steady = normalize(trunk[torch.isfinite(trunk).all(-1)], dim=-1)
    mean = steady.mean(0)
    best = int((_DIRECTIONS @ mean).argmax())
    standing = AXES[best] if float(_DIRECTIONS[best] @ mean) > _ON_AVERAGE else ""
    if not usual:
        return Up(standing, "") if standing else Up("y", f"the body stands along no axis: y was taken for up; {_OPEN}")
    upright = float((steady @ _DIRECTIONS[AXES.index(usual)] > _ON_AVERAGE).double().mean())
    off = {axis: _off_the_floor(bodies, axis, leg) for axis in (usual, standing, "y", "z") if axis}
    floor = min(off, key=lambda axis: off[axis])
    clear = off[floor] < off[usual] - _CLEARLY
    if standing == usual or upright > _OFTEN:
        # Up a wall, or along a floor? The skeleton at rest decides.
        doubt = f"{usual} was taken for up, along which the body is, but the floor may lie across {floor}; {_OPEN}"
        return Up(usual, doubt if off[floor] < off[usual] - _MOVING else "")
    if clear:
        return Up(floor, f"the floor lies across {floor}, which was taken for up though {usual} is usual; {_OPEN}")
    if not standing or upright > _SOMETIMES:
        return Up(usual)
    if off[standing] < off[usual] or off[standing] == off[usual] > 0.5:
        said = f"the body stands along {standing}, which was taken for up though {usual} is usual; {_OPEN}"
        return Up(standing, said)
    return Up(usual, f"the body lies along {standing}; {usual} was taken for up; {_OPEN}")


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
