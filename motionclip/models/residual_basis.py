"""What a motion basis leaves out of head and wrists: it counts joints by how far they move the body, and a nod moves
little."""

from __future__ import annotations

import torch

from ..motion import features, skeleton
from .basis import dct

JOINTS = tuple(skeleton.JOINT_INDEX[name] for name in ("neck", "head", "left_wrist", "right_wrist"))
COLUMNS = torch.tensor([6 * joint + number for joint in JOINTS for number in range(6)])
FREQUENCIES = 30  # cosines over a window; the fastest of 60 frames has 7.25 Hz


class ResidualBasis:
    """Principal components of the rotations of head and wrists in what is left of windows.

    Args:
        directions: (components, FREQUENCIES · 24).
        window: the windows' length in frames.
    """

    def __init__(self, directions: torch.Tensor, window: int) -> None:
        self.directions, self._dct = directions, dct(window, FREQUENCIES)

    @classmethod
    def fit(cls, residuals: torch.Tensor, components: int) -> ResidualBasis:
        """Fit a basis to residuals. Small ones count nearly as much as large ones: a nod as a somersault.

        Args:
            residuals: (windows, window, 149) features.
            components: how many to keep.

        Returns:
            The basis.
        """
        flat = (dct(residuals.shape[1], FREQUENCIES) @ residuals[..., COLUMNS]).flatten(1)
        flat = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-3).sqrt()
        _, directions = torch.linalg.eigh(flat.T @ flat)
        return cls(directions.T.flip(0)[:components].contiguous(), residuals.shape[1])

    def project(self, residuals: torch.Tensor) -> torch.Tensor:
        """Find the coefficients of residuals.

        Args:
            residuals: (…, window, 149) features.

        Returns:
            (…, components) coefficients.
        """
        return (self._dct @ residuals[..., COLUMNS]).flatten(-2) @ self.directions.T

    def expand(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Make residuals of coefficients.

        Args:
            coefficients: (…, components).

        Returns:
            (…, window, 149) features, zero but for these joints.
        """
        flat = (coefficients @ self.directions).unflatten(-1, (FREQUENCIES, len(COLUMNS)))
        residuals = coefficients.new_zeros(*coefficients.shape[:-1], self._dct.shape[1], features.FEATURES)
        residuals[..., COLUMNS] = self._dct.T @ flat
        return residuals
