"""The map of what a model knows: a place in the plane for each entry of the bank, and a family for each action.

Made when the bank is built: near places mean near latents. Families are for colours; their names and what belongs to
them stand in configs/families.json.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from . import places
from .json_file import read_json
from .towers import TextTower

NEIGHBOURS = 12  # entries that a place is worked out from
SHARPNESS = 0.02  # of the weights of entries by their cosine
REACH = 0.08  # of the map's half width: entries farther than that from the nearest one hardly count
LIKENESS = 0.05  # of the weights of a family's words
PERPLEXITY = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Atlas:
    """Where entries are, and what family each action belongs to.

    points: (entries, 2), within −1 to 1. families: their names. family_of: (actions,) which of them, in the order of
    the bank's actions.
    """

    points: torch.Tensor
    families: tuple[str, ...]
    family_of: torch.Tensor

    def place(self, cosines: torch.Tensor) -> tuple[float, float]:
        """Where something belongs whose latent has these cosines (entries,) to the entries' latents.

        It lies among the entries that are nearest, and of those among the ones around the very nearest: the mean of
        places that are far apart would be a place of neither.
        """
        best = cosines.topk(min(NEIGHBOURS, len(cosines)))
        points = self.points[best.indices]
        away = (points - points[0]).norm(dim=-1)
        share = ((best.values - best.values[0]) / SHARPNESS - (away / REACH).square()).softmax(0)
        x, y = (share[:, None] * points).sum(0).tolist()
        return x, y


def draw(latents: torch.Tensor, actions: Sequence[str], prototypes: torch.Tensor, tower: TextTower) -> Atlas:
    """The map of entries' latents (entries, D). prototypes: (actions, D), the mean of each action's texts."""
    names, family_of = families(actions, prototypes, tower)
    return Atlas(flattened(latents), names, family_of)


def flattened(latents: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """(N, D) → (N, 2) within −1 to 1: near stays near (t-SNE, van der Maaten & Hinton 2008).

    Where scikit-learn is not installed, or there are too few latents for it, by the two main directions (PCA), which
    is logged.
    """
    z = functional.normalize(latents.float(), dim=-1)
    centred = z - z.mean(0)
    if importlib.util.find_spec("sklearn") is None:
        _log.warning("the map is drawn by PCA, which keeps less apart; for t-SNE: pip install scikit-learn")
    elif len(z) <= 3 * PERPLEXITY:
        _log.warning("the map is drawn by PCA: %d entries are too few for t-SNE", len(z))
    else:
        from sklearn.manifold import TSNE

        drawn = TSNE(perplexity=PERPLEXITY, metric="cosine", init="pca", random_state=seed).fit_transform(z.numpy())
        return _within(torch.from_numpy(drawn))
    if len(z) < 2:
        return torch.zeros(len(z), 2)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    return _within(functional.pad(centred @ directions[:2].T, (0, 2))[:, :2])


def _within(points: torch.Tensor) -> torch.Tensor:
    low, high = points.amin(0), points.amax(0)
    return (points - (low + high) / 2) / ((high - low).max() / 2).clamp(min=1e-9)


def families(
    actions: Sequence[str], prototypes: torch.Tensor, tower: TextTower
) -> tuple[tuple[str, ...], torch.Tensor]:
    """The names of families that have members, and (actions,) to which of them each action belongs.

    An action belongs where the words are that are most like its own, as the tower understands them.
    """
    known = read_json(places.CONFIGS / "families.json")
    owner = torch.tensor([number for number, words in enumerate(known.values()) for _ in words])
    words = functional.normalize(tower.encode([word for words in known.values() for word in words]), dim=-1)
    own = functional.normalize(tower.encode(list(actions)), dim=-1)
    mixed = functional.normalize(own + 0.5 * functional.normalize(prototypes, dim=-1), dim=-1)
    weights = (mixed @ words.T / LIKENESS).softmax(-1)
    best = torch.zeros(len(own), len(known)).index_add_(1, owner, weights).argmax(1)
    used, family_of = best.unique(return_inverse=True)
    names = list(known)
    return tuple(names[number] for number in used.tolist()), family_of
