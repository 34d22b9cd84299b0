"""What an edit asks of a model, whichever its architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


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
