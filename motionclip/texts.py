"""What can be said of each clip: its captions, paraphrases of its action and style, all with their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from .data import Clip, swap_sides
from .json_file import read_json
from .towers import TextTower


@dataclass(frozen=True)
class Paraphrases:
    """Other words for actions and for styles; a styled text is "ACTION STYLE", as in "march on shyly"."""

    actions: dict[str, list[str]]
    styles: dict[str, list[str]]

    @classmethod
    def load(cls, path: str | Path | None) -> Paraphrases:
        """Read {"actions": {name: [text, …]}, "styles": {…}}; none at all for a path of None."""
        if path is None:
            return cls({}, {})
        content = read_json(Path(path))
        return cls(content["actions"], content["styles"])

    def of(self, clip: Clip) -> list[str]:
        """Every paraphrase that is right for a clip."""
        actions = self.actions.get(clip.action, [])
        if clip.style == "normal":
            return list(actions)
        return [f"{action} {style}" for action in [clip.action, *actions] for style in self.styles.get(clip.style, [])]


class TextPool:
    """Embeddings of all texts of all clips, as recorded and mirrored, from which a step draws."""

    def __init__(
        self, clips: Sequence[Clip], actions: Sequence[str], paraphrases: Paraphrases, tower: TextTower
    ) -> None:
        self.actions = list(actions)
        index: dict[str, int] = {}

        def indices(texts: Sequence[str]) -> torch.Tensor:
            return torch.tensor([index.setdefault(text, len(index)) for text in texts])

        self._captions: list[torch.Tensor] = []
        self._others: list[torch.Tensor] = []
        for clip in clips:
            captions, others = list(clip.captions), paraphrases.of(clip)
            for swap in (False, True):  # row 2·clip as recorded, 2·clip + 1 mirrored
                say = [swap_sides(text) for text in captions] if swap else captions
                other = [swap_sides(text) for text in others] if swap else others
                self._captions.append(indices(say))
                self._others.append(indices(other or say))
        names = torch.stack([indices([action])[0] for action in self.actions])
        prototypes = [indices([action, *paraphrases.actions.get(action, [])]) for action in self.actions]
        self.embeddings = tower.encode(list(index))
        self.names = self.embeddings[names]
        self._captions_table, self._captions_count = _table(self._captions)
        self._others_table, self._others_count = _table(self._others)
        self._prototypes_table, self._prototypes_count = _table(prototypes)
        number = {action: i for i, action in enumerate(self.actions)}
        self._labels = torch.tensor(
            [
                number[swap_sides(clip.action) if swap and swap_sides(clip.action) in number else clip.action]
                for clip in clips
                for swap in (False, True)
            ]
        )

    def labels(self, clip: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
        """(batch,) index of each window's action; a mirrored "turn left" is a "turn right"."""
        return self._labels[2 * clip + mirrored]

    def draw(
        self, clip: torch.Tensor, mirrored: torch.Tensor, paraphrased: float, generator: torch.Generator
    ) -> torch.Tensor:
        """(batch, D): a random caption of each window, or with the probability `paraphrased` a paraphrase."""
        row = 2 * clip + mirrored
        pick = torch.rand(len(row), generator=generator)
        caption = self._captions_table[row, (pick * self._captions_count[row]).long()]
        other = self._others_table[row, (pick * self._others_count[row]).long()]
        return self.embeddings[torch.where(torch.rand(len(row), generator=generator) < paraphrased, other, caption)]

    def draw_prototypes(self, paraphrased: float, generator: torch.Generator) -> torch.Tensor:
        """(actions, D): each action's name, or with the probability `paraphrased` other words for it."""
        pick = torch.rand(len(self.actions), generator=generator)
        other = self._prototypes_table[torch.arange(len(pick)), (pick * self._prototypes_count).long()]
        use = torch.rand(len(pick), generator=generator)[:, None] < paraphrased
        return torch.where(use, self.embeddings[other], self.names)


def _table(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ragged rows of indices → a padded table and the rows' lengths."""
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])
