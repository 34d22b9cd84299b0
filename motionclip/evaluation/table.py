"""Measurements and the table that they make: as text, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import RequestError
from ..files.json_file import read_json


@dataclass(frozen=True)
class Measurement:
    """One measured number.

    Attributes:
        group: the heading in the table.
        name: what was measured.
        value: the number in `unit`.
        unit: "%", "mm", …; "" for none.
        low: lower end of the 95 % interval over repeats with other seeds; None for one repeat.
        high: upper end of it.
    """

    group: str
    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None

    def shown(self) -> str:
        """The number with its unit and interval."""
        spread = f" ± {(self.high - self.low) / 2:.2g}" if self.low is not None and self.high is not None else ""
        return (
            f"{self.value:.{0 if abs(self.value) >= 1000 else 1 if abs(self.value) >= 10 else 2}f}{spread} {self.unit}"
        )


def table(models: Mapping[str, Sequence[Measurement]]) -> str:
    """Write figures as text.

    Args:
        models: name → figures.

    Returns:
        A row for each figure under its group, a column for each model.
    """
    columns = {name: {(f.group, f.name): f.shown() for f in figures} for name, figures in models.items()}
    keys = list(dict.fromkeys(key for column in columns.values() for key in column))
    width = max(len(name) for _, name in keys) + 2
    widths = {name: max(len(name), *(len(text) for text in column.values())) + 2 for name, column in columns.items()}
    lines = ["" if len(columns) == 1 else " " * (width + 2) + "".join(name.ljust(widths[name]) for name in columns)]
    group = None
    for key in keys:
        if key[0] != group:
            group = key[0]
            lines += ["", group]
        cells = "".join(column.get(key, "–").ljust(widths[name]) for name, column in columns.items())
        lines.append(f"  {key[1]:{width}}{cells}".rstrip())
    return "\n".join(lines).lstrip("\n")


def as_json(figures: Sequence[Measurement]) -> list[dict[str, object]]:
    """The figures as plain dicts."""
    return [asdict(figure) for figure in figures]


def from_json(path: Path) -> list[Measurement]:
    """Read the figures that `as_json` wrote.

    Args:
        path: the file.

    Returns:
        The figures.

    Raises:
        RequestError: for a file with something else in it.
        OSError: where it can't be opened.
    """
    try:
        return [Measurement(**figure) for figure in read_json(path)]
    except (TypeError, ValueError) as error:
        raise RequestError(f"{path}: must be a list of figures, as `evaluate --json` writes it ({error})") from error
