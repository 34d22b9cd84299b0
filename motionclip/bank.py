"""The bank: latents of the training clips' windows with their labels, the texts that describe them, and takes."""

from __future__ import annotations

import functools
import itertools
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn import functional

from .atlas import Atlas
from .errors import ModelFolderError, RequestError
from .files.writing import write_atomically
from .labels import NORMAL, label, phrase
from .models.byte_vectors import from_bytes, to_bytes
from .models.storage import BANK_FILE
from .recognition import cosines
from .takes import HEADER as TAKES
from .takes import TakeLabel, Takes

TEMPERATURE = 0.02  # of the weights of an action's texts by their cosine to a prompt, see docs/experiments.md
SAME = 0.95  # the cosine from which a text says what a known one does
CONTRAST = 0.07  # the temperature that encoders are trained with
CHANGES, LIKE = 8, 0.2  # how many known changes guide an edit, and from which cosine to what is asked for
POINTS, FAMILY_OF = "map.points", "map.family"  # of the map in the bank's file
ROUNDING = 0.02  # of a unit length, in a file of bytes


@dataclass(frozen=True)
class Entry:
    """One known motion: what it shows and how, a caption, and the window of the clip that it was.

    Attributes:
        index: its number in the bank.
        clip: the name of the clip.
        action: what it shows.
        style: how; "normal" for no style.
        caption: a text that describes it.
        start: the window's first frame in the clip.
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
        return label(self.action, self.style)

    @property
    def phrase(self) -> str:
        """As people say it: "walk", "walk like an old person", or "run (injured)" for a style without words."""
        return phrase(self.action, self.style)


@dataclass(frozen=True)
class Waypoint:
    """A known motion on a way.

    Attributes:
        share: at which share of the way it is nearest, 0–1.
        place: x and y on the map, each from −1 to 1.
        entry: the known motion.
    """

    share: float
    place: tuple[float, float]
    entry: Entry


@dataclass(frozen=True)
class Traits:
    """How an action's recordings move.

    Attributes:
        arms: whether the legs stand still, or sit while the hands are at work.
        steady: whether the body ends as high as it began.
    """

    arms: bool
    steady: bool


class Bank:
    """Known motions: latents of labelled windows of motion, and of texts that describe them.

    Args:
        latents: (entries, D) of the windows.
        entries: what each window shows.
        texts: (texts, D) latents of the texts.
        shown: (texts,) the number in `actions` of what each text tells of.
        traits: how each action moves.
        atlas: the map of the entries, where it is drawn.
        takes: the known motions that generation sets out from, for models that can.
    """

    def __init__(
        self,
        latents: torch.Tensor,
        entries: Sequence[Entry],
        texts: torch.Tensor,
        shown: torch.Tensor,
        traits: dict[str, Traits],
        atlas: Atlas | None = None,
        takes: Takes | None = None,
    ) -> None:
        self.entries, self.shown, self.traits, self.atlas = list(entries), shown.long(), traits, atlas
        self.takes = takes
        self.latents, self._directions = _scaled(latents.float())
        self.texts, self._text_directions = _scaled(texts.float())

    def __len__(self) -> int:
        return len(self.entries)

    @functools.cached_property
    def actions(self) -> list[str]:
        """The action names that occur, sorted."""
        return sorted({entry.action for entry in self.entries})

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each action in `actions`."""
        return {action: number for number, action in enumerate(self.actions)}

    @functools.cached_property
    def prototypes(self) -> torch.Tensor:
        """(actions, D), unit length: the mean of each action's texts."""
        sums = torch.zeros(len(self.actions), self.texts.shape[-1]).index_add_(0, self.shown, self._text_directions)
        return functional.normalize(sums, dim=-1)

    def likeness(self, z: torch.Tensor, action: str, near: Collection[str]) -> torch.Tensor:
        """Say how likely motions show an action, or one of those near it.

        Args:
            z: (N, D) latents of the motions.
            action: the action.
            near: other actions that are right as well.

        Returns:
            (N,) probabilities.
        """
        scores = (functional.normalize(z, dim=-1) @ self.prototypes.T / CONTRAST).softmax(-1)
        wanted = [number for number, known in enumerate(self.actions) if known == action or known in near]
        return scores[:, wanted].sum(-1)

    def fit(self, z: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
        """Score how well each action fits motions, by its name and by the known motions of it.

        Args:
            z: (N, D) latents of the motions.
            names: (actions, D) latents of the actions' names.

        Returns:
            (N, actions): the mean of the cosine to the name and of the cosine to the nearest known motion of the
            action, from −1 to 1.
        """
        to_known = functional.normalize(z, dim=-1) @ self._directions.T
        nearest = to_known.new_full((len(z), len(self.actions)), -1.0)
        nearest = nearest.scatter_reduce(1, self._action_numbers.expand(len(z), -1), to_known, "amax")
        return (cosines(z, names) + nearest) / 2

    @functools.cached_property
    def _action_numbers(self) -> torch.Tensor:
        """(entries,) the number in `actions` of what each entry shows."""
        return torch.tensor([self.numbers[entry.action] for entry in self.entries])

    def says(self, z: torch.Tensor, action: str) -> bool:
        """Say whether a text is all but one of the texts that are known to tell of an action.

        Args:
            z: (D,) the text's latent.
            action: one of `actions`.

        Returns:
            True where its cosine to one of them is above 0.95.
        """
        own = self._text_directions[self.shown == self.numbers[action]]
        return bool((own @ functional.normalize(z, dim=-1) > SAME).any())

    def take_label(self, action: str, style: str) -> TakeLabel:
        """Choose the takes of an action in a style.

        Args:
            action: one of `actions`.
            style: the style.

        Returns:
            The label of these takes; of those without a style where the action is not known in it, or of what there is.

        Raises:
            ValueError: for a bank without takes.
        """
        if self.takes is None:
            raise ValueError("takes: this bank holds none")
        own = {label.style: label for label in self.takes.labels if label.action == action}
        return own.get(style) or own.get(NORMAL) or next(iter(own.values()))

    def in_styles(self, action: str) -> bool:
        """Say whether an action is known in any style."""
        return any(known == action and style != NORMAL for known, style in self._members)

    @property
    def styles(self) -> list[str]:
        """The style names that occur, sorted, NORMAL among them."""
        return sorted({entry.style for entry in self.entries})

    def nearest(self, z: torch.Tensor, count: int = 5) -> list[Entry]:
        """Find the known motions nearest to a latent.

        Args:
            z: (D,) the latent.
            count: the most known motions to return.

        Returns:
            Entries with their cosines, best first, each action and style once.
        """
        similarities = self._directions @ functional.normalize(z, dim=-1)
        found: dict[str, Entry] = {}
        for index in similarities.argsort(descending=True).tolist():
            entry = self.entries[index]
            if entry.label not in found:
                found[entry.label] = replace(entry, similarity=float(similarities[index]))
                if len(found) == count:
                    break
        return list(found.values())

    def map_position(self, z: torch.Tensor) -> tuple[float, float]:
        """Find where a latent is on the map.

        Args:
            z: (D,) the latent.

        Returns:
            x and y, each from −1 to 1.

        Raises:
            RequestError: where no map is drawn.
        """
        return self.drawn_atlas.position(self._directions @ functional.normalize(z, dim=-1))

    @property
    def drawn_atlas(self) -> Atlas:
        """The map.

        Raises:
            RequestError: where none is drawn.
        """
        if self.atlas is None:
            raise RequestError("this model has no map; draw it with `motionclip draw-map --model FOLDER`")
        return self.atlas

    def passed(self, z: torch.Tensor) -> list[tuple[int, Entry]]:
        """Find the known motions that a way passes.

        Args:
            z: (steps, D) latents on the way.

        Returns:
            In the order of the way, each label once: the step at which it is nearest, and the entry with its cosine
            there. A known motion counts where it is the nearest of all.
        """
        found: dict[str, tuple[int, Entry]] = {}
        nearest, numbers = (functional.normalize(z, dim=-1) @ self._directions.T).max(dim=1)
        for step, (cosine, number) in enumerate(zip(nearest.tolist(), numbers.tolist(), strict=True)):
            entry = replace(self.entries[number], similarity=cosine)
            if entry.label not in found or found[entry.label][1].similarity < cosine:
                found[entry.label] = step, entry
        return sorted(found.values(), key=lambda one: one[0])

    def find(self, label: str) -> Entry:
        """Find the most typical entry of a label.

        Args:
            label: "walk" or "walk (old)".

        Returns:
            The entry nearest to the mean of all that have this label.

        Raises:
            RequestError: for an unknown label.
        """
        members = [entry.index for entry in self.entries if entry.label == label]
        if not members:
            raise RequestError(
                f"there is no known motion {label!r}; the map shows them all, and in Python `bank.labels` lists them"
            )
        latents = self._directions[members]
        return self.entries[members[int((latents @ latents.mean(0)).argmax())]]

    @property
    def labels(self) -> list[str]:
        """Every label that `find` takes, sorted."""
        return sorted({entry.label for entry in self.entries})

    def changes_like(self, change: torch.Tensor) -> torch.Tensor:
        """Find the known styles that change an action as asked.

        Args:
            change: (D,) difference of two latents.

        Returns:
            (pairs, 2, D), at most 8 pairs: the mean latents of an action without a style and with it.
        """
        before, after = self._styled
        likeness = functional.cosine_similarity(after - before, change, dim=-1)
        best = likeness.topk(min(CHANGES, len(likeness)))
        picked = best.indices[best.values > LIKE]
        return torch.stack([before[picked], after[picked]], dim=1)

    @functools.cached_property
    def _members(self) -> dict[tuple[str, str], list[int]]:
        """The numbers of the entries of each action and style."""
        members: dict[tuple[str, str], list[int]] = defaultdict(list)
        for entry in self.entries:
            members[entry.action, entry.style].append(entry.index)
        return members

    @functools.cached_property
    def _styled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(pairs, D) twice: the mean latents of each action that is known in a style, without and with it."""
        means = {key: functional.normalize(self.latents[own].mean(0), dim=-1) for key, own in self._members.items()}
        pairs = [(means[a, NORMAL], z) for (a, style), z in means.items() if style != NORMAL and (a, NORMAL) in means]
        if not pairs:
            return self.latents[:0], self.latents[:0]
        before, after = zip(*pairs, strict=True)
        return torch.stack(before), torch.stack(after)

    def drawn(self, z: torch.Tensor, actions: Sequence[str], closeness: float) -> torch.Tensor:
        """Draw latents of texts to what the decoder knows of their actions. Their lengths stay in the scale of texts.

        Args:
            z: (N, D) latents of the texts.
            actions: N of the bank's actions.
            closeness: from 0, which leaves them, to 1. With 1 it is the mean of the texts that the decoder was trained
                with for the action; those nearest to the prompt count most.

        Returns:
            (N, D) latents.
        """
        if not closeness:
            return z
        length, z = z.norm(dim=-1, keepdim=True), functional.normalize(z, dim=-1)
        numbers = torch.tensor([self.numbers[action] for action in actions])
        weights = (
            (z @ self._text_directions.T / TEMPERATURE)
            .masked_fill(self.shown != numbers[:, None], -torch.inf)
            .softmax(-1)
        )
        known = functional.normalize(weights @ self._text_directions, dim=-1)
        long = weights @ self.texts.norm(dim=-1, keepdim=True)
        return functional.normalize(torch.lerp(z, known, closeness), dim=-1) * torch.lerp(length, long, closeness)

    def save(self, folder: Path) -> None:
        """Write FOLDER/bank.safetensors: vectors as bytes with a scale each, the map, the labels as JSON.

        Args:
            folder: the model folder.

        Raises:
            FileAccessError: where the file can't be written.
        """
        labelled = itertools.groupby(self.entries, key=lambda entry: (entry.action, entry.style))
        rows = [[*label, [[e.clip, e.caption, e.start] for e in entries]] for label, entries in labelled]
        traits = {action: [trait.arms, trait.steady] for action, trait in self.traits.items()}
        header = {
            name: json.dumps(value, separators=(",", ":")) for name, value in (("entries", rows), ("traits", traits))
        }
        tensors = {"texts.shown": self.shown.short()}
        tensors |= to_bytes("latents", self.latents) | to_bytes("texts", self.texts)
        if self.takes is not None:
            stored, named = self.takes.stored()
            tensors, header = tensors | stored, header | named
        if self.atlas is not None:
            drawn, named = _stored(self.atlas)
            tensors, header = tensors | drawn, header | named
        write_atomically(folder / BANK_FILE, lambda path: save_file(tensors, path, metadata=header))

    @classmethod
    def load(cls, folder: Path) -> Bank:
        """Read FOLDER/bank.safetensors.

        Args:
            folder: the model folder.

        Returns:
            The bank, with its map and its takes where the file has them.

        Raises:
            ModelFolderError: for a file that holds no bank.
            OSError: where it can't be opened.
        """
        path = folder / BANK_FILE
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                rows = [
                    (clip, action, style, caption, start)
                    for action, style, windows in json.loads(header["entries"])
                    for clip, caption, start in windows
                ]
                traits = {action: Traits(*each) for action, each in json.loads(header["traits"]).items()}
                latents, texts = from_bytes("latents", file), from_bytes("texts", file)
                shown = file.get_tensor("texts.shown").long()
                takes = Takes.read(file, header) if TAKES in header else None
                atlas = None
                if "families" in header:
                    names = tuple(json.loads(header["families"]))
                    atlas = Atlas(file.get_tensor(POINTS).float(), names, file.get_tensor(FAMILY_OF).long())
            entries = [Entry(index, *row) for index, row in enumerate(rows)]
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFolderError(f"{path}: is not a bank of motions ({error})") from error
        if len(entries) != len(latents):
            raise ModelFolderError(f"{path}: entries: {len(entries)} labels for {len(latents)} latents")
        if takes is not None:
            _check_takes(path, takes, entries)
        bank = cls(latents, entries, texts, shown, traits, atlas, takes)
        if shown.shape != texts.shape[:1] or not ((shown >= 0) & (shown < len(bank.actions))).all():
            raise ModelFolderError(
                f"{path}: texts.shown: must be the number of an action for each of {len(texts)} texts"
            )
        if atlas is not None:
            _check_atlas(path, atlas, len(entries), len(bank.actions))
        return bank


def store_atlas(folder: Path, atlas: Atlas) -> None:
    """Put a map into the bank's file in FOLDER; all else in it stays as it is, byte for byte.

    Args:
        folder: the model folder.
        atlas: the map.

    Raises:
        FileAccessError: where the file can't be written.
        OSError: where it can't be opened.
    """
    path = folder / BANK_FILE
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = file.metadata()
    drawn, named = _stored(atlas)
    write_atomically(path, lambda new: save_file(tensors | drawn, new, metadata=header | named))


def _stored(atlas: Atlas) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """A map's tensors and header in the bank's file."""
    tensors = {POINTS: atlas.points.half(), FAMILY_OF: atlas.family_of.to(torch.uint8)}
    return tensors, {"families": json.dumps(atlas.families, separators=(",", ":"))}


def _check_takes(path: Path, takes: Takes, entries: Sequence[Entry]) -> None:
    if missing := takes.missing({(entry.action, entry.style) for entry in entries}):
        action, style = missing
        raise ModelFolderError(f"{path}: takes: no window is typical of {action!r} in the style {style!r}")


def _check_atlas(path: Path, atlas: Atlas, entries: int, actions: int) -> None:
    if atlas.points.shape != (entries, 2) or not torch.isfinite(atlas.points).all():
        raise ModelFolderError(f"{path}: {POINTS}: must be two finite numbers for each of {entries} entries")
    if atlas.family_of.shape != (actions,) or not (atlas.family_of < len(atlas.families)).all():
        raise ModelFolderError(f"{path}: {FAMILY_OF}: must be the number of a family for each of {actions} actions")


def _scaled(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (N, D) as they are, and at unit length; one tensor where that is their length, rounded or not."""
    directions = functional.normalize(z, dim=-1)
    return (directions if ((z.norm(dim=-1) - 1).abs() < ROUNDING).all() else z), directions
