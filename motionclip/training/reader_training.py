"""Trains the reader of texts that belongs to a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch.nn import functional

from ..reader import Network, Reader, terms
from ..towers.interface import TextTower
from .captions import KINDS, OWN, Words

COMMON_WORD, COMMON_PAIR = 2, 3  # texts at least that a stem or a pair of stems is in, so that it is learned
EVOKED = 0.5  # how often an association is shown, where a caption is shown once
# Share of right answers that "known" is set to give on the words that the threshold is chosen on. 95 % are promised; on
# lists that nobody saw it is a little less. With more, fewer than 60 % of the val captions would be known.
PROMISE = 0.965


def train_reader(
    words: Words,
    actions: Sequence[str],
    tower: TextTower,
    styles: Collection[tuple[str, str]] = (),
    seed: int = 0,
    epochs: int = 20,
) -> Reader:
    """Train a reader of texts on the words of train, val and the project's own.

    The confidence from which a reading is "known" is chosen on the val words, by a reader that has not seen them.

    Args:
        words: phrases of the actions.
        actions: the actions.
        tower: the text tower.
        styles: pairs of an action and a style that were recorded.
        seed: of everything random.
        epochs: how often each text is seen.

    Returns:
        The reader.
    """
    styled = [(f"{action} {text}", action) for action, style in sorted(styles) for text in words.styles.get(style, [])]
    trial = _fitted(words, actions, tower, ("train", OWN), styled, seed, epochs)
    texts, owners = _phrases(words, actions, ("captions",), ("val",))
    found = trial.scores(texts, tower.encode(texts))
    first = found.argmax(1)
    sure = (found @ trial._right.T).gather(1, first[:, None])[:, 0]
    right = trial._right[owners, first] > 0
    reader = _fitted(words, actions, tower, ("train", "val", OWN), styled, seed, epochs)
    reader.threshold = _threshold(sure, right)
    return reader


def _threshold(sure: torch.Tensor, right: torch.Tensor) -> float:
    """The least confidence down to which PROMISE of the answers are right; 1 for none.

    By a logistic fit of right answers (N,) to the logits of confidences (N,): which of the few wrong ones come first is
    chance, and a threshold that is counted off them would be, too.
    """
    from sklearn.linear_model import LogisticRegression

    if right.all():
        return float(sure.min())
    logits = sure.clamp(1e-6, 1 - 1e-6).logit()[:, None].numpy()
    likely = LogisticRegression(C=1e6).fit(logits, right.numpy()).predict_proba(logits)[:, 1]
    order = sure.argsort(descending=True)
    share = torch.from_numpy(likely)[order].cumsum(0) / torch.arange(1, len(order) + 1)
    kept = int((share >= PROMISE).sum())
    return float(sure[order[kept - 1]]) if kept else 1.0


def _phrases(
    words: Words, actions: Sequence[str], kinds: Sequence[str], splits: Sequence[str]
) -> tuple[list[str], torch.Tensor]:
    rows = [(text, n) for n, action in enumerate(actions) for text in words.phrases(action, kinds, splits)]
    return [text for text, _ in rows], torch.tensor([n for _, n in rows])


def _fitted(
    words: Words,
    actions: Sequence[str],
    tower: TextTower,
    splits: Sequence[str],
    styled: Sequence[tuple[str, str]],
    seed: int,
    epochs: int,
) -> Reader:
    """Trained with mixed examples, as mixup does (Zhang et al. 2018): it errs less, and knows better when it may."""
    names = list(actions)
    texts, labels, share = _examples(words, names, splits, styled)
    counts = Counter(term for text in texts for term in set(terms(text)))
    vocabulary = sorted(
        term for term, count in counts.items() if count >= (COMMON_PAIR if " " in term else COMMON_WORD)
    )
    rarity = torch.tensor([len(texts) / counts[term] for term in vocabulary]).log()
    near = {name: [other for other in words.near.get(name, []) if other in set(names)] for name in names}
    torch.manual_seed(seed)
    reader = Reader(Network(tower.dim, len(vocabulary), len(names)), vocabulary, rarity, near, 1.0)
    targets = _targets(reader)
    z, (index, weight) = functional.normalize(tower.encode(texts), dim=-1), reader.tables(texts)
    network, size = reader.network.train(), 256
    steps = epochs * len(texts) // size
    optimizer, schedule = _optimizer(network, steps)
    for _ in range(steps):
        one = torch.multinomial(share, size, replacement=True)
        two, mix = one[torch.randperm(size)], 0.5 * torch.rand(size, 1)
        x = torch.lerp(z[one], z[two], mix)
        x = functional.normalize(x + 0.04 * torch.randn_like(x), dim=-1)
        both = torch.cat([(1 - mix) * weight[one], mix * weight[two]], dim=1)
        scores = network(x, torch.cat([index[one], index[two]], dim=1), both)
        wanted = torch.lerp(targets[labels[one]], targets[labels[two]], mix)
        loss = functional.cross_entropy(scores, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval().requires_grad_(False)
    return reader


def _examples(
    words: Words, names: Sequence[str], splits: Sequence[str], styled: Sequence[tuple[str, str]]
) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """Texts, the number of each one's action, and in which share they are drawn."""
    found = {kind: _phrases(words, names, (kind,), splits) for kind in KINDS}
    texts = [text for phrases, _ in found.values() for text in phrases] + [text for text, _ in styled] + list(names)
    of_styled = torch.tensor([names.index(action) for _, action in styled], dtype=torch.long)
    labels = torch.cat([*(owners for _, owners in found.values()), of_styled, torch.arange(len(names))])
    weights = [torch.full((len(phrases),), EVOKED if kind == "evokes" else 1.0) for kind, (phrases, _) in found.items()]
    share = torch.cat([*weights, torch.full((len(styled),), EVOKED), torch.ones(len(names))])
    share = share / torch.zeros(len(names)).index_add_(0, labels, share)[labels].sqrt()
    return texts, labels, share


def _targets(reader: Reader) -> torch.Tensor:
    """(actions, actions): the target for each action, a little of it for its near ones and for all others."""
    own = torch.eye(len(reader._right))
    near = reader._right - own
    targets = 0.2 * near / near.sum(1, keepdim=True).clamp(min=1)
    return 0.9 * (targets + torch.diag(1 - targets.sum(1))) + 0.1 / len(own)


def _optimizer(network: Network, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The table of terms learns three times as fast: each step meets few of them."""
    rest: list[torch.Tensor] = [p for name, p in network.named_parameters() if not name.startswith("terms")]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": [network.terms.weight]}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [1e-3, 3e-3], total_steps=steps, pct_start=0.1)
    return optimizer, schedule
