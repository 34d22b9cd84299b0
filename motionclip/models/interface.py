"""The one interface of all models: encode, decode, invert, edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from ..motion.motion import Motion


@dataclass(frozen=True)
class Edit:
    """A motion's latents changed in N ways.

    changed: (N, windows, latent), the latents wanted. kept: (latent,), what should stay, as far as `keeping` (0–1)
    says for each of the N. alike: for each pairs (pairs, 2, latent) of known motions that show the same change, from
    and to. strengths: how far, for each.
    """

    changed: torch.Tensor
    kept: torch.Tensor
    keeping: Sequence[float]
    alike: Sequence[torch.Tensor]
    strengths: Sequence[float]


@dataclass(frozen=True)
class Known:
    """Known motions that generation sets out from, one for each motion to be made.

    coefficients: (N, windows, components), of the windows that a known motion is made of. residuals: (N,
    windows, window, 149), the features that they leave out. starts: the first frames of these windows. again: (N,)
    whether it may come again and again in a longer motion. share: which part of the way from noise to motion is
    theirs, 0–1.
    """

    coefficients: torch.Tensor
    residuals: torch.Tensor
    starts: tuple[int, ...]
    again: torch.Tensor
    share: float

    def part(self, rows: slice) -> Known:
        """Of some of the motions to be made."""
        return replace(
            self, coefficients=self.coefficients[rows], residuals=self.residuals[rows], again=self.again[rows]
        )

    @classmethod
    def stacked(cls, parts: Sequence[Known]) -> Known:
        """Of all motions of several, which have the same starts and share."""
        return replace(
            parts[0],
            coefficients=torch.cat([of.coefficients for of in parts]),
            residuals=torch.cat([of.residuals for of in parts]),
            again=torch.cat([of.again for of in parts]),
        )


class ModelSettings(Protocol):
    """What every model's config says.

    tower: the text tower that its latents are aligned with; None for none. latent: their size. window: frames that are
    encoded at a time. draws: motions of one text, of which the best is shown. normalised: whether latents have unit
    length. keeps_heading: whether what is encoded faces as it was recorded; else it is turned to start facing +z.
    known_share: of `Known`, for a text that is taken as the nearest known action.
    """

    @property
    def tower(self) -> str | None: ...
    @property
    def latent(self) -> int: ...
    @property
    def window(self) -> int: ...
    @property
    def draws(self) -> int: ...
    @property
    def normalised(self) -> bool: ...
    @property
    def keeps_heading(self) -> bool: ...
    @property
    def known_share(self) -> float: ...


class MotionModel(Protocol):
    """What the pipeline needs of a model. Features are (frames, 149), as `motion.features` lays them out.

    has_basis: whether it has a motion basis, which is fitted before training, and an encoder that may end its training
    sooner than the decoder.
    """

    has_basis: bool

    @property
    def config(self) -> ModelSettings: ...

    def encode_windows(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, frames, 149) features that start facing +z, or as recorded if the config says so → (N, latent)."""

    def encode_motions(self, motions: Sequence[Motion]) -> torch.Tensor:
        """(motions, latent): the mean over windows half a window apart."""

    def window_starts(self, frames: int) -> list[int]:
        """The first frames of the windows that make a motion of this length."""

    def decode_motions(self, z: torch.Tensor, frames: int, seed: int | Sequence[int] = 0) -> list[Motion]:
        """(N, latent) → N motions of `frames` frames, from the origin, facing +z."""

    def decode_distinct(self, z: torch.Tensor, frames: int, seed: int) -> list[Motion]:
        """As decode_motions, but each of the N latents gets noise of its own."""

    def decode_chain(
        self, z: torch.Tensor, frames: Sequence[int], seeds: Sequence[int], known: Sequence[Known] | None = None
    ) -> torch.Tensor:
        """(parts, latent) → (all frames, 149) features: parts of so many frames, one after the other."""

    def decode_features(
        self,
        z: torch.Tensor,
        frames: int,
        seed: int | Sequence[int] = 0,
        noise: Any = None,
        origin: torch.Tensor | None = None,
        known: Known | None = None,
    ) -> torch.Tensor:
        """(N, latent) or (N, windows, latent) → (N, frames, 149) features. known: for models with `coefficients`."""

    def coefficients(self, windows: torch.Tensor) -> torch.Tensor | None:
        """(N, window, 149) features → those of `Known` (N, components); None for a model without noise."""

    def invert(self, motion: Motion) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A motion's latents (windows, latent), and the noise that gives it back; None for a model without noise."""

    def edit_features(self, z: torch.Tensor, noise: Any, frames: int, edit: Edit) -> torch.Tensor:
        """A motion's latents and N changed ones, decoded: (1 + N, frames, 149) features."""

    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, frames, 149) features through the model and back."""
