"""The reader: which known action a text asks for, how sure that is, and whether the text says anything at all.

A small network on the text's embedding and on its words. A vote of the nearest known texts names the right action less
often, and says less well how sure it is (docs/experiments.md).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from . import project_folders
from .errors import ModelFolderError
from .files.writing import write_atomically
from .labels import NORMAL
from .models.byte_vectors import from_bytes, to_bytes
from .models.storage import READER_FILE
from .prompt_parsing import stem

HIDDEN, WORDS_WIDTH = 640, 80
PIECES_OF_A_NAME, PIECES_OF_WORDS = 3, 2.5  # per word at most, where no word is known
MATRICES = ("terms.weight", "up.weight", "down.weight", "across.weight")
BIASES = ("up.bias", "down.bias", "across.bias")
# Says nothing of what is done.
_STOP = frozenset([
    "a", "an", "the", "person", "man", "woman", "someone", "he", "she", "his", "her", "their", "its", "is", "of", "to",
    "in", "on", "at", "with", "and", "or", "it", "they", "them", "for", "from", "by", "as", "something", "somebody",
    "figure", "people", "guy",
])  # fmt: skip
_ARTICLES = frozenset(["a", "an", "the"])
_ACTS = re.compile(
    r"^\W*(?:(?:a|an|the)\s+(?:person|man|woman|guy|figure)|someone|somebody|he|she|they)\s+(?:(?:is|are)\s+(?=\w+ing\b))?"
)
_FOREIGN = frozenset(word for line in project_folders.lines("foreign.txt") for word in line.split())


def stems(text: str) -> list[str]:
    """The stems of a text's words that say something: "the man throws balls" → ["throw", "ball"]."""
    return [stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in _STOP]


def naming_stems(text: str) -> frozenset[str]:
    """The stems by which a text names an action: those of "a person walks like a zombie" are those of "zombie walk"."""
    return frozenset(stems(text)) - {"like"}


def name_words(text: str) -> tuple[str, ...]:
    """The stems of a text's words but who acts and articles: "a man is bowing to a crowd" → ("bow", "to", "crowd")."""
    return tuple(stem(word) for word in re.findall(r"[a-z]+", without_actor(text.lower())) if word not in _ARTICLES)


def without_actor(text: str) -> str:
    """A text in small letters without who acts: "a man is bowing to a crowd" → "bowing to a crowd"."""
    return _ACTS.sub("", text)


def terms(text: str) -> list[str]:
    """The stems of a text and its pairs of neighbouring stems."""
    words = stems(text)
    return words + [f"{a} {b}" for a, b in zip(words, words[1:], strict=False)]


@dataclass(frozen=True)
class Reading:
    """The action that a text is taken for.

    Attributes:
        action: the most likely one.
        confidence: the probability that it, or an action near it, is meant.
        known: whether that is enough to promise it.
        others: further likely actions, best first.
        shares: (actions,) the probability of each action.
        style: how it is to be done; NORMAL for no style.
    """

    action: str
    confidence: float
    known: bool
    others: tuple[str, ...]
    shares: torch.Tensor = field(compare=False, repr=False)
    style: str = NORMAL


def unity(whole: Reading, parts: Sequence[Reading]) -> float:
    """Compare two explanations of a text: one action for the whole, or one action for each part.

    One action makes the whole and each part likely, as in "slips and falls". Several actions each make their own part
    likely. All actions are equally likely before.

    Args:
        whole: the reading of the whole text.
        parts: the readings of its parts.

    Returns:
        The logarithm of the Bayes factor; above 0 one action is more probable.
    """
    shares = torch.stack([part.shares for part in parts])
    one = (whole.shares * shares.prod(0)).sum().clamp(min=1e-12).log() + (len(parts) - 1) * math.log(len(shares[0]))
    return float(one - shares.amax(1).log().sum())


