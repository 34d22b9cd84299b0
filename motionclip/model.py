"""The paper's transformer motion auto-encoder (Tevet et al. 2022), deterministic encoder and decoder.

Layout of its input and output, as in the official code: (batch, 25, 6, frames) — 24 joint rotations as 6D, then
a row whose first three values are the root's translation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from . import skeleton
from .data import window_starts
from .features import canonical, from_6d, from_features, motion_features, to_6d, to_features
from .motion import Motion

ROWS = skeleton.NUM_JOINTS + 1


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of a MotionTransformer; the defaults are the paper's, but for the tower."""

    architecture: str = "transformer"
    tower: str | None = "minilm"
    latent: int = 384
    feedforward: int = 1024
    layers: int = 8
    heads: int = 4
    dropout: float = 0.1
    window: int = 60
    normalised: bool = True


class PositionalEncoding(nn.Module):
    """Sinusoidal positions (Vaswani et al. 2017), added to (frames, batch, width)."""

    pe: torch.Tensor

    def __init__(self, width: int, dropout: float, length: int = 5000) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(length)[:, None]
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(length, 1, width)
        table[:, 0, 0::2] = torch.sin(position * rate)
        table[:, 0, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", table)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(x + self.pe[: len(x)])


class Encoder(nn.Module):
    """x (batch, 25, 6, frames), mask (batch, frames) → z (batch, latent): the output at a learned first token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.muQuery = nn.Parameter(torch.randn(1, config.latent))
        self.sigmaQuery = nn.Parameter(torch.randn(1, config.latent))  # in the official files, its output unused
        self.skelEmbedding = nn.Linear(6 * ROWS, config.latent)
        self.sequence_pos_encoder = PositionalEncoding(config.latent, config.dropout)
        layer = nn.TransformerEncoderLayer(
            config.latent, config.heads, config.feedforward, config.dropout, activation="gelu"
        )
        self.seqTransEncoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        frames = self.skelEmbedding(x.permute(3, 0, 1, 2).flatten(2))
        tokens = torch.stack([self.muQuery, self.sigmaQuery]).expand(-1, len(x), -1)
        attended = torch.cat([mask.new_ones(len(x), 2), mask], dim=1)
        states = self.sequence_pos_encoder(torch.cat([tokens, frames]))
        return self.seqTransEncoder(states, src_key_padding_mask=~attended)[0]


class Decoder(nn.Module):
    """z (batch, latent), mask (batch, frames) → x (batch, 25, 6, frames); masked frames are zero."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.sequence_pos_encoder = PositionalEncoding(config.latent, config.dropout)
        layer = nn.TransformerDecoderLayer(
            config.latent, config.heads, config.feedforward, config.dropout, activation="gelu"
        )
        self.seqTransDecoder = nn.TransformerDecoder(layer, config.layers)
        self.finallayer = nn.Linear(config.latent, 6 * ROWS)

    def forward(self, z: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        queries = self.sequence_pos_encoder(z.new_zeros(mask.shape[1], *z.shape))
        states = self.seqTransDecoder(queries, z[None], tgt_key_padding_mask=~mask)
        x = self.finallayer(states).unflatten(-1, (ROWS, 6))
        return (x * mask.T[..., None, None]).permute(1, 2, 3, 0)


class MotionTransformer(nn.Module):
    """The paper's model behind the interface that all models of this package share."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def encode(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x (batch, 25, 6, frames), mask (batch, frames) bool → (batch, latent), as it comes."""
        return self.encoder(x, mask)

    def decode(self, z: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """z (batch, latent), mask (batch, frames) bool → (batch, 25, 6, frames)."""
        return self.decoder(z, mask)

    @torch.inference_mode()
    def encode_windows(self, windows: torch.Tensor) -> torch.Tensor:
        """(batch, frames, 147) features that start facing +z → (batch, latent), unit length."""
        z = [self.encode(x, _all_frames(x)) for x in _official_windows(windows).split(128)]
        return functional.normalize(torch.cat(z), dim=-1)

    @torch.inference_mode()
    def encode_motions(self, motions: Sequence[Motion]) -> torch.Tensor:
        """(motions, latent), unit length: the mean over windows of at most `window` frames, half of it apart."""
        latents = []
        for motion in motions:
            starts = window_starts(len(motion), self.config.window, self.config.window // 2)
            whole = motion_features(motion)
            windows = canonical(torch.stack([whole[start : start + self.config.window] for start in starts]))
            latents.append(self.encode_windows(windows).mean(0))
        return functional.normalize(torch.stack(latents), dim=-1)

    @torch.inference_mode()
    def decode_motions(self, z: torch.Tensor, frames: int, seed: int = 0) -> list[Motion]:
        """(N, latent) → N motions. The decoder is deterministic: the seed changes nothing."""
        parts = [self.decode(part, torch.ones(len(part), frames, dtype=torch.bool)) for part in z.split(128)]
        return [from_official(one) for part in parts for one in part]

    def decode_distinct(self, z: torch.Tensor, frames: int, seed: int) -> list[Motion]:
        """As decode_motions: there is no noise to differ by."""
        return self.decode_motions(z, frames, seed)

    def decode_features(
        self, z: torch.Tensor, frames: int, seed: int = 0, noise: None = None, origin: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(N, latent), or (N, windows, latent) to be averaged → (N, frames, 147) features that start facing +z."""
        z = z if z.ndim == 2 else z.mean(1)
        return torch.stack([canonical(motion_features(motion)) for motion in self.decode_motions(z, frames, seed)])

    def window_starts(self, frames: int) -> list[int]:
        """One window, however long: this model decodes any length from one latent."""
        return [0]

    def analyse(self, motion: Motion) -> tuple[torch.Tensor, None]:
        """The latent (1, latent) of a motion; there is no noise in this model."""
        return self.encode_motions([motion]), None

    @torch.inference_mode()
    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """(batch, frames, 147) features through the latent and back."""
        decoded = []
        for x in _official_windows(windows).split(128):
            y = self.decode(self.encode(x, _all_frames(x)), _all_frames(x)).permute(0, 3, 1, 2)
            decoded.append(to_features(from_6d(y[..., : skeleton.NUM_JOINTS, :]), y[..., skeleton.NUM_JOINTS, :3]))
        return torch.cat(decoded)


def official_windows(rotations: torch.Tensor, translation: torch.Tensor) -> torch.Tensor:
    """(batch, frames, 24, 3, 3) and (batch, frames, 3) → (batch, 25, 6, frames)."""
    root = functional.pad(translation, (0, 3))
    return torch.cat([to_6d(rotations), root[..., None, :]], dim=-2).permute(0, 2, 3, 1)


def _official_windows(windows: torch.Tensor) -> torch.Tensor:
    return official_windows(*from_features(windows))


def _all_frames(x: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(x), x.shape[-1], dtype=torch.bool)


def to_official(motion: Motion) -> torch.Tensor:
    """Motion → (25, 6, frames)."""
    return official_windows(motion.rotations()[None], torch.from_numpy(motion.translation)[None])[0]


def from_official(x: torch.Tensor) -> Motion:
    """(25, 6, frames) → Motion."""
    x = x.permute(2, 0, 1)
    return Motion.from_rotations(from_6d(x[:, : skeleton.NUM_JOINTS]), x[:, skeleton.NUM_JOINTS, :3])
