"""The one interface of all models: encode, decode, invert, edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from ..motion.motion import Motion


@dataclass(frozen=True)
class Edit:
    """N changes of one motion's latents.

    Attributes:
        changed: (N, windows, latent), the latents wanted.
        kept: (latent,), what should stay.
        keeping: for each change how much of it should stay, 0–1.
        alike: for each change (pairs, 2, latent): pairs of known motions that show the same change, from and to.
        strengths: for each change how strong it is.
    """

    changed: torch.Tensor
    kept: torch.Tensor
    keeping: Sequence[float]
    alike: Sequence[torch.Tensor]
    strengths: Sequence[float]


@dataclass(frozen=True)
class Known:
    """Known motions that generation sets out from, one for each motion to be made.

    Attributes:
        coefficients: (N, windows, components), of the windows that a known motion is made of.
        residuals: (N, windows, window, 149), the features that the coefficients leave out.
        starts: the first frames of these windows.
        again: (N,) bool, whether the known motion may be repeated in a longer one.
        share: the part of the way from noise to motion that is theirs, 0–1.
    """

    coefficients: torch.Tensor
    residuals: torch.Tensor
    starts: tuple[int, ...]
    again: torch.Tensor
    share: float

    def part(self, rows: slice) -> Known:
        """Take the known motions for some of the motions to be made.

        Args:
            rows: which of the N.

        Returns:
            Known motions with the same starts and share.
        """
        return replace(
            self, coefficients=self.coefficients[rows], residuals=self.residuals[rows], again=self.again[rows]
        )

    @classmethod
    def stacked(cls, parts: Sequence[Known]) -> Known:
        """Join known motions.

        Args:
            parts: at least one, all with the same starts and share.

        Returns:
            The known motions of all parts, in order.
        """
        return replace(
            parts[0],
            coefficients=torch.cat([of.coefficients for of in parts]),
            residuals=torch.cat([of.residuals for of in parts]),
            again=torch.cat([of.again for of in parts]),
        )


class ModelSettings(Protocol):
    """The settings that every model has.

    Attributes:
        tower: the name of the text tower that its latents are aligned with; None for none.
        latent: the size of a latent.
        window: the frames that are encoded at a time.
        draws: the motions that are drawn for one text, of which the best is shown.
        normalised: whether latents have unit length.
        keeps_heading: whether the encoder sees motions as they face; else they are turned to start facing +z.
        known_share: the share of `Known` for a text that is taken as the nearest known action.
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
    """A model as the pipeline needs it. Features are (frames, 149), as `motion.features` lays them out.

    Attributes:
        has_basis: whether it has a motion basis, which is fitted before training, and an encoder whose training may end
            sooner than the decoder's.
    """

    has_basis: bool

    @property
    def config(self) -> ModelSettings: ...

    def encode_windows(self, windows: torch.Tensor) -> torch.Tensor:
        """Encode windows.

        Args:
            windows: (N, frames, 149) features, which start facing +z unless the config keeps headings.

        Returns:
            (N, latent) latents.
        """

    def encode_motions(self, motions: Sequence[Motion]) -> torch.Tensor:
        """Encode motions, each as the mean over windows half a window apart.

        Args:
            motions: of any length.

        Returns:
            (motions, latent) latents.
        """

    def window_starts(self, frames: int) -> list[int]:
        """Find where the windows begin that make a motion.

        Args:
            frames: the motion's length.

        Returns:
            The first frame of each window.
        """

    def decode_motions(self, z: torch.Tensor, frames: int, seed: int | Sequence[int] = 0) -> list[Motion]:
        """Decode latents into motions that start at the origin, facing +z.

        Args:
            z: (N, latent) latents.
            frames: the length of each motion.
            seed: which instance; one for all, or one for each.

        Returns:
            N motions.
        """

    def decode_distinct(self, z: torch.Tensor, frames: int, seed: int) -> list[Motion]:
        """Decode latents as `decode_motions` does, with noise of its own for each of them.

        Args:
            z: (N, latent) latents.
            frames: the length of each motion.
            seed: which noise.

        Returns:
            N motions.
        """

    def decode_chain(
        self, z: torch.Tensor, frames: Sequence[int], seeds: Sequence[int], known: Sequence[Known] | None = None
    ) -> torch.Tensor:
        """Decode parts of one motion, one after the other.

        Args:
            z: (parts, latent) latents.
            frames: each part's length.
            seeds: each part's instance.
            known: what each part sets out from, for models that give `coefficients`.

        Returns:
            (all frames, 149) features.
        """

    def decode_features(
        self,
        z: torch.Tensor,
        frames: int,
        seed: int | Sequence[int] = 0,
        noise: Any = None,
        origin: torch.Tensor | None = None,
        known: Known | None = None,
    ) -> torch.Tensor:
        """Decode latents into features.

        Args:
            z: (N, latent), or (N, windows, latent) with a latent for each window.
            frames: the length of each motion.
            seed: which instance; one for all, or one for each.
            noise: the noise to start from, as `invert` gives it; by default the seed's.
            origin: the latents with which `invert` found the noise, shaped as z; with them nothing is guided.
            known: known motions to set out from, for models that give `coefficients`.

        Returns:
            (N, frames, 149) features.
        """

    def coefficients(self, windows: torch.Tensor) -> torch.Tensor | None:
        """Compute the coefficients of `Known` from windows.

        Args:
            windows: (N, window, 149) features.

        Returns:
            (N, components), or None for a model without noise.
        """

    def invert(self, motion: Motion) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Find the latents and the noise that give a motion back.

        Args:
            motion: of any length.

        Returns:
            (windows, latent) latents, and the noise; None instead of it for a model without noise.
        """

    def edit_features(self, z: torch.Tensor, noise: Any, frames: int, edit: Edit) -> torch.Tensor:
        """Decode a motion's own latents and N changed ones.

        Args:
            z: (windows, latent), the motion's latents.
            noise: the motion's noise, as `invert` gives it.
            frames: the length.
            edit: the changes.

        Returns:
            (1 + N, frames, 149) features, the motion itself first.
        """

    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """Encode and decode windows.

        Args:
            windows: (N, frames, 149) features.

        Returns:
            Features of the same shape.
        """
