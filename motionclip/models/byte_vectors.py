"""Vectors in a safetensors file as bytes with a scale each: half the size of half precision."""

from __future__ import annotations

from typing import Any

import torch


def to_bytes(name: str, vectors: torch.Tensor) -> dict[str, torch.Tensor]:
    """Pack vectors into bytes. A number is off by at most 1/254 of its vector's largest.

    Args:
        name: what they are called in the file.
        vectors: (N, D) numbers.

    Returns:
        The tensors for a safetensors file, by name.
    """
    scale = vectors.abs().amax(dim=1, keepdim=True).clamp(min=1e-6) / 127
    return {name: (vectors / scale).round().to(torch.int8), f"{name}.scale": scale.half()}


def from_bytes(name: str, file: Any) -> torch.Tensor:
    """Read vectors that `to_bytes` packed.

    Args:
        name: what they are called in the file.
        file: an open safetensors file.

    Returns:
        (N, D) float32.

    Raises:
        SafetensorError: where the file does not hold them.
    """
    vectors: torch.Tensor = file.get_tensor(name).float() * file.get_tensor(f"{name}.scale").float()
    return vectors
