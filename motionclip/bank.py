"""The bank: latents of the training clips' windows with their labels — the paper's "data" motions, without the data."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn import functional

from .data import Clip, cut_windows
from .texts import Paraphrases
from .towers import TextTower
from .weights import BANK, Model, ModelFolderError, write_atomically

MAX_WINDOWS_A_CLIP = 3
# How texts are drawn to known ones; chosen on configs/out_of_domain.csv, see docs/experiments.md.
NEIGHBOURS, TEMPERATURE = 10, 0.03
CHANGES, LIKE = 8, 0.5  # how many known changes guide an edit, and from which cosine to what is asked for
ROUNDING = 0.02  # of a unit length, in a file of bytes
SAME, FOREIGN = 0.9, 0.75  # cosines from which a text is a known one, and below which it is none


@dataclass(frozen=True)
class Entry:
    """One known motion: what it shows and how, a caption, and the window of the clip that it was.

    similarity: cosine to what was asked for, where the entry is an answer.
    """

    index: int
    clip: str
    action: str
    style: str
    caption: str
    start: int
    similarity: float = 1.0

    @property
    def label(self) -> str:
        """ "walk", or "walk (old)"."""
        return self.action if self.style == "normal" else f"{self.action} ({self.style})"


class Bank:
    """Latents (entries, D) of labelled windows of motion, and of texts (texts, D) said of them, in the tower's scale.

    shown: (texts,) which of `actions` each text tells of.
    """

    def __init__(
        self, latents: torch.Tensor, entries: Sequence[Entry], texts: torch.Tensor, shown: torch.Tensor
    ) -> None:
        self.entries, self.shown = list(entries), shown.long()
        self.latents, self._directions = _scaled(latents.float())
        self.texts, self._said = _scaled(texts.float())

    def __len__(self) -> int:
        return len(self.entries)

    @functools.cached_property
    def actions(self) -> list[str]:
        """The action names that occur, sorted."""
        return sorted({entry.action for entry in self.entries})

    @property
    def styles(self) -> list[str]:
        """The style names that occur, sorted, "normal" among them."""
        return sorted({entry.style for entry in self.entries})

    def nearest(self, z: torch.Tensor, count: int = 5) -> list[Entry]:
        """The known motions nearest to a latent (D,), best first, each action and style once."""
        similarities = self._directions @ functional.normalize(z, dim=-1)
        found: dict[str, Entry] = {}
        for index in similarities.argsort(descending=True).tolist():
            entry = self.entries[index]
            if entry.label not in found:
                found[entry.label] = Entry(**vars(entry) | {"similarity": float(similarities[index])})
                if len(found) == count:
                    break
        return list(found.values())

    def find(self, label: str) -> Entry:
        """The most typical entry of a label, "walk" or "walk (old)". Raises ValueError for an unknown one."""
        members = [entry.index for entry in self.entries if entry.label == label]
        if not members:
            raise ValueError(f"the bank knows no motion {label!r}")
        latents = self._directions[members]
        return self.entries[members[int((latents @ latents.mean(0)).argmax())]]

    @property
    def labels(self) -> list[str]:
        """Every label that `find` takes, sorted."""
        return sorted({entry.label for entry in self.entries})

    def changes_like(self, change: torch.Tensor) -> torch.Tensor:
        """(pairs, 2, D): actions without a style and with one, where that changes latents as `change` (D,) does."""
        before, after = self._styled
        likeness = functional.cosine_similarity(after - before, change, dim=-1)
        best = likeness.topk(min(CHANGES, len(likeness)))
        picked = best.indices[best.values > LIKE]
        return torch.stack([before[picked], after[picked]], dim=1)

    @functools.cached_property
    def _styled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(pairs, D) twice: the mean latents of each action that is known in a style, without and with it."""
        members: dict[tuple[str, str], list[int]] = defaultdict(list)
        for entry in self.entries:
            members[entry.action, entry.style].append(entry.index)
        means = {key: functional.normalize(self.latents[index].mean(0), dim=-1) for key, index in members.items()}
        pairs = [
            (means[a, "normal"], z) for (a, style), z in means.items() if style != "normal" and (a, "normal") in means
        ]
        if not pairs:
            return self.latents[:0], self.latents[:0]
        before, after = zip(*pairs, strict=True)
        return torch.stack(before), torch.stack(after)

    def familiarity(self, z: torch.Tensor) -> float:
        """How near a text's latent (D,) is to the nearest text that the decoder was trained with, as a cosine."""
        return float((self._said @ functional.normalize(z, dim=-1)).max())

    def pull(self, z: torch.Tensor, closeness: float) -> torch.Tensor:
        """Latents of texts (N, D) drawn to where the decoder knows its way, in their own scale.

        closeness: 0 leaves them. With 1, the nearest texts that the decoder was trained with vote for an action, by
        softmax(cosine / temperature), and the mean of those that tell of it is taken: between two actions the
        decoder would show neither. A text that is nearly one of the known ones stays what it is.
        """
        if not closeness:
            return z
        length, z = z.norm(dim=-1, keepdim=True), functional.normalize(z, dim=-1)
        similarity, index = (z @ self._said.T).topk(min(NEIGHBOURS, len(self.texts)), dim=-1)
        weight, shown = functional.softmax(similarity / TEMPERATURE, dim=-1), self.shown[index]
        votes = torch.zeros(len(z), len(self.actions)).scatter_add_(1, shown, weight)
        weight = weight * (shown == votes.argmax(1, keepdim=True))
        known = functional.normalize((weight[..., None] * self._said[index]).sum(-2), dim=-1)
        long = (weight * self.texts[index].norm(dim=-1)).sum(-1, keepdim=True) / weight.sum(-1, keepdim=True)
        drawn = closeness * ((SAME - similarity[:, :1]) / (SAME - FOREIGN)).clamp(0, 1)
        return functional.normalize(torch.lerp(z, known, drawn), dim=-1) * torch.lerp(length, long, drawn)

    def save(self, folder: Path) -> None:
        """Write FOLDER/bank.safetensors: vectors as bytes with a scale each, the labels as JSON in the header."""
        rows = [[e.clip, e.action, e.style, e.caption, e.start] for e in self.entries]
        header = {"entries": json.dumps(rows, separators=(",", ":"))}
        tensors = {"texts.shown": self.shown.short()}
        for name, vectors in (("latents", self.latents), ("texts", self.texts)):
            scale = vectors.abs().amax(dim=1, keepdim=True).clamp(min=1e-6) / 127
            tensors |= {name: (vectors / scale).round().to(torch.int8), f"{name}.scale": scale.half()}
        write_atomically(folder / BANK, lambda path: save_file(tensors, path, metadata=header))

    @classmethod
    def load(cls, folder: Path) -> Bank:
        """Read FOLDER/bank.safetensors. Raises ModelFolderError for a file that holds no bank."""
        path = folder / BANK
        try:
            with safe_open(path, framework="pt") as file:
                rows = json.loads((file.metadata() or {})["entries"])
                latents, texts = (
                    file.get_tensor(name).float() * file.get_tensor(f"{name}.scale").float()
                    for name in ("latents", "texts")
                )
                shown = file.get_tensor("texts.shown").long()
            entries = [Entry(index, *row) for index, row in enumerate(rows)]
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFolderError(f"{path}: is not a bank of motions ({error})") from error
        if len(entries) != len(latents):
            raise ModelFolderError(f"{path}: entries: {len(entries)} labels for {len(latents)} latents")
        bank = cls(latents, entries, texts, shown)
        if shown.shape != texts.shape[:1] or not ((shown >= 0) & (shown < len(bank.actions))).all():
            raise ModelFolderError(
                f"{path}: texts.shown: must be the number of an action for each of {len(texts)} texts"
            )
        return bank


