"""Numbers that say how good motions are: how they move, how they match texts, how a set of them is spread."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import roma
import torch

from ..constants import FPS
from ..motion.motion import Motion
from ..motion.skeleton import FEET, FEET_REST_HEIGHTS, clearance

BATCH = 32  # texts that a motion has to find its own among (Guo et al. 2022)
PAIRS = 300  # drawn to measure how a set is spread


def speed(motion: Motion) -> float:
    """Mean speed of the joints relative to the pelvis, metres per second."""
    return float(np.linalg.norm(np.diff(_relative(motion), axis=0), axis=-1).mean() * FPS)


def jerk(motion: Motion) -> float:
    """Mean jerk of the joints relative to the pelvis, metres per second cubed."""
    return float(np.linalg.norm(np.diff(_relative(motion), n=3, axis=0), axis=-1).mean() * FPS**3)


def skating(motion: Motion) -> float:
    """Millimetres per frame that a foot slides while it is low."""
    feet = motion.joints()[:, [10, 11]]
    low = feet[..., 1] < feet[..., 1].min() + 0.03
    contact = low[1:] & low[:-1]
    slide = np.linalg.norm(np.diff(feet[..., [0, 2]], axis=0), axis=-1)
    return float(1000 * slide[contact].mean()) if contact.any() else 0.0


def penetration(motion: Motion) -> float:
    """Millimetres that the lowest of the feet is below the floor, averaged over the frames."""
    heights = motion.joints()[:, FEET, 1] - np.array(FEET_REST_HEIGHTS)
    return float(1000 * np.maximum(-heights.min(axis=1), 0).mean())


def leaps(motion: Motion, fastest: float = 12.0, widest: float = 40.0) -> bool:
    """Say whether a motion leaps in some frame.

    Args:
        motion: the motion.
        fastest: metres per second; a leap is a joint that is faster.
        widest: degrees per frame; a leap is a pelvis that turns farther.

    Returns:
        True for a motion with a leap; a single frame has none.
    """
    if len(motion) < 2:
        return False
    speeds = np.linalg.norm(np.diff(motion.joints(), axis=0), axis=-1) * FPS
    root = motion.rotations()[:, 0]
    angles = roma.rotmat_geodesic_distance(root[1:], root[:-1]).rad2deg()
    return bool(speeds.max() > fastest or angles.max() > widest)


def heights(motion: Motion) -> np.ndarray:
    """(frames,) metres of the body's lowest point over the floor."""
    return clearance(torch.from_numpy(motion.joints())).numpy()


def frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    """Compute the Fréchet distance of two sets of features, as Gaussians (Heusel et al. 2017).

    Args:
        a: (N, H) features.
        b: (M, H) features.

    Returns:
        The distance.
    """
    a, b = a.double(), b.double()
    # tr((Σa Σb)^½) from the singular values of the product of the centred, scaled sets.
    product = (a - a.mean(0)) @ (b - b.mean(0)).T / math.sqrt((len(a) - 1) * (len(b) - 1))
    cross = torch.linalg.svdvals(product).sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross)


def precision(motions: torch.Tensor, texts: torch.Tensor, seed: int) -> tuple[float, float, float]:
    """Compute R-precision: how often a motion's own text is among the nearest of the 32 texts of a random batch.

    The same text of another motion is as near, and does not count as nearer.

    Args:
        motions: (N, D) features of the motions.
        texts: (N, D) features of their texts.
        seed: of the batches.

    Returns:
        The share for the nearest 1, 2 and 3 texts.
    """
    order = torch.randperm(len(motions), generator=torch.Generator().manual_seed(seed))
    nearer: list[torch.Tensor] = []
    for batch in order.split(BATCH):
        if len(batch) < BATCH and nearer:  # fewer texts would make it easier
            break
        distances = torch.cdist(motions[batch], texts[batch])
        nearer.append((distances < distances.diagonal()[:, None] - 1e-5).sum(1))
    ranks = torch.cat(nearer)
    at1, at2, at3 = (float((ranks < k).float().mean()) for k in (1, 2, 3))
    return at1, at2, at3


def diversity(features: torch.Tensor, seed: int) -> float:
    """Compute the mean distance of 300 random pairs.

    Args:
        features: (N, H).
        seed: of the pairs.

    Returns:
        The mean distance.
    """
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randint(len(features), (2, PAIRS), generator=generator)
    return float((features[a] - features[b])[a != b].norm(dim=-1).mean())


def multimodality(features: torch.Tensor, actions: Sequence[str], sources: Sequence[str]) -> float:
    """Compute the mean distance of features that show the same action but come from different sources.

    Args:
        features: (N, H).
        actions: the action of each.
        sources: the source of each, such as the name of its clip.

    Returns:
        The mean over actions; NaN where no action has two sources.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, action in enumerate(actions):
        members[action].append(index)
    means = []
    for indices in members.values():
        apart = torch.tensor([[sources[i] != sources[j] for j in indices] for i in indices])
        if apart.any():
            means.append(float(torch.cdist(features[indices], features[indices])[apart].mean()))
    return float(np.mean(means)) if means else math.nan


def nearest_distances(motions: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """Compute the distance of each motion to the nearest reference.

    The distance of two motions is the root of the joints' mean squared distance.

    Args:
        motions: (N, frames, 24, 3) joints in metres.
        references: (M, frames, 24, 3) joints in metres.

    Returns:
        (N,) millimetres.
    """
    joints = motions.shape[1] * motions.shape[2]
    distances = [torch.cdist(part.flatten(1), references.flatten(1)).amin(1) for part in motions.split(256)]
    return 1000 * torch.cat(distances) / math.sqrt(joints)


def _relative(motion: Motion) -> np.ndarray:
    joints = motion.joints()
    return joints - joints[:, :1]
