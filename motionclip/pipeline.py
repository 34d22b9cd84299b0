"""MotionCLIP, the one object that programs and the app hold: text and motion in, motion and labels out."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import overload

import torch
from torch.nn import functional

from . import hub, weights
from .bank import Bank, Entry
from .motion import Motion
from .towers import TextTower, TowerMismatch, load_tower

MAX_TEXT = 2000
MAX_FRAMES = 1800


class MotionCLIP:
    """A motion model, the text tower that it is aligned with, and its bank of known motions."""

    def __init__(self, model: weights.Model, tower: TextTower | None = None, bank: Bank | None = None) -> None:
        wanted = model.config.tower
        if tower is not None and tower.name != wanted:
            raise TowerMismatch(f"this model is aligned with the tower {wanted!r}, not with {tower.name!r}")
        self.model, self.bank, self._tower = model, bank, tower

    @classmethod
    def from_pretrained(cls, source: str | PathLike[str] | None = None, tower: TextTower | None = None) -> MotionCLIP:
        """Load a model folder; by default the project's own, in weights/.

        Raises FileNotFoundError where there is no model, weights.ModelFolderError where its files are unsound,
        and TowerMismatch for a tower that it isn't aligned with.
        """
        folder = hub.locate(source)
        model = weights.load(folder)
        bank = Bank.load(folder) if (folder / weights.BANK).is_file() else None
        return cls(model, tower, bank)

    def save_pretrained(self, folder: str | PathLike[str]) -> None:
        """Write config.json, model.safetensors and, where there is one, the bank."""
        weights.save(self.model, Path(folder))
        if self.bank is not None:
            self.bank.save(Path(folder))

    @property
    def tower(self) -> TextTower:
        """The text tower, loaded when first needed."""
        if self._tower is None:
            if self.model.config.tower is None:
                raise TowerMismatch("this model is aligned with no text tower: it can encode and decode motion, "
                                    "but it can't take text")  # fmt: skip
            self._tower = load_tower(self.model.config.tower)
        return self._tower

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        """(texts, D) latents, unit length. Raises ValueError for a text that is empty or over 2,000 characters."""
        return self.tower.encode([_checked(text) for text in texts])

    def encode_motion(self, motions: Sequence[Motion]) -> torch.Tensor:
        """(motions, D) latents, unit length, in the space of the texts.

        Motions may have any length: one shorter than the model's window (60 frames) is held at its last pose,
        of a longer one the windows, half a window apart, are averaged.
        """
        return self.model.encode_motions(motions)

    def decode(self, z: torch.Tensor, frames: int = 60, seed: int = 0) -> list[Motion]:
        """(N, D) latents → N motions of `frames` frames that start at the origin, facing +z.

        The same seed gives the same instance for each latent. Raises ValueError for frames outside 1–1,800.
        """
        if not 1 <= frames <= MAX_FRAMES:
            raise ValueError(f"frames: must be from 1 to {MAX_FRAMES:,}, not {frames}")
        z = torch.as_tensor(z, dtype=torch.float32)
        if z.ndim != 2 or z.shape[1] != self.model.config.latent or not torch.isfinite(z).all():
            raise ValueError(f"z: must be finite numbers of shape (N, {self.model.config.latent}), not {tuple(z.shape)}")
        return self.model.decode_motions(z, frames, seed)

    @overload
    def generate(self, text: str, frames: int = ..., seed: int = ...) -> Motion: ...
    @overload
    def generate(self, text: Sequence[str], frames: int = ..., seed: int = ...) -> list[Motion]: ...

    def generate(self, text, frames=60, seed=0):
        """Text → motion. One str gives a Motion; several give a list, decoded in one batch.

        frames: the length, 30 a second. seed: which instance; the same seed gives the same motion, alone or in
        a batch. Raises ValueError for an empty or overlong text, or frames outside 1–1,800.
        """
        texts = [text] if isinstance(text, str) else list(text)
        motions = self.decode(self.encode_text(texts), frames, seed) if texts else []
        named = [Motion(motion.poses, motion.translation, words) for motion, words in zip(motions, texts, strict=True)]
        return named[0] if isinstance(text, str) else named

    def nearest(self, text: str, count: int = 5) -> list[Entry]:
        """The known motions nearest to a text, best first. Raises ValueError for a model without a bank."""
        if self.bank is None:
            raise ValueError("this model has no bank of known motions")
        return self.bank.nearest(self.encode_text([text])[0], count)

    def reconstruct(self, motion: Motion, seed: int = 0) -> Motion:
        """Encode a motion and decode it again: what the latent alone keeps of it."""
        return self.decode(self.encode_motion([motion]), len(motion), seed)[0]


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"text: must be a string, not {type(text).__name__}")
    # Lone surrogates can't be encoded, and control characters say nothing.
    clean = "".join(c if c.isprintable() else " " for c in text).encode("utf-8", "ignore").decode().strip()
    if not clean:
        raise ValueError("text: is empty; describe a motion, as in \"a person walks like a zombie\"")
    if len(clean) > MAX_TEXT:
        raise ValueError(f"text: has {len(clean):,} characters; at most {MAX_TEXT:,} are taken")
    return clean
