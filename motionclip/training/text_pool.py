"""The texts of each clip with their embeddings, from which a training step draws."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from ..prompt_parsing import swap_sides
from ..towers.interface import TextTower
from .captions import Words
from .dataset import Clip

MIXED = 4  # texts that a drawn latent may lie between


class TextPool:
    """Embeddings of all texts of all clips, as recorded and mirrored, from which each step draws.

    Args:
        clips: the clips.
        actions: the actions.
        words: phrases of the actions.
        tower: the text tower.
        device: where embeddings and draws lie. The choice of texts does not depend on it.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        actions: Sequence[str],
        words: Words,
        tower: TextTower,
        device: torch.device | str = "cpu",
    ) -> None:
        self.actions, self._device = list(actions), device
        index: dict[str, int] = {}

        def indices(texts: Sequence[str]) -> torch.Tensor:
            return torch.tensor([index.setdefault(text, len(index)) for text in texts])

        # Row 2·clip as recorded, 2·clip + 1 mirrored.
        rows = [row for clip in clips for row in _rows(clip, words)]
        captions = [indices(texts) for texts, _ in rows]
        others = [indices(texts) for _, texts in rows]
        names = torch.stack([indices([action])[0] for action in self.actions])
        prototypes = [indices([action, *words.phrases(action, ("captions",))]) for action in self.actions]
        self.embeddings = tower.encode(list(index)).to(device)
        self.names = self._embedded(names)
        self._captions_table, self._captions_count = _table(captions)
        self._others_table, self._others_count = _table(others)
        self._prototypes_table, self._prototypes_count = _table(prototypes)
        number = {action: i for i, action in enumerate(self.actions)}
        self._labels = torch.tensor(
            [
                number[swap_sides(clip.action) if swap and swap_sides(clip.action) in number else clip.action]
                for clip in clips
                for swap in (False, True)
            ]
        )
        # (actions, actions) bool: another action that is right as well.
        self.near = (
            torch.tensor([[b != a and b in words.near.get(a, ()) for b in self.actions] for a in self.actions])
            .reshape(len(self.actions), len(self.actions))
            .to(device)
        )

    def _embedded(self, texts: torch.Tensor) -> torch.Tensor:
        """(N,) numbers of texts → (N, D)."""
        return self.embeddings[texts.to(self._device)]

    def labels(self, clip: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
        """The action of each window; a mirrored "turn left" is a "turn right".

        Args:
            clip: (batch,) numbers of the clips.
            mirrored: (batch,) bool.

        Returns:
            (batch,) numbers of the actions.
        """
        return self._labels[2 * clip + mirrored].to(self._device)

    def draw(
        self, clip: torch.Tensor, mirrored: torch.Tensor, general: float, generator: torch.Generator
    ) -> torch.Tensor:
        """Draw a text for each window.

        Args:
            clip: (batch,) numbers of the clips.
            mirrored: (batch,) bool.
            general: the probability of a caption of the action, in place of one of the clip.
            generator: of everything random.

        Returns:
            (batch, D) embeddings.
        """
        row = 2 * clip + mirrored
        pick = torch.rand(len(row), generator=generator)
        caption = self._captions_table[row, (pick * self._captions_count[row]).long()]
        other = self._others_table[row, (pick * self._others_count[row]).long()]
        return self._embedded(torch.where(torch.rand(len(row), generator=generator) < general, other, caption))

    def draw_mixed(
        self, clip: torch.Tensor, mirrored: torch.Tensor, general: float, generator: torch.Generator
    ) -> torch.Tensor:
        """Draw for each window a text, a point between two of its texts, or the mean of four.

        A prompt is decoded from the mean of known texts near it. So the decoder must know such places, too.

        Args:
            clip: (batch,) numbers of the clips.
            mirrored: (batch,) bool.
            general: as for `draw`.
            generator: of everything random.

        Returns:
            (batch, D) embeddings of unit length.
        """
        drawn = torch.stack([self.draw(clip, mirrored, general, generator) for _ in range(MIXED)])
        sharpness = torch.tensor([100.0, 3.0, 0.5])[torch.randint(3, (len(clip),), generator=generator)]
        share = (sharpness * torch.randn(MIXED, len(clip), generator=generator)).softmax(0).to(self._device)
        return functional.normalize((share[..., None] * drawn).sum(0), dim=-1)

    def draw_prototypes(self, general: float, generator: torch.Generator) -> torch.Tensor:
        """Draw a text for each action.

        Args:
            general: the probability of other words for the action, in place of its name.
            generator: of everything random.

        Returns:
            (actions, D) embeddings.
        """
        pick = torch.rand(len(self.actions), generator=generator)
        other = self._prototypes_table[torch.arange(len(pick)), (pick * self._prototypes_count).long()]
        use = torch.rand(len(pick), generator=generator)[:, None] < general
        return torch.where(use.to(self._device), self._embedded(other), self.names)


def _rows(clip: Clip, words: Words) -> list[tuple[list[str], list[str]]]:
    """A clip's own captions and those of its action, as recorded and mirrored."""
    captions, others = list(clip.captions), words.captions_of(clip) or list(clip.captions)
    swapped = tuple([swap_sides(text) for text in texts] for texts in (captions, others))
    return [(captions, others), (swapped[0], swapped[1])]


def _table(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ragged rows of indices → a padded table and the rows' lengths."""
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])
