"""Draws the map of a bank: a place for each entry by t-SNE, a family for each action by its words.

The families' names and what belongs to them stand in configs/families.json.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from .. import project_folders
from ..atlas import Atlas
from ..bank import Bank, store_atlas
from ..files.json_file import read_json
from ..towers.interface import TextTower

LIKENESS = 0.05  # of the weights of a family's words
PERPLEXITY = 30.0

_log = logging.getLogger(__name__)


def draw_map(folder: Path, tower: TextTower) -> Atlas:
    """Draw the map of the bank in FOLDER and store it there; the rest of the file stays as it is, byte for byte.

    Args:
        folder: the model folder.
        tower: the text tower, which finds the family of each action.

    Returns:
        The map.
    """
    atlas = draw(Bank.load(folder), tower)
    store_atlas(folder, atlas)
    return atlas


def draw(bank: Bank, tower: TextTower) -> Atlas:
    """Draw the map of a bank.

    Args:
        bank: the bank.
        tower: embeds the words of families and the names of actions.

    Returns:
        The map.
    """
    names, family_of = families(bank.actions, bank.prototypes, tower)
    return Atlas(flattened(bank.latents), names, family_of)


def flattened(latents: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Place latents in the plane so that near ones stay near (t-SNE, van der Maaten & Hinton 2008).

    Without scikit-learn, or for too few latents, their two main directions are taken (PCA), which is logged.

    Args:
        latents: (N, D).
        seed: of t-SNE.

    Returns:
        (N, 2), each number from −1 to 1.
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
    """Sort actions into families. An action's family is the one whose words the tower finds most like the action's own.

    Args:
        actions: the actions.
        prototypes: (actions, D) their embeddings.
        tower: the text tower.

    Returns:
        The names of the families with members, and (actions,) the number of each action's family.
    """
    known = read_json(project_folders.CONFIGS / "families.json")
    owner = torch.tensor([number for number, words in enumerate(known.values()) for _ in words])
    words = functional.normalize(tower.encode([word for words in known.values() for word in words]), dim=-1)
    own = functional.normalize(tower.encode(list(actions)), dim=-1)
    mixed = functional.normalize(own + 0.5 * functional.normalize(prototypes, dim=-1), dim=-1)
    weights = (mixed @ words.T / LIKENESS).softmax(-1)
    best = torch.zeros(len(own), len(known)).index_add_(1, owner, weights).argmax(1)
    used, family_of = best.unique(return_inverse=True)
    names = list(known)
    return tuple(names[number] for number in used.tolist()), family_of