def build_bank(model: Model, clips: Sequence[Clip], paraphrases: Paraphrases, tower: TextTower) -> Bank:
    """Encode windows of each clip, half a window apart and at most 3 a clip, and the texts that describe the clips."""
    latents: list[torch.Tensor] = []
    entries: list[Entry] = []
    window = model.config.window
    for clip in clips:
        stride = max(window // 2, (len(clip.motion) - window) // (MAX_WINDOWS_A_CLIP - 1) + 1)
        cuts = cut_windows(clip.motion, window, stride)
        latents.append(model.encode_windows(cuts))
        for number in range(len(cuts)):
            start = min(number * stride, max(len(clip.motion) - window, 0))
            entries.append(Entry(len(entries), clip.name, clip.action, clip.style, clip.captions[0], start))
    actions = sorted({clip.action for clip in clips})
    said = {caption: clip.action for clip in clips for caption in clip.captions}
    said |= {text: action for action in actions for text in [action, *paraphrases.actions.get(action, [])]}
    texts = sorted(said)
    shown = torch.tensor([actions.index(said[text]) for text in texts])
    return Bank(torch.cat(latents), entries, tower.encode(texts), shown)


def _scaled(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (N, D) as they are, and at unit length; one tensor where that is their length, rounded or not."""
    directions = functional.normalize(z, dim=-1)
    return (directions if ((z.norm(dim=-1) - 1).abs() < ROUNDING).all() else z), directions
