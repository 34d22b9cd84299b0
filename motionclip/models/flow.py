"""The generative model: a motion encoder into the text space, and a conditional flow that decodes from it.

motion ↔ coefficients of a linear basis; coefficients → aligned latent z by a perceptron and convolutions; z and noise →
coefficients by integrating a velocity field learned with flow matching (Lipman et al. 2023). Text says what a
motion is but not which instance of it: the noise does, so that nothing is averaged into a frozen pose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from ..constants import FPS
from ..motion import features
from ..motion.discontinuities import slowed, smoothed
from ..motion.foot_contact import lock_feet, settled
from ..motion.motion import Motion
from ..motion.windows import cut_windows, windows_at
from .basis import MotionBasis
from .interface import Edit, Known

FIXED_POINT_ROUNDS = 6
BATCH = 64  # motions decoded together: more are no faster, and take more memory
OVERLAP = 20  # frames that a part of a chain reaches into the next one
# Of who sits or lies, has sat down, lain down or got up: metres of the pelvis over the lowest joint, at most or of
# change, mean joint speed in the last frames in metres per second, and how many these are.
SEATED, LOWERED, AT_REST, REST = 0.65, 0.2, 0.25, 10
RETURNED = 0.2  # metres at most that the joints are on average from how a known motion began, when it ends


@dataclass(frozen=True)
class FlowConfig:
    """Sizes and sampling defaults of a FlowModel.

    Attributes:
        architecture: "flow".
        tower: what its latents are aligned with.
        latent: their size.
        window: frames that are encoded or decoded at a time.
        components: of the motion basis.
        frequencies: cosines over a window that motion is made of; the fastest of 34 has 8.25 Hz.
        encoder_width: of the encoder's convolutions.
        encoder_blocks: their number.
        encoder_hidden: of the encoder's perceptron.
        encoder_dropout: of both.
        flow_width: of the flow.
        flow_hidden: inside its residual blocks.
        flow_blocks: their number.
        flow_condition: of the vector of time and latent that conditions them.
        steps: from noise to motion.
        extrapolation: how much of the change of velocity each step goes on with: 0 is Euler's method, ½ that of Adams
            and Bashforth. Some of it saves steps; with all of it feet slide.
        guidance: how much a motion follows its latent; 1 is the plain condition.
        draws: motions of one text, of which the encoder chooses the best.
        edit_steps: of an edit, from motion to noise and back.
        edit_guidance: how much an edit follows the target's latent.
        edit_likeness: how much it follows the same change in known motions.
        edit_keeping: how much it follows what should stay.
        hop: frames at most between the starts of two windows of a long motion.
        known_share: how far of the way from noise to motion generation sets out, at a known motion of the action that
            is asked for; 0 is from noise alone.
    """

    normalised = True  # its latents always have unit length
    keeps_heading = False  # what it encodes always starts facing +z

    architecture: str = "flow"
    tower: str = "minilm"
    latent: int = 384
    window: int = 60
    components: int = 304
    frequencies: int = 34
    encoder_width: int = 192
    encoder_blocks: int = 3
    encoder_hidden: int = 512
    encoder_dropout: float = 0.2
    flow_width: int = 512
    flow_hidden: int = 896
    flow_blocks: int = 5
    flow_condition: int = 160
    steps: int = 7
    extrapolation: float = 0.0
    guidance: float = 1.5
    draws: int = 4
    edit_steps: int = 10
    edit_guidance: float = 1.5
    edit_likeness: float = 1.0
    edit_keeping: float = 1.0
    hop: int = 40
    known_share: float = 0.0


class MotionEncoder(nn.Module):
    """Motion → unit latents: the sum of a perceptron's view of its coefficients and convolutions over its joints.

    Each errs elsewhere, the more so as each learns to do without the other; a transformer of the same size learned
    several times slower (docs/experiments.md).
    """

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        width, hidden, drop = config.encoder_width, config.encoder_hidden, config.encoder_dropout
        self.whole = nn.Sequential(
            nn.Linear(config.components, hidden),
            nn.GELU(),
            nn.Dropout(drop),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Dropout(drop),
            nn.Linear(hidden, config.latent),
        )
        self.embed = nn.Conv1d(features.POINTS, width, 5, stride=2, padding=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(8, width),
                nn.GELU(),
                nn.Conv1d(width, width, 5, padding=2),
                nn.GroupNorm(8, width),
                nn.GELU(),
                nn.Dropout(drop),
                nn.Conv1d(width, width, 3, padding=1),
            )
            for _ in range(config.encoder_blocks)
        )
        self.halve = nn.AvgPool1d(2)
        self.dropout = nn.Dropout(1.5 * drop)
        self.head = nn.Linear(2 * width, config.latent)

    def forward(self, coefficients: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Encode windows.

        Args:
            coefficients: (batch, components), each scaled by its importance.
            points: (batch, window, 74) joints, as `features.points` gives them.

        Returns:
            (3, batch, latent) of unit length: the latents, what only the perceptron would give, and only the
            convolutions.
        """
        x = self.embed(points.transpose(1, 2))
        for number, block in enumerate(self.blocks):
            x = x + block(x)
            if number < len(self.blocks) - 1:
                x = self.halve(x)
        over_time = self.head(self.dropout(torch.cat([x.mean(-1), x.amax(-1)], dim=-1)))
        at_once = self.whole(coefficients)
        return functional.normalize(torch.stack([at_once + over_time, at_once, over_time]).float(), dim=-1)


