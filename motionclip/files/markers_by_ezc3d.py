"""A program of its own: reads a C3D file by ezc3d, and writes markers to its output as npz.

ezc3d is C++, and a damaged file may crash it or keep it busy; so it has a process of its own, which loads nothing else.
"""

from __future__ import annotations

import sys
from typing import Any

import ezc3d
import numpy as np


def main(path: str) -> None:
    """Write points (frames, markers, 3), labels (markers,), rate () and unit (); missing ones are empty, or 0."""
    content = ezc3d.c3d(path)
    point = content["parameters"].get("POINT", {})

    def values(name: str) -> list[Any]:
        return [*np.reshape(point.get(name, {}).get("value", []), -1)]

    np.savez(
        sys.stdout.buffer,
        points=np.asarray(content["data"]["points"], dtype=np.float64)[:3].transpose(2, 1, 0),
        labels=np.array([str(label) for label in values("LABELS")], dtype=str),
        rate=float(next(iter(values("RATE")), 0)),
        unit=next((str(name) for name in values("UNITS")), ""),
    )


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception as error:  # a damaged file makes ezc3d fail in many ways
        sys.exit(str(error)[:200].replace("\n", " "))