class Network(nn.Module):
    """Embeddings and terms of texts → scores of actions, and of "none of them".

    Args:
        width: the size of the embeddings.
        vocabulary: the number of terms.
        actions: the number of actions.
        hidden: the width of the hidden layer.
        of_terms: the size of a term's vector.
    """

    def __init__(
        self, width: int, vocabulary: int, actions: int, hidden: int = HIDDEN, of_terms: int = WORDS_WIDTH
    ) -> None:
        super().__init__()
        self.terms = nn.EmbeddingBag(vocabulary + 1, of_terms, mode="sum", padding_idx=vocabulary)
        nn.init.normal_(self.terms.weight, std=0.05)
        self.up = nn.Linear(width + of_terms, hidden)
        self.drop = nn.Dropout(0.5)
        self.down = nn.Linear(hidden, actions + 1)
        self.across = nn.Linear(width + of_terms, actions + 1)

    def forward(self, z: torch.Tensor, index: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Score the actions for texts.

        Args:
            z: (N, width) embeddings of unit length.
            index: (N, terms) numbers of each text's terms.
            weight: (N, terms) their weights.

        Returns:
            (N, actions + 1) scores; the last is that of texts that ask for no known action.
        """
        if self.training:  # single terms are left out, and at times all: unseen texts have few known ones
            weight = weight * (torch.rand_like(weight) > 0.5) * 2 * (torch.rand(len(weight), 1) > 0.2)
        x = torch.cat([z * z.shape[-1] ** 0.5, 5 * self.terms(index, per_sample_weights=weight)], dim=-1)
        return self.down(self.drop(functional.gelu(self.up(x)))) + self.across(x)


@dataclass(frozen=True)
class StyleHead:
    """Decides which style a text asks for, by a linear map of its embedding.

    Attributes:
        names: the styles, NORMAL among them.
        weight: (styles, D) of embeddings of unit length.
        bias: (styles,).
    """

    names: tuple[str, ...]
    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def none(cls) -> StyleHead:
        """Knows no style."""
        return cls((NORMAL,), torch.zeros(1, 1), torch.zeros(1))

    def fits(self, width: int) -> bool:
        """Say whether it is whole, and reads embeddings of this width."""
        several = len(self.names) > 1
        return len(self.names) == len(self.weight) == len(self.bias) and (not several or self.weight.shape[1] == width)

    def read(self, z: torch.Tensor) -> list[str]:
        """Read styles.

        Args:
            z: (N, D) embeddings of unit length.

        Returns:
            The likeliest style of each.
        """
        if len(self.names) == 1:
            return [*self.names] * len(z)
        return [self.names[number] for number in (z @ self.weight.T + self.bias).argmax(1).tolist()]


class Reader:
    """Decides which action a text means, and in which style.

    Args:
        network: scores the actions.
        vocabulary: the terms that it knows.
        rarity: (terms,) the weight of each term.
        near: for each action, in the network's order, the other actions that are right as well.
        threshold: the confidence from which on an action is known.
        styles: decides on the style.
    """

    def __init__(
        self,
        network: Network,
        vocabulary: Sequence[str],
        rarity: torch.Tensor,
        near: dict[str, list[str]],
        threshold: float,
        styles: StyleHead | None = None,
    ) -> None:
        self.network, self.vocabulary, self.near, self.threshold = network, list(vocabulary), near, threshold
        self.styles = styles or StyleHead.none()
        self.actions = list(near)
        self._number = {term: number for number, term in enumerate(self.vocabulary)}
        self._named = {name_words(action): action for action in self.actions}
        self._words = {word for term in self.vocabulary for word in term.split()}
        self._rarity = torch.cat([rarity, torch.zeros(1)])
        place = {action: number for number, action in enumerate(self.actions)}
        self._right = torch.eye(len(place))
        for action, others in near.items():
            self._right[place[action], [place[other] for other in others]] = 1

    def scores(self, texts: Sequence[str], z: torch.Tensor) -> torch.Tensor:
        """Give each action's probability.

        Args:
            texts: the texts.
            z: (N, D) their embeddings of unit length.

        Returns:
            (N, actions) probabilities. What is missing to 1 is the probability that the text asks for none of them.
        """
        with torch.inference_mode():
            return self.network.eval()(z, *self.tables(texts)).softmax(-1)[:, :-1]

    def read(self, texts: Sequence[str], z: torch.Tensor) -> list[Reading]:
        """Read texts. Who names an action gets it.

        Args:
            texts: the texts.
            z: (N, D) their embeddings of unit length.

        Returns:
            A reading for each text.
        """
        probabilities = self.scores(texts, z)
        promises = probabilities @ self._right.T
        readings = []
        for text, row, row_promises, style in zip(texts, probabilities, promises, self.styles.read(z), strict=True):
            first, *others = row.topk(min(4, len(self.actions))).indices.tolist()
            confidence = float(row_promises[first])
            likely = tuple(self.actions[other] for other in others if row[other] > 0.15 * row[first])
            reading = Reading(self.actions[first], confidence, confidence >= self.threshold, likely, row, style)
            named = self._named.get(name_words(text))
            readings.append(replace(reading, action=named, confidence=1.0, known=True) if named else reading)
        return readings

    def tables(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Look up the known terms of texts.

        Args:
            texts: the texts.

        Returns:
            (N, terms) numbers of the terms, and (N, terms) their weights: rare terms weigh more, and the weights of a
            text have unit length.
        """
        lists = [[self._number[t] for t in terms(text) if t in self._number] for text in texts]
        index = torch.full((len(texts), max([1, *map(len, lists)])), len(self.vocabulary))
        for row, numbers in enumerate(lists):
            index[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.long)
        weight = self._rarity[index]
        return index, weight / weight.norm(dim=1, keepdim=True).clamp(min=1e-6)

    def foreign(self, text: str) -> bool:
        """Say whether a text is in another language.

        Args:
            text: the text.

        Returns:
            True if it has other letters, or more frequent words of other languages than known words.
        """
        letters = [c for c in text if c.isalpha()]
        if sum(ord(c) > 0x24F for c in letters) > 0.5 * len(letters):
            return True
        words = re.findall(r"\w+", text.lower())
        strange = [word for word in words if word in _FOREIGN or any(ord(c) > 0x7F for c in word)]
        known = [word for word in words if word not in strange and word not in _STOP and self._knows(word)]
        return len(strange) >= 2 and len(strange) > len(known)

    def meaningless(self, text: str, pieces: Callable[[str], Sequence[int]]) -> bool:
        """Say whether the words of a text mean nothing.

        Args:
            text: the text.
            pieces: text → the number of pieces into which the tower cuts each word. A name is cut into few pieces.
                Several unknown words are hardly all names.

        Returns:
            True if no word is known and they do not look like names.
        """
        words = re.findall(r"[^\W\d_]+", text.lower())
        telling = [word for word in words if word not in _STOP]
        if not telling or any(self._knows(word) for word in telling):
            return not words
        most = PIECES_OF_A_NAME if len(telling) == 1 else PIECES_OF_WORDS
        return sum(pieces(" ".join(telling))) > most * len(telling)

    def _knows(self, word: str) -> bool:
        """Whether a word that says something is among the known terms."""
        return stem(word) in self._words

    def save(self, folder: Path) -> None:
        """Write FOLDER/reader.safetensors: matrices as bytes with a scale for each row, the rest in half precision.

        Args:
            folder: the model folder.

        Raises:
            FileAccessError: where the file can't be written.
        """
        header = {
            "vocabulary": json.dumps(self.vocabulary, separators=(",", ":")),
            "near": json.dumps(self.near, separators=(",", ":")),
            "threshold": repr(self.threshold),
            "styles": json.dumps(self.styles.names, separators=(",", ":")),
        }
        tensors = {"rarity": self._rarity[:-1].half()}
        tensors |= {"styles.weight": self.styles.weight.half(), "styles.bias": self.styles.bias.half()}
        for key, value in self.network.state_dict().items():
            tensors |= to_bytes(key, value) if value.ndim == 2 else {key: value.half()}
        write_atomically(folder / READER_FILE, lambda path: save_file(tensors, path, metadata=header))

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """Read FOLDER/reader.safetensors.

        Args:
            folder: the model folder.

        Returns:
            The reader.

        Raises:
            ModelFolderError: for a file that holds no reader.
            OSError: where it can't be opened.
        """
        path = folder / READER_FILE
        try:
            with safe_open(path, framework="pt") as file:
                header = file.metadata() or {}
                near, vocabulary = json.loads(header["near"]), json.loads(header["vocabulary"])
                threshold = float(header["threshold"])
                state = {key: from_bytes(key, file) for key in MATRICES} | {
                    key: file.get_tensor(key).float() for key in BIASES
                }
                rarity = file.get_tensor("rarity").float()
                if len(state["down.bias"]) == len(near) or "styles" not in header:
                    raise ModelFolderError(
                        f"{path}: is of an earlier version, which reads no styles, or knows no answer for texts that "
                        "ask for no action; make it again with `motionclip index --data FOLDER --model FOLDER`"
                    )
                head = (file.get_tensor("styles.weight").float(), file.get_tensor("styles.bias").float())
                styles = StyleHead(tuple(json.loads(header["styles"])), *head)
            hidden, width = state["up.weight"].shape
            of_terms = state["terms.weight"].shape[1]
            if not styles.fits(width - of_terms):
                raise ValueError(f"styles: {len(styles.names)} names, {tuple(styles.weight.shape)} weights")
            network = Network(width - of_terms, len(vocabulary), len(near), hidden, of_terms)
            network.load_state_dict(state)
            network.eval().requires_grad_(False)
            return cls(network, vocabulary, rarity, near, threshold, styles)
        except ModelFolderError:
            raise
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            raise ModelFolderError(f"{path}: is not a reader of texts ({error})") from error