class VelocityBlock(nn.Module):
    """A residual perceptron whose normalisation is set by the condition (adaLN-zero, Peebles & Xie 2023).

    Args:
        width: of its input and output.
        hidden: its inner width.
        condition: the size of the condition.
    """

    def __init__(self, width: int, hidden: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.modulation = nn.Linear(condition, 3 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: torch.Tensor, modulation: torch.Tensor) -> torch.Tensor:
        """Add what the perceptron makes of x.

        Args:
            x: (batch, width).
            modulation: (batch, 3 · width), what `self.modulation` makes of the condition.

        Returns:
            (batch, width).
        """
        scale, shift, gate = modulation.chunk(3, dim=-1)
        normed = self.norm(x)
        inner = functional.silu(self.up(torch.addcmul(normed + shift, normed, scale)))
        return torch.addcmul(x, gate, self.down(inner))


class VelocityField(nn.Module):
    """v(x, t | z): where the coefficients x move at time t on their way from noise (0) to motion (1)."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        width, condition = config.flow_width, config.flow_condition
        self.null = nn.Parameter(torch.zeros(config.latent))
        self.time = nn.Sequential(nn.Linear(64, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.latent = nn.Sequential(
            nn.Linear(config.latent, 2 * condition), nn.SiLU(), nn.Linear(2 * condition, condition)
        )
        self.inward = nn.Linear(config.components, width)
        self.blocks = nn.ModuleList(
            VelocityBlock(width, config.flow_hidden, condition) for _ in range(config.flow_blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.outward = nn.Linear(width, config.components)
        nn.init.zeros_(self.outward.weight)
        nn.init.zeros_(self.outward.bias)
        self.frequencies: torch.Tensor
        # On the CPU for the reason given in basis.feature_weights.
        self.register_buffer("frequencies", torch.linspace(0, math.log(200), 32, device="cpu").exp(), persistent=False)

    def modulations(self, t: torch.Tensor, z: torch.Tensor) -> list[torch.Tensor]:
        """Compute how the blocks are conditioned. It needs no x.

        Args:
            t: (..., 1) times from 0, noise, to 1, motion.
            z: (..., latent) latents of unit length.

        Returns:
            For each block its modulation, (..., 3 · width).
        """
        angles = t * self.frequencies
        # A unit latent has entries of about 1/√latent; the network wants them near one.
        condition = functional.silu(
            self.time(torch.cat([angles.sin(), angles.cos()], dim=-1)) + self.latent(z * math.sqrt(z.shape[-1]))
        )
        return [cast(VelocityBlock, block).modulation(condition) for block in self.blocks]

    def residual(self, x: torch.Tensor, modulations: Sequence[torch.Tensor]) -> torch.Tensor:
        """Run the network proper, of unit variance in and out.

        Args:
            x: (batch, components).
            modulations: as `modulations` gives them.

        Returns:
            (batch, components).
        """
        h = self.inward(x)
        for block, modulation in zip(self.blocks, modulations, strict=True):
            h = block(h, modulation)
        return self.outward(self.norm(h)).float()

    def forward(self, x: torch.Tensor, t: float, modulations: Sequence[torch.Tensor]) -> torch.Tensor:
        """Compute the velocity: the best linear guess plus what the network adds.

        v = (2t − 1)/s²·x + F(x/s)/s with s² = t² + (1 − t)². The preconditioning of Karras et al. 2022, worked out for
        the straight path x = (1 − t)·noise + t·data.

        Args:
            x: (batch, components).
            t: the time, 0–1.
            modulations: as `modulations` gives them for this t.

        Returns:
            (batch, components) velocities.
        """
        s = math.hypot(t, 1 - t)
        return torch.add((2 * t - 1) / s**2 * x, self.residual(x / s, modulations), alpha=1 / s)

    def loss(self, data: torch.Tensor, noise: torch.Tensor, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Compute the error of the network's own output: the velocity's up to a factor of t.

        Args:
            data: (batch, components), of motions.
            noise: (batch, components).
            t: (batch,) times, 0–1.
            z: (batch, latent) latents of the motions.

        Returns:
            (batch, components) squared errors.
        """
        t = t[:, None]
        s = torch.hypot(t, 1 - t)
        x = (1 - t) * noise + t * data
        target = s * (data - noise) - (2 * t - 1) / s * x
        return (self.residual(x / s, self.modulations(t, z)) - target).square()


class _Terms:
    """A weighted sum of velocities for each row of a batch: under which conditions, and with which weights."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._conditions: list[torch.Tensor] = []
        self._weights: list[float] = []

    def add(self, row: int, condition: torch.Tensor, weight: float) -> None:
        """condition: (latent,) or (windows, latent)."""
        self._rows.append(row)
        self._conditions.append(condition)
        self._weights.append(weight)

    def stacked(self, windows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows (terms,), conditions (terms · windows, latent), weights (terms,)."""
        conditions = torch.cat([condition.expand(windows, -1) for condition in self._conditions])
        return torch.tensor(self._rows), conditions, torch.tensor(self._weights)


@dataclass(frozen=True)
class _Way:
    """The straight way from noise to known motions that windows follow first.

    starts: of the windows. end: (N, windows, K), the motions, and residuals (N, windows, window, 149) what the basis
    leaves out of them. here: (N, windows), which windows have one. share: up to when.
    """

    starts: list[int]
    end: torch.Tensor
    residuals: torch.Tensor
    here: torch.Tensor
    share: float

    @classmethod
    def of(cls, known: Known, frames: int, window: int) -> _Way:
        """Through a known motion, and on. Where it may come again, it does, after a window that links its end to its
        start; else the windows that follow are free. The last may reach over the end."""
        between = window // 2 + 2  # the two beside a link don't overlap
        starts, which = list(known.starts), list(range(len(known.starts)))
        own = len(which)
        while starts[-1] + window < frames:
            link = starts[-1] + between
            starts += [link, *(link + between + start for start in known.starts)]
            which += [-1, *range(own)]
        places = torch.tensor(which)
        here = (places >= 0) & (known.again[:, None] | (torch.arange(len(which)) < own))
        residuals = known.residuals[:, places] * here[..., None, None]
        return cls(starts, known.coefficients[:, places], residuals, here, known.share)

    @classmethod
    def free(cls, starts: Sequence[int]) -> _Way:
        """Through no known motion."""
        nowhere = torch.zeros(1, len(starts))
        return cls(list(starts), nowhere[..., None], nowhere[..., None, None], nowhere.bool(), 0.0)

    def before(self, frames: int) -> _Way:
        """The windows that begin in so many frames."""
        count = sum(start < frames for start in self.starts)
        return _Way(
            self.starts[:count], self.end[:, :count], self.residuals[:, :count], self.here[:, :count], self.share
        )

    @classmethod
    def joined(cls, ways: Sequence[_Way], offsets: Sequence[int]) -> _Way:
        """One after the other, each from its offset."""
        starts = [offset + start for way, offset in zip(ways, offsets, strict=True) for start in way.starts]
        components = max(way.end.shape[-1] for way in ways)  # of a free way one number stands for all
        window, numbers = (max(way.residuals.shape[axis] for way in ways) for axis in (2, 3))
        ends = torch.cat([way.end.expand(-1, -1, components) for way in ways], dim=1)
        residuals = torch.cat([way.residuals.expand(-1, -1, window, numbers) for way in ways], dim=1)
        here = torch.cat([way.here for way in ways], dim=1)
        return cls(starts, ends, residuals, here, max(way.share for way in ways))


class FlowModel(nn.Module):
    """Encodes motions into the text space and decodes latents of that space into motions."""

    has_basis = True

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        self.basis = MotionBasis(config.window, config.components, config.frequencies)
        self.encoder = MotionEncoder(config)
        self.velocity = VelocityField(config)

    def encode_coefficients(self, coefficients: torch.Tensor) -> torch.Tensor:
        """Encode coefficients of the basis.

        Args:
            coefficients: (batch, components).

        Returns:
            (batch, latent) of unit length.
        """
        return self.views(coefficients)[0]

    def views(self, coefficients: torch.Tensor, jitter: torch.Tensor | None = None) -> torch.Tensor:
        """Encode coefficients, together and by each part of the encoder alone.

        Args:
            coefficients: (batch, components).
            jitter: (batch, window, 149), added to the features whose joints are encoded, for training.

        Returns:
            (3, batch, latent), as MotionEncoder's.
        """
        deviations = self.basis.deviations
        scaled = coefficients * (deviations / deviations.mean()).sqrt()
        with torch.no_grad(), torch.autocast(coefficients.device.type, enabled=False):
            windows = self.basis.expand(coefficients.float())
            joints = features.points(windows if jitter is None else windows + jitter)
        return self.encoder(scaled, joints)

    @torch.inference_mode()
    def encode_windows(self, windows: torch.Tensor) -> torch.Tensor:
        """Encode windows.

        Args:
            windows: (batch, window, 149) features that start facing +z.

        Returns:
            (batch, latent) of unit length.
        """
        return torch.cat([self.encode_coefficients(self.basis.project(part)) for part in windows.split(512)])

    @torch.inference_mode()
    def encode_motions(self, motions: Sequence[Motion]) -> torch.Tensor:
        """Encode motions, each as the mean over windows half a window apart.

        A motion shorter than the window is held at its last pose.

        Args:
            motions: of any length.

        Returns:
            (motions, latent) of unit length.
        """
        cuts = [cut_windows(motion, self.config.window, self.config.window // 2) for motion in motions]
        latents = self.encode_windows(torch.cat(cuts)).split([len(cut) for cut in cuts])
        return functional.normalize(torch.stack([part.mean(0) for part in latents]), dim=-1)

    def window_starts(self, frames: int) -> list[int]:
        """Find where the overlapping windows begin that together make a motion.

        Args:
            frames: the motion's length.

        Returns:
            The first frame of each window.
        """
        extra = max(frames - self.config.window, 0)
        count = 1 + math.ceil(extra / self.config.hop)
        return [round(index * extra / max(count - 1, 1)) for index in range(count)]

    def _way(self, frames: int, known: Known | None) -> _Way:
        """Which windows make a motion of this length, and what they set out from."""
        if known is None:
            return _Way.free(self.window_starts(frames))
        window = self.config.window
        if known.starts[-1] + window < frames:
            known = replace(known, again=known.again | self._returns(known))
        return self._resting(_Way.of(known, frames, window), len(known.starts))

    def _returns(self, known: Known) -> torch.Tensor:
        """(N,) bool: whether a known motion ends much as it begins, so that it can be done once more."""
        ends = torch.stack([known.coefficients[:, 0], known.coefficients[:, -1]], dim=1)
        left_out = torch.stack([known.residuals[:, 0], known.residuals[:, -1]], dim=1)
        first, last = (self.basis.expand(ends) + left_out).unbind(1)
        poses = features.joints(features.canonical(torch.stack([first[:, :1], last[:, -1:]], dim=1)))[:, :, 0]
        return (poses[:, 1] - poses[:, 0]).norm(dim=-1).mean(-1) < RETURNED

    def _resting(self, way: _Way, own: int) -> _Way:
        """A way whose first `own` windows are a known motion; who sat or lay down in it, or got up, then rests.

        Left free, the body would get up halfway, or sit down once more.
        """
        longer = way.starts[own:]
        if not longer or way.here.all():
            return way
        ends = features.join((self.basis.expand(way.end) + way.residuals)[:, :own], way.starts[:own])
        rests = _rests(ends) & ~way.here[:, own:].any(1)
        window = self.config.window
        held = features.held(ends, longer[-1] + window - ends.shape[1])
        rest = windows_at(held, longer, window)
        coefficients = self.basis.project(rest)
        end, residuals, here = way.end.clone(), way.residuals.clone(), way.here.clone()
        end[rests, own:] = coefficients[rests]
        residuals[rests, own:] = (rest - self.basis.expand(coefficients))[rests]
        here[rests, own:] = True
        return replace(way, end=end, residuals=residuals, here=here)

    def _leading(self, way: _Way, following: _Way, frames: int) -> _Way:
        """So many frames of a way, reaching over their end into the way that follows."""
        window, half = self.config.window, self.config.window // 2
        way = way.before(frames)
        if way.starts[-1] + window >= frames + OVERLAP:
            return way
        link = _Way.free([frames - half])
        if way.here[0, -1] and following.here[0, 0]:
            # Left free, it would do what comes before once more.
            ends, begins = self._followed(way)[:, frames - half : frames], self._followed(following)[:, :half]
            ends = torch.cat([ends, ends[:, -1:].expand(-1, half, -1)], dim=1)
            begins = torch.cat([begins[:, :1].expand(-1, half, -1), begins], dim=1)
            share = ((torch.arange(window) - half) / OVERLAP + 0.5).clamp(0, 1)
            between = torch.lerp(ends, begins, features.eased(share)[:, None])
            end = self.basis.project(between)[:, None]
            link = _Way(
                link.starts, end, torch.zeros_like(between)[:, None], torch.ones(1, 1, dtype=torch.bool), way.share
            )
        return _Way.joined([way, link], [0, 0])

    def _followed(self, way: _Way) -> torch.Tensor:
        """(1, frames, 149) the known motion that a way leads to."""
        return features.join(self.basis.expand(way.end) + way.residuals, way.starts)

    def draw_noise(self, count: int, windows: int, seed: int) -> torch.Tensor:
        """Draw noise; the first instances don't depend on how many are drawn.

        Args:
            count: how many instances.
            windows: how many windows each has.
            seed: of the generator.

        Returns:
            (count, windows, components).
        """
        shape = (count, windows, self.config.components)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def decode_motions(
        self, z: torch.Tensor, frames: int, seed: int | Sequence[int] = 0, noise: torch.Tensor | None = None
    ) -> list[Motion]:
        """Decode latents into motions that start at the origin, facing +z.

        Args:
            z: (N, latent), or (N, windows, latent) with a latent for each window.
            frames: the length of each motion.
            seed: of `draw_noise`; one for all, or one for each.
            noise: (N, windows, components), the instances; by default the seed's.

        Returns:
            N motions.
        """
        return features.features_motions(self.decode_features(z, frames, seed, noise))

    def decode_distinct(self, z: torch.Tensor, frames: int, seed: int) -> list[Motion]:
        """Decode latents as `decode_motions` does, with noise of its own for each of them.

        Args:
            z: (N, latent) latents.
            frames: the length of each motion.
            seed: of the noise of all.

        Returns:
            N motions.
        """
        return self.decode_motions(z, frames, noise=self.draw_noise(len(z), len(self.window_starts(frames)), seed))

    @torch.inference_mode()
    def decode_chain(
        self, z: torch.Tensor, frames: Sequence[int], seeds: Sequence[int], known: Sequence[Known] | None = None
    ) -> torch.Tensor:
        """Decode parts of one motion, one after the other.

        A part's windows, or one more that links both parts, reach over its end into the next one's; as all windows
        agree on the frames that they share, the one motion leads into the other.

        Args:
            z: (parts, latent) latents.
            frames: each part's length.
            seeds: each part's, of the noise that `decode_features` draws for it.
            known: what each part sets out from, if anything.

        Returns:
            (all frames, 149) features.
        """
        ways = [self._way(length, None if known is None else known[part]) for part, length in enumerate(frames)]
        ways = [*(self._leading(*pair, length) for pair, length in zip(pairwise(ways), frames, strict=False)), ways[-1]]
        way = _Way.joined(ways, [sum(frames[:part]) for part in range(len(frames))])
        counts = [len(one.starts) for one in ways]
        noise = torch.cat([self.draw_noise(1, count, seed) for count, seed in zip(counts, seeds, strict=True)], dim=1)
        terms = self._guided(z.repeat_interleave(torch.tensor(counts), dim=0)[None], self.config.guidance)
        steps, extrapolation = self.config.steps, self.config.extrapolation
        return _sound(self._decode(noise, way, sum(frames), terms, steps, extrapolation))[0]

    @torch.inference_mode()
    def coefficients(self, windows: torch.Tensor) -> torch.Tensor:
        """Compute the coefficients that a `Known` is made of.

        Args:
            windows: (N, window, 149) features that start facing +z.

        Returns:
            (N, components).
        """
        return self.basis.project(windows)

    @torch.inference_mode()
    def reconstruct_features(self, windows: torch.Tensor) -> torch.Tensor:
        """Take features through the motion coefficients and back.

        Args:
            windows: (batch, window, 149) features.

        Returns:
            Features of the same shape.
        """
        return self.basis.expand(self.basis.project(windows))

    @torch.inference_mode()
    def decode_features(
        self,
        z: torch.Tensor,
        frames: int,
        seed: int | Sequence[int] = 0,
        noise: torch.Tensor | None = None,
        origin: torch.Tensor | None = None,
        known: Known | None = None,
    ) -> torch.Tensor:
        """Decode latents into features.

        Guidance (Ho & Salimans 2022) goes from no condition at all to z; with `origin` there is none: origin and z
        being the same, the noise that `invert` found gives exactly the motion back that it was found for.

        Args:
            z: (N, latent), or (N, windows, latent) with a latent for each window.
            frames: the length of each motion.
            seed: of `draw_noise`; one for all, or one for each.
            noise: (N, windows, components), the instances; by default the seed's.
            origin: the latents with which `invert` found the noise, shaped as z.
            known: what each of the N sets out from.

        Returns:
            (N, frames, 149) features.
        """
        parts = [slice(first, first + BATCH) for first in range(0, len(z), BATCH)]
        ways = [self._way(frames, known and known.part(part)) for part in parts]
        if noise is None:
            seeds = seed if isinstance(seed, Sequence) else [seed]
            windows = len(ways[0].starts)
            noise = torch.cat([self.draw_noise(1, windows, one) for one in seeds]).expand(len(z), -1, -1)
        given_back = origin is not None
        config = self.config
        guidance = 1.0 if given_back else config.guidance
        # What is given back follows the steps that `invert` undid.
        steps, extrapolation = (config.edit_steps, 0.0) if given_back else (config.steps, config.extrapolation)
        decoded = torch.cat(
            [
                self._decode(noise[part], way, frames, self._guided(z[part], guidance), steps, extrapolation)
                for part, way in zip(parts, ways, strict=True)
            ]
        )
        # Motion that is given back has a path of its own; only what was generated is held by its feet.
        return settled(decoded) if given_back else _sound(decoded)

    @torch.inference_mode()
    def edit_features(self, z: torch.Tensor, noise: torch.Tensor | None, frames: int, edit: Edit) -> torch.Tensor:
        """Decode a motion, and the same instance edited in N ways.

        What is common to the differences between known motions that show the same change is the change itself
        (compositional guidance, Liu et al. 2022).

        Args:
            z: (windows, latent), what `invert` found for the motion.
            noise: (1, windows, components), what it found, too.
            frames: the motion's length.
            edit: the N changes.

        Returns:
            (1 + N, frames, 149) features, the motion itself first.

        Raises:
            ValueError: where there is no noise.
        """
        config = self.config
        terms = _Terms()
        terms.add(0, z, 1.0)
        rows = zip(edit.changed, edit.alike, edit.keeping, edit.strengths, strict=True)
        for row, (wanted, pairs, keeping, strength) in enumerate(rows, start=1):
            held = config.edit_keeping * keeping
            terms.add(row, z, 1 - config.edit_guidance)
            terms.add(row, wanted, config.edit_guidance)
            if held:
                terms.add(row, edit.kept, held)
                terms.add(row, self.velocity.null, -held)
            for before, after in pairs:
                share = config.edit_likeness * strength / len(pairs)
                terms.add(row, after, share)
                terms.add(row, before, -share)
        if noise is None:
            raise ValueError("noise: the flow needs what `invert` found")
        noise = noise.expand(1 + len(edit.changed), -1, -1)
        return settled(self._decode(noise, _Way.free(self.window_starts(frames)), frames, terms, config.edit_steps))

    def _guided(self, z: torch.Tensor, guidance: float) -> _Terms:
        """(N, latent) or (N, windows, latent) → what follows each z."""
        terms = _Terms()
        for row, latent in enumerate(z):
            terms.add(row, latent, guidance)
            if guidance != 1:
                terms.add(row, self.velocity.null, 1 - guidance)
        return terms

    def _decode(
        self,
        noise: torch.Tensor,
        way: _Way,
        frames: int,
        terms: _Terms,
        steps: int,
        extrapolation: float = 0.0,
    ) -> torch.Tensor:
        """Follow the sum of the terms' velocities from noise (N, windows, K) to (N, frames, 149) features.

        x ← x + h·(v + extrapolation·(v − v of the step before)). Windows that have a `way` follow it first; where all
        have one, the steps on it are left out (SDEdit, Meng et al. 2022).
        """
        starts = way.starts
        rows, conditions, weights = terms.stacked(len(starts))
        # Each distinct condition is worked out once, for all steps together: it needs no x.
        distinct, which = conditions.unique(dim=0, return_inverse=True)
        times, x = [step / steps for step in range(steps)], noise.clone()
        if way.here.all():
            times = [t for t in times if t >= way.share] or times[-1:]
            x = torch.lerp(noise, way.end, times[0])
        modulations = self.velocity.modulations(torch.tensor(times)[:, None, None], distinct)
        before = None
        for step, t in enumerate(times):
            current = [block[step].index_select(0, which) for block in modulations]
            flat = self.velocity(x.index_select(0, rows).flatten(0, 1), t, current)
            each = flat.unflatten(0, (len(rows), -1))
            velocity = torch.zeros_like(x).index_add_(0, rows, weights[:, None, None] * each)
            if len(starts) > 1:  # all windows agree on the frames they share, at every step
                joined = features.join(self.basis.expand(x + (1 - t) * velocity), starts)
                clean = self.basis.project(windows_at(joined, starts, self.config.window))
                velocity = (clean - x) / (1 - t)
            if t < way.share:
                velocity = torch.where(way.here[..., None], way.end - noise, velocity)
            onward = velocity if before is None else torch.lerp(before, velocity, 1 + extrapolation)
            x, before = torch.add(x, onward, alpha=1 / steps), velocity
        return features.join(self.basis.expand(x) + way.residuals, starts)[:, :frames]

    @torch.inference_mode()
    def invert(self, motion: Motion) -> tuple[torch.Tensor, torch.Tensor]:
        """Find what a motion is and which instance of it.

        Decoding z with the noise, and z as the origin, gives the motion back within the basis' error: the decoder's
        Euler steps are undone one by one, each by fixed-point iteration.

        Args:
            motion: of any length.

        Returns:
            (windows, latent) latents z, and (1, windows, components) noise.
        """
        starts = self.window_starts(len(motion))
        whole = features.canonical(features.motion_features(motion.padded(self.config.window)))[None]
        x = self.basis.project(windows_at(whole, starts, self.config.window))
        z = self.encode_coefficients(x[0])
        steps = self.config.edit_steps
        for step in reversed(range(steps)):
            after, t = x, step / steps
            modulations = self.velocity.modulations(torch.full((1, 1), t), z)
            for _ in range(FIXED_POINT_ROUNDS):
                x = after - self.velocity(x[0], t, modulations)[None] / steps
        return z, x


def _rests(motions: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149) → (N,) bool: whether a body ends at rest, low or in another posture than it began in."""
    joints = features.joints(motions)
    tall = joints[..., 0, 1] - joints[..., 1].amin(-1)
    speed = FPS * joints[:, -REST:].diff(dim=1).norm(dim=-1).mean((1, 2))
    moved = (tall[:, -1] - tall[:, 0]).abs() > LOWERED
    return (moved | (tall[:, -1] < SEATED)) & (speed < AT_REST)


def _sound(decoded: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149) without flips, held by its feet, and no faster than a body is after that."""
    return slowed(lock_feet(smoothed(decoded)))
