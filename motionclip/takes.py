"""Takes: known motions that generation sets out from, whole short clips and stretches of long ones, as windows in a
model's basis."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import torch

from .models.byte_vectors import from_bytes, from_half_bytes, to_bytes, to_half_bytes
from .models.interface import Known
from .models.residual_basis import ResidualBasis

HEADER = "takes"  # of the labels in a bank's file
COARSE = 160  # components that are bytes in a file; the finer ones, whose noise is larger, half bytes


@dataclass(frozen=True)
class TakeLabel:
    """The takes of an action in a style, all of one length.

    Attributes:
        action: what they show.
        style: how; "normal" for no style.
        frames: how long each is.
        starts: the first frame of each of a take's windows.
        first: the row of the first take's first window.
        count: the number of takes.
    """

    action: str
    style: str
    frames: int
    starts: tuple[int, ...]
    first: int
    count: int

    @property
    def rows(self) -> slice:
        """The rows of all its windows in `Takes`."""
        return slice(self.first, self.first + self.count * len(self.starts))


@dataclass(frozen=True)
class Takes:
    """Known motions as windows.

    Attributes:
        coefficients: (windows, components), in the model's basis.
        residuals: (windows, details), in `residual_basis`.
        residual_basis: of what the model's basis leaves out.
        typical: (windows,) bool, whether one by itself shows what its action comes to, as of sitting down the going
            down and not the sitting after it.
        labels: which windows are whose; those of a take lie in order.
        window: the windows' length in frames.
    """

    coefficients: torch.Tensor
    residuals: torch.Tensor
    residual_basis: ResidualBasis
    typical: torch.Tensor
    labels: tuple[TakeLabel, ...]
    window: int

    def known(
        self, label: TakeLabel, count: int, seed: int, frames: int, again: bool, share: float, several: bool = False
    ) -> Known:
        """Choose a take of a label, by the seed in turn, or several.

        What has less time than a take sets out from one typical window.

        Args:
            label: the action and style.
            count: how many motions set out from it.
            seed: whose turn it is.
            frames: the length of the motions to be made.
            again: whether a take may be repeated in a longer motion.
            share: the part of the way from noise to motion that is theirs, 0–1.
            several: whether each of these motions has a take of its own, as far as there are any.

        Returns:
            `count` known motions.
        """
        own = torch.arange(label.rows.start, label.rows.stop)
        if frames >= label.frames:
            starts, takes = label.starts, own.unflatten(0, (label.count, -1))
        else:
            starts, takes = (0,), own[self.typical[own]][:, None]
        rows = takes[(seed + torch.arange(count) * several) % len(takes)]
        residuals = self.residual_basis.expand(self.residuals[rows])
        return Known(self.coefficients[rows], residuals, starts, torch.full((count,), again), share)

    def missing(self, labels: Collection[tuple[str, str]]) -> tuple[str, str] | None:
        """Find an action and style that has no take with a typical window.

        Args:
            labels: actions with their styles.

        Returns:
            The first such pair in the order of names, or None.
        """
        there = {(label.action, label.style) for label in self.labels if self.typical[label.rows].any()}
        return min(set(labels) - there, default=None)

    def stored(self) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
        """Pack them for a bank's file.

        Returns:
            The tensors by name, and the entry of the header.
        """
        tensors = to_bytes("takes", self.coefficients[:, :COARSE]) | to_bytes("takes.residuals", self.residuals)
        if self.coefficients.shape[1] > COARSE:
            tensors |= to_half_bytes("takes.fine", self.coefficients[:, COARSE:])
        tensors |= to_bytes("takes.residual_basis", self.residual_basis.directions) | {"takes.typical": self.typical}
        rows = [[label.action, label.style, label.frames, label.starts, label.count] for label in self.labels]
        return tensors, {HEADER: json.dumps([self.window, rows], separators=(",", ":"))}

    @classmethod
    def read(cls, file: Any, header: dict[str, str]) -> Takes:
        """Read takes from an open bank's file.

        Args:
            file: an open safetensors file.
            header: its metadata.

        Returns:
            The takes.

        Raises:
            KeyError: for a header without takes.
            SafetensorError: where a tensor is missing.
            TypeError: for labels of another form.
            ValueError: for labels of another form, or other windows than they say.
        """
        window, rows = json.loads(header[HEADER])
        labels: list[TakeLabel] = []
        first = 0
        for action, style, frames, starts, count in rows:
            labels.append(TakeLabel(action, style, frames, tuple(starts), first, count))
            first += len(starts) * count
        coefficients, residuals = from_bytes("takes", file), from_bytes("takes.residuals", file)
        typical = file.get_tensor("takes.typical")
        for name, tensor in (("takes", coefficients), ("takes.residuals", residuals), ("takes.typical", typical)):
            if len(tensor) != first:
                raise ValueError(f"{name}: {len(tensor)} windows where the labels have {first}")
        if "takes.fine" in file.keys():  # noqa: SIM118
            coefficients = torch.cat([coefficients, from_half_bytes("takes.fine", file)], dim=1)
        return cls(
            coefficients,
            residuals,
            ResidualBasis(from_bytes("takes.residual_basis", file), window),
            typical,
            tuple(labels),
            window,
        )
