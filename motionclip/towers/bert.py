"""BERT (Devlin et al. 2019), only its forward pass: importing transformers takes 2 s and 130 MB, and its layers spend
longer around the products than in them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from ..models.half_precision import pack


class Bert(nn.Module):
    """A BERT encoder with the weights of a Hugging Face folder, in single precision, or in packed halves on x86.

    Args:
        folder: holds config.json and model.safetensors.

    Raises:
        KeyError: where these are not BERT's.
        OSError: where one is missing.
    """

    words: torch.Tensor
    places: torch.Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        width, epsilon = config["hidden_size"], config["layer_norm_eps"]
        state = load_file(folder / "model.safetensors")
        self.register_buffer("words", state["embeddings.word_embeddings.weight"])
        # In a single sentence, all words are of the first of BERT's two kinds.
        first_kind = state["embeddings.token_type_embeddings.weight"][0]
        self.register_buffer("places", state["embeddings.position_embeddings.weight"] + first_kind)
        with torch.device("meta"):  # no memory, and no random numbers, for what the file gives
            self.norm = nn.LayerNorm(width, epsilon)
            layers = [
                _Layer(width, config["intermediate_size"], config["num_attention_heads"], epsilon)
                for _ in range(config["num_hidden_layers"])
            ]
        _fill(self.norm, state, "embeddings.LayerNorm")
        for number, layer in enumerate(layers):
            layer.fill(state, f"encoder.layer.{number}")
        self.layers = nn.ModuleList(layers)
        self.eval().requires_grad_(False)
        pack(self, frozen=True)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Compute the states of word pieces.

        Args:
            ids: (batch, pieces) numbers of the pieces.
            mask: (batch, pieces), 0 for padding.

        Returns:
            (batch, pieces, width) states.
        """
        x = self.norm(functional.embedding(ids, self.words) + self.places[: ids.shape[1]])
        attended = None if mask.all() else mask.bool()[:, None, None]
        for layer in self.layers:
            x = layer(x, attended)
        return x


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        self.look, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm1, self.norm2 = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)

    def fill(self, state: dict[str, torch.Tensor], name: str) -> None:
        """Take over the weights of the file's layer; queries, keys and values become one product."""
        looks = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = {kind: torch.cat([state[f"{look}.{kind}"] for look in looks]) for kind in ("weight", "bias")}
        self.look.load_state_dict(joined, assign=True)
        _fill(self.mix, state, f"{name}.attention.output.dense")
        _fill(self.norm1, state, f"{name}.attention.output.LayerNorm")
        _fill(self.up, state, f"{name}.intermediate.dense")
        _fill(self.down, state, f"{name}.output.dense")
        _fill(self.norm2, state, f"{name}.output.LayerNorm")

    def forward(self, x: torch.Tensor, attended: torch.Tensor | None) -> torch.Tensor:
        q, k, v = self.look(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attended)
        x = self.norm1(x + self.mix(mixed.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


def _fill(module: nn.Module, state: dict[str, torch.Tensor], name: str) -> None:
    module.load_state_dict({kind: state[f"{name}.{kind}"] for kind in ("weight", "bias")}, assign=True)
