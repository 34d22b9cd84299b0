"""The linear motion basis: principal components of whole windows, weighted by how far each number moves the body.

A window is first written as cosines over time, of which the fastest are left out: a body hardly moves with them, and a
component takes half the memory.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from ..motion import features, skeleton

VELOCITY_WEIGHT = 25.0  # metres per frame: an error of it adds up along the path
YAW_WEIGHT = 10.0  # radians per frame: an error of it turns the body and its path from there on
HEIGHT_WEIGHT = 6.0
CLEARANCE_WEIGHT = 6.0
EXTREMITY = 0.1  # m²; lets the turn of hands, head and toes, which moves no joint, count a little


def feature_weights() -> torch.Tensor:
    """Weight features by how far they move the body.

    A rotation counts with the root of its squared lever arms to all joints that hang on it, so that squared error in
    weighted features is close to squared error in joint positions.

    Returns:
        (149,) metres of summed joint displacement for a unit change of each feature.
    """
    # On the CPU even where a model without memory is built: to join tensors there, torch loads its whole compiler.
    levers = torch.full((skeleton.NUM_JOINTS,), EXTREMITY, device="cpu")
    for joint in range(skeleton.NUM_JOINTS):
        ancestor = skeleton.PARENTS[joint]
        while ancestor >= 0:
            levers[ancestor] += (skeleton.REST_JOINTS[joint] - skeleton.REST_JOINTS[ancestor]).square().sum()
            ancestor = skeleton.PARENTS[ancestor]
    rest = torch.tensor([YAW_WEIGHT, VELOCITY_WEIGHT, VELOCITY_WEIGHT, HEIGHT_WEIGHT, CLEARANCE_WEIGHT], device="cpu")
    return torch.cat([levers.sqrt().repeat_interleave(6), rest])


def dct(window: int, frequencies: int) -> torch.Tensor:
    """Compute the first rows of the orthonormal discrete cosine transform (DCT-II), slowest first.

    The k-th is a cosine of k half periods over the window: 15 k / window Hz at 30 frames per second.

    Args:
        window: the window's length in frames.
        frequencies: how many rows.

    Returns:
        (frequencies, window).
    """
    # On the CPU for the reason given in feature_weights.
    time = torch.arange(window, device="cpu") + 0.5
    rows = torch.cos(math.pi / window * torch.arange(frequencies, device="cpu")[:, None] * time)
    return rows / rows.norm(dim=1, keepdim=True)


class MotionBasis(nn.Module):
    """Windows of features (…, window, 149) ↔ (…, components) coefficients of unit variance.

    Args:
        window: the windows' length in frames.
        components: the number of coefficients.
        frequencies: the number of cosines over a window, at most `window`.

    Raises:
        ValueError: for more frequencies than the window has frames.
    """

    mean: torch.Tensor
    directions: torch.Tensor
    deviations: torch.Tensor
    weights: torch.Tensor
    dct: torch.Tensor

    def __init__(self, window: int, components: int, frequencies: int) -> None:
        super().__init__()
        if frequencies > window:
            raise ValueError(f"frequencies: a window of {window} frames has no more than {window}, not {frequencies}")
        self.components = components
        self.register_buffer("mean", torch.zeros(frequencies * features.FEATURES))
        self.register_buffer("directions", torch.zeros(components, frequencies * features.FEATURES))
        self.register_buffer("deviations", torch.ones(components))
        self.register_buffer("weights", feature_weights(), persistent=False)
        self.register_buffer("dct", dct(window, frequencies), persistent=False)

    @torch.no_grad()
    def fit(self, windows: torch.Tensor, seed: int = 0) -> None:
        """Fit the basis by randomised principal component analysis (Halko et al. 2011).

        Args:
            windows: (windows, window, 149) features, more windows than components.
            seed: of the random numbers.

        Raises:
            ValueError: for too few windows.
        """
        if len(windows) <= self.components:
            raise ValueError(
                f"components: {self.components} need more than {len(windows)} windows of motion to fit; "
                "give more data or fewer components"
            )
        flat = self._weighted(windows)
        self.mean.copy_(flat.mean(0))
        flat -= self.mean
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            _, values, directions = torch.svd_lowrank(flat, q=min(self.components + 80, len(flat)), niter=2)
        self.directions.copy_(directions.T[: self.components])
        self.deviations.copy_((values[: self.components] / len(flat) ** 0.5).clamp(min=1e-6))

    def project(self, windows: torch.Tensor) -> torch.Tensor:
        """Find the coefficients of windows.

        Args:
            windows: (…, window, 149) features.

        Returns:
            (…, components) coefficients.
        """
        return (self._weighted(windows) - self.mean) @ self.directions.T / self.deviations

    def expand(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Make windows of coefficients.

        Args:
            coefficients: (…, components).

        Returns:
            (…, window, 149) features.
        """
        flat = (coefficients * self.deviations) @ self.directions + self.mean
        return self.dct.T @ flat.unflatten(-1, (-1, features.FEATURES)) / self.weights

    def _weighted(self, windows: torch.Tensor) -> torch.Tensor:
        """(…, window, 149) → (…, frequencies · 149): the weighted features' cosines."""
        return (self.dct @ windows * self.weights).flatten(-2)
