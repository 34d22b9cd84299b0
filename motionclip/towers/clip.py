"""CLIP, the paper's tower: texts and pictures in one space, by open_clip."""

from __future__ import annotations

import os
from os import PathLike

import numpy as np
import torch

from . import clip_files
from .clip_weights import PAPERS
from .interface import CachedTower

RANDOM = "random"  # untrained weights, in place of a tag


class CLIP(CachedTower):
    """A frozen CLIP of open_clip's; by default the paper's ViT-B/32 by OpenAI.

    Embeddings come as the official code uses them, not normalised, or with `normalised` at unit length. On a GPU it
    computes in half precision.

    Args:
        architecture: open_clip's name of it.
        pretrained: a tag of open_clip's, a file of weights, or "random" for untrained weights. These have the true
            shapes and no meaning, and are the same for the same `seed`.
        weights: a file of those weights, or a folder that holds it; by default they are looked for as by
            `clip_files.find`.

    Raises:
        TowerUnavailable: where open_clip is not installed or the weights can't be had.
    """

    def __init__(
        self,
        architecture: str = PAPERS[0],
        pretrained: str = PAPERS[1],
        normalised: bool = False,
        seed: int = 0,
        weights: str | PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        self.name = clip_name(architecture, pretrained)
        self.normalised = normalised
        lent = bool(os.environ.get("SPACES_ZERO_GPU"))  # where a GPU is there by the call, and says it always were
        self._device = "cuda" if torch.cuda.is_available() and not lent else "cpu"
        untrained = pretrained == RANDOM and weights is None
        # Before the library's import, which takes seconds.
        file = None if untrained else clip_files.find(architecture, pretrained, weights)
        open_clip = clip_files.library(architecture)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = clip_files.untrained(architecture, self._device)
        if file is not None:
            clip_files.load(model, architecture, file)
        self._model = model.eval().requires_grad_(False)
        self._tokenizer = open_clip.get_tokenizer(architecture)
        self._dtype = next(model.parameters()).dtype
        self.dim = int(model.text_projection.shape[-1])
        self.size = int(open_clip.get_model_config(architecture)["vision_cfg"]["image_size"])
        self._mean = torch.tensor(open_clip.OPENAI_DATASET_MEAN, device=self._device)[:, None, None]
        self._deviation = torch.tensor(open_clip.OPENAI_DATASET_STD, device=self._device)[:, None, None]

    @torch.inference_mode()
    def encode_images(self, pictures: np.ndarray) -> torch.Tensor:
        """Embed pictures.

        Args:
            pictures: (N, size, size, 3) RGB bytes.

        Returns:
            (N, dim) embeddings.
        """
        batches = []
        for start in range(0, len(pictures), 64):
            batch = torch.from_numpy(pictures[start : start + 64]).to(self._device).permute(0, 3, 1, 2) / 255
            batch = ((batch - self._mean) / self._deviation).to(self._dtype)
            batches.append(self._ruled(self._model.encode_image(batch)))
        return torch.cat(batches)

    def _embed(self, texts: list[str]) -> torch.Tensor:
        return self._ruled(self._model.encode_text(self._tokenizer(texts).to(self._device)))

    def pieces(self, text: str) -> list[int]:
        """The number of pieces into which the tower cuts each word of a text: many for letters that are no word."""
        return [len(self._tokenizer.encode(word)) for word in text.split()]

    def _ruled(self, features: torch.Tensor) -> torch.Tensor:
        features = features.float().cpu()
        return torch.nn.functional.normalize(features, dim=-1) if self.normalised else features


def clip_name(architecture: str, pretrained: str) -> str:
    """Give a CLIP its name in configs.

    Args:
        architecture: open_clip's name of it.
        pretrained: the tag or the file of its weights.

    Returns:
        "clip" for the paper's, "clip:ARCHITECTURE/WEIGHTS" for others.
    """
    return "clip" if (architecture, pretrained) == PAPERS else f"clip:{architecture}/{pretrained}"


def clip_parts(name: str) -> tuple[str, str] | None:
    """Read the name of a CLIP in configs.

    Args:
        name: the name.

    Returns:
        The architecture and the weights; None for another tower than a CLIP.
    """
    if name == "clip":
        return PAPERS
    architecture, slash, pretrained = name.removeprefix("clip:").partition("/")
    return (architecture, pretrained) if name.startswith("clip:") and slash else None
