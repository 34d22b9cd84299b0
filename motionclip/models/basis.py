"""The linear motion basis: principal components of whole windows, weighted by how far each number moves the body."""

from __future__ import annotations

import torch
from torch import nn

from ..motion import features, skeleton

VELOCITY_WEIGHT = 25.0  # metres per frame: an error of it adds up along the path
YAW_WEIGHT = 10.0  # radians per frame: an error of it turns the body and its path from there on
HEIGHT_WEIGHT = 6.0
CLEARANCE_WEIGHT = 6.0
EXTREMITY = 0.1  # m²; lets the turn of hands, head and toes, which moves no joint, count a little


def feature_weights() -> torch.Tensor:
    """(149,) metres of summed joint displacement for a unit change of each feature.

    A rotation counts with the root of its squared lever arms to all joints that hang on it, so that
    squared error in weighted features is close to squared error in joint positions.
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


class MotionBasis(nn.Module):
    """Windows of features (…, window, 149) ↔ (…, components) coefficients of unit variance."""

    mean: torch.Tensor
    directions: torch.Tensor
    deviations: torch.Tensor
    weights: torch.Tensor

    def __init__(self, window: int, components: int) -> None:
        super().__init__()
        self.window, self.components = window, components
        self.register_buffer("mean", torch.zeros(window * features.FEATURES))
        self.register_buffer("directions", torch.zeros(components, window * features.FEATURES))
        self.register_buffer("deviations", torch.ones(components))
        self.register_buffer("weights", feature_weights(), persistent=False)

    @torch.no_grad()
    def fit(self, windows: torch.Tensor, seed: int = 0) -> None:
        """Fit to (windows, window, 149) by randomised principal component analysis (Halko et al. 2011)."""
        if len(windows) <= self.components:
            raise ValueError(
                f"components: {self.components} need more than {len(windows)} windows of motion to fit; "
                "give more data or fewer components"
            )
        flat = (windows * self.weights).flatten(-2)
        self.mean.copy_(flat.mean(0))
        flat -= self.mean
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            _, values, directions = torch.svd_lowrank(flat, q=min(self.components + 80, len(flat)), niter=2)
        self.directions.copy_(directions.T[: self.components])
        self.deviations.copy_((values[: self.components] / len(flat) ** 0.5).clamp(min=1e-6))

    def project(self, windows: torch.Tensor) -> torch.Tensor:
        """(…, window, 149) → (…, components)."""
        return ((windows * self.weights).flatten(-2) - self.mean) @ self.directions.T / self.deviations

    def expand(self, coefficients: torch.Tensor) -> torch.Tensor:
        """(…, components) → (…, window, 149)."""
        flat = (coefficients * self.deviations) @ self.directions + self.mean
        return flat.unflatten(-1, (self.window, features.FEATURES)) / self.weights
