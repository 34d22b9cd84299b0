"""Vectors in a safetensors file as bytes or half bytes with a scale each: a half or a quarter of half precision."""

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
    numbers, scale = _scaled(vectors, 127)
    return {name: numbers.to(torch.int8), f"{name}.scale": scale.half()}


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


def to_half_bytes(name: str, vectors: torch.Tensor) -> dict[str, torch.Tensor]:
    """Pack vectors into half bytes. A number is off by at most 1/14 of its vector's largest.

    Args:
        name: what they are called in the file.
        vectors: (N, D) numbers; D is even.

    Returns:
        The tensors for a safetensors file, by name. A byte holds two numbers.
    """
    numbers, scale = _scaled(vectors, 7)
    low, high = (numbers.to(torch.uint8) & 15).unflatten(1, (-1, 2)).unbind(-1)
    return {name: low | high << 4, f"{name}.scale": scale.half()}


def from_half_bytes(name: str, file: Any) -> torch.Tensor:
    """Read vectors that `to_half_bytes` packed.

    Args:
        name: what they are called in the file.
        file: an open safetensors file.

    Returns:
        (N, D) float32.

    Raises:
        SafetensorError: where the file does not hold them.
    """
    both = file.get_tensor(name)
    signed = torch.stack([both & 15, both >> 4], dim=-1).flatten(1).to(torch.int8)
    signed = torch.where(signed > 7, signed - 16, signed)
    vectors: torch.Tensor = signed.float() * file.get_tensor(f"{name}.scale").float()
    return vectors


def _scaled(vectors: torch.Tensor, largest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, D) → whole numbers from -largest to largest, as floats, and (N, 1), the scale of each vector."""
    scale = vectors.abs().amax(dim=1, keepdim=True).clamp(min=1e-6) / largest
    return (vectors / scale).round(), scale
