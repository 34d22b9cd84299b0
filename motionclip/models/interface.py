"""The one interface of all models: encode, decode, invert, edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """Known motions that generation sets out from.

    coefficients: (N, components), one for each motion to be made. again: (N,) whether it may come again and again in a
    long one. share: which part of the way from noise to motion is theirs, 0–1.
    """

    coefficients: torch.Tensor
    again: torch.Tensor
    share: float

    def part(self, rows: slice) -> Known:
        """Of some of the motions to be made."""
        return Known(self.coefficients[rows], self.again[rows], self.share)

    @classmethod
    def joined(cls, parts: Sequence[Known]) -> Known:
        """Of one motion after the other, all with the share of the first."""
        coefficients, again = torch.cat([of.coefficients for of in parts]), torch.cat([of.again for of in parts])
        return cls(coefficients, again, parts[0].share)


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

    def decode_features(
        self,
        z: torch.Tensor,
        frames: int,
        seed: int | Sequence[int] = 0,
        noise: Any = None,
        origin: torch.Tensor | None = None,
        known: Known | None = None,
    ) -> torch.Tensor:
        """(N, latent) or (N, windows, latent) → (N, frames, 149) features. known: for models that give `examples`."""

    def examples(self, windows: torch.Tensor) -> torch.Tensor | None:
        """(N, window, 149) features → the coefficients (N, components) of `Known`; None for a model without noise."""

    def invert(self, motion: Motion) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A motion's latents (windows, latent), and the noise that gives it back; None for a model without noise."""

    def edit_features(self, z: torch.Tensor, noise: Any, frames: int, edit: Edit) -> torch.Tensor:
        """A motion's latents and N changed ones, decoded: (1 + N, frames, 149) features."""

    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """(N, frames, 149) features through the model and back."""
