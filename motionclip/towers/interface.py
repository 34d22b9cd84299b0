"""What a text tower is, what an image tower is, and the cache of embeddings that they share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch

CACHED_TEXTS = 20_000


class TextTower(Protocol):
    """A frozen model that embeds texts.

    Attributes:
        name: its name in configs.
        dim: the size of its embeddings.
    """

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Embed texts.

        Args:
            texts: N texts.

        Returns:
            (N, dim) embeddings.
        """

    def pieces(self, text: str) -> list[int]:
        """The number of pieces into which the tower cuts each word of a text."""


@runtime_checkable
class ImageTower(TextTower, Protocol):
    """A tower that embeds pictures, too.

    Attributes:
        size: the side of its pictures in pixels.
    """

    size: int

    def encode_images(self, pictures: np.ndarray) -> torch.Tensor:
        """Embed pictures into the space of the texts.

        Args:
            pictures: (N, size, size, 3) RGB bytes.

        Returns:
            (N, dim) embeddings.
        """


class CachedTower:
    """Embeds texts in batches of like length, and remembers the last ones.

    Args:
        cached_texts: how many it remembers.
    """

    dim: int

    def __init__(self, cached_texts: int = CACHED_TEXTS) -> None:
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._cached_texts = cached_texts
        self._lock = threading.Lock()  # of the cache only: requests embed at the same time

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Embed texts. Any number of threads may call it at once.

        Args:
            texts: N texts.

        Returns:
            (N, dim) embeddings.
        """
        with self._lock:
            found = {text: self._cache[text] for text in texts if text in self._cache}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        # Texts of one length go together, so that padding costs little.
        new.sort(key=len)
        for start in range(0, len(new), 128):
            batch = new[start : start + 128]
            found.update(zip(batch, self._embed(batch), strict=True))
        with self._lock:
            for text, embedding in found.items():
                self._cache[text] = embedding
                self._cache.move_to_end(text)
            while len(self._cache) > self._cached_texts:
                self._cache.popitem(last=False)
        return torch.stack([found[text] for text in texts]).clone() if texts else torch.zeros(0, self.dim)

    def _embed(self, texts: list[str]) -> torch.Tensor:
        raise NotImplementedError
