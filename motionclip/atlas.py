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
    """Where known motions are on the map, and which family each action belongs to.

    Attributes:
        points: (entries, 2) places, each number from −1 to 1.
        families: names of the families.
        family_of: (actions,) the number of each action's family, in the order of the bank's actions.
    """

    points: torch.Tensor
    families: tuple[str, ...]
    family_of: torch.Tensor

    def position(self, cosines: torch.Tensor) -> tuple[float, float]:
        """Place something on the map by its likeness to the known motions.

        It lies among the entries that are most like it, and of those only among the ones near the very first. The mean
        of distant places would be the place of something else.

        Args:
            cosines: (entries,) cosines of its latent to the latents of the entries.

        Returns:
            x and y, each from −1 to 1.
        """
        best = cosines.topk(min(NEIGHBOURS, len(cosines)))
        points = self.points[best.indices]
        away = (points - points[0]).norm(dim=-1)
        share = ((best.values - best.values[0]) / SHARPNESS - (away / REACH).square()).softmax(0)
        x, y = (share[:, None] * points).sum(0).tolist()
        return x, y
