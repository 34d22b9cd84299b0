"""The map of what a model knows: a place in the plane for each entry of the bank, and a family for each action.

Near places mean near latents; families are for colours. `training/map_drawing.py` draws it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

NEIGHBOURS = 12  # entries that a place is worked out from
SHARPNESS = 0.02  # of the weights of entries by their cosine
REACH = 0.08  # of the map's half width: entries farther than that from the nearest one hardly count


@dataclass(frozen=True, eq=False)
class Atlas:
    """Where entries are, and what family each action belongs to.

    points: (entries, 2), within −1 to 1. families: their names. family_of: (actions,) which of them, in the order of
    the bank's actions.
    """

    points: torch.Tensor
    families: tuple[str, ...]
    family_of: torch.Tensor

    def position(self, cosines: torch.Tensor) -> tuple[float, float]:
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
