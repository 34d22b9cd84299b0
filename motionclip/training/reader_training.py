"""Trains the reader of texts that belongs to a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch.nn import functional

from ..reader import Network, Reader, terms
from ..towers.interface import TextTower
from .captions import KINDS, OWN, READ, Words
from .style_head import fit_style_head

COMMON_WORD, COMMON_PAIR = 2, 4  # texts at least that a stem or a pair of stems is in, so that it is learned
EVOKED = 0.5  # how often an association is shown, where a caption is shown once
# Share of right answers that "known" is set to give on the texts that the threshold is chosen on. 95 % are promised.
# With more, fewer than 60 % of the val captions would be known.
PROMISE = 0.96
# Of phrases that ask for none of the actions: their share in training; one in how many is kept from the reader by which
# the threshold is chosen, and counts as wrong there; and the share of such texts that people are taken to type.
ABSENT_SHOWN, HELD_OUT, ABSENT_TYPED = 0.2, 5, 0.15


def train_reader(
    words: Words,
    actions: Sequence[str],
    tower: TextTower,
    styles: Collection[tuple[str, str]] = (),
    seed: int = 0,
    epochs: int = 20,
) -> Reader:
    """Train a reader of texts on the words of train, val and the project's own, and on phrases that ask for none.

    The confidence from which a reading is "known" is chosen on the val captions and on some of the phrases that ask for
    none of the actions, by a reader that has not seen them.

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
    held_out = words.absent[::HELD_OUT]
    shown = [text for number, text in enumerate(words.absent) if number % HELD_OUT]
    trial = _fitted(words, actions, tower, ("train", OWN), styled, shown, seed, epochs)
    texts, owners = _phrases(words, actions, ("captions",), ("val",))
    tried = [*texts, *held_out]
    found = trial.scores(tried, functional.normalize(tower.encode(tried), dim=-1))
    first = found.argmax(1)
    sure = (found @ trial._right.T).gather(1, first[:, None])[:, 0]
    right = torch.cat([trial._right[owners, first[: len(texts)]] > 0, torch.zeros(len(held_out), dtype=torch.bool)])
    weights = torch.ones(len(sure))
    weights[len(texts) :] = ABSENT_TYPED / (1 - ABSENT_TYPED) * len(texts) / max(len(held_out), 1)
    reader = _fitted(words, actions, tower, READ, styled, words.absent, seed, epochs)
    reader.threshold = _threshold(sure, right, weights)
    reader.styles = fit_style_head(words, tower, styles)
    return reader


def _threshold(sure: torch.Tensor, right: torch.Tensor, weights: torch.Tensor) -> float:
    """The least confidence down to which PROMISE of the answers are right; 1 for none.

    By a logistic fit of right answers (N,) to the logits of confidences (N,), with weights (N,): which of the few wrong
    ones come first is chance, and a threshold that is counted off them would be, too.
    """
    from sklearn.linear_model import LogisticRegression

    if right.all():
        return float(sure.min())
    logits = sure.clamp(1e-6, 1 - 1e-6).logit()[:, None].numpy()
    fit = LogisticRegression(C=1e6).fit(logits, right.numpy(), sample_weight=weights.numpy())
    order = sure.argsort(descending=True)
    likely, counted = torch.from_numpy(fit.predict_proba(logits)[:, 1])[order], weights[order]
    share = (likely * counted).cumsum(0) / counted.cumsum(0)
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
    absent: Sequence[str],
    seed: int,
    epochs: int,
) -> Reader:
    """Trained with mixed examples, as mixup does (Zhang et al. 2018): it errs less, and knows better when it may."""
    names = list(actions)
    texts, labels, share = _examples(words, names, splits, styled, absent)
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
    words: Words,
    names: Sequence[str],
    splits: Sequence[str],
    styled: Sequence[tuple[str, str]],
    absent: Sequence[str],
) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """Texts, the number of each one's action, beyond the last for none, and in which share they are drawn."""
    found = {kind: _phrases(words, names, (kind,), splits) for kind in KINDS}
    texts = [text for phrases, _ in found.values() for text in phrases] + [text for text, _ in styled] + list(names)
    of_styled = torch.tensor([names.index(action) for _, action in styled], dtype=torch.long)
    labels = torch.cat([*(owners for _, owners in found.values()), of_styled, torch.arange(len(names))])
    weights = [torch.full((len(phrases),), EVOKED if kind == "evokes" else 1.0) for kind, (phrases, _) in found.items()]
    share = torch.cat([*weights, torch.full((len(styled),), EVOKED), torch.ones(len(names))])
    share = share / torch.zeros(len(names)).index_add_(0, labels, share)[labels].sqrt()
    of_absent = torch.full((len(absent),), ABSENT_SHOWN / (1 - ABSENT_SHOWN) * float(share.sum()) / max(len(absent), 1))
    none = torch.full((len(absent),), len(names))
    return [*texts, *absent], torch.cat([labels, none]), torch.cat([share, of_absent])


def _targets(reader: Reader) -> torch.Tensor:
    """(actions + 1, actions + 1): the target for each action, a little of it for its near ones and for all others, and
    that for none of them."""
    count = len(reader._right)
    near = reader._right - torch.eye(count)
    targets = torch.eye(count + 1)
    targets[:count, :count] = 0.2 * near / near.sum(1, keepdim=True).clamp(min=1)
    targets[:count, :count] += torch.diag(1 - targets[:count, :count].sum(1))
    return 0.9 * targets + 0.1 / (count + 1)


def _optimizer(network: Network, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The table of terms learns three times as fast: each step meets few of them."""
    rest: list[torch.Tensor] = [p for name, p in network.named_parameters() if not name.startswith("terms")]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": [network.terms.weight]}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [1e-3, 3e-3], total_steps=steps, pct_start=0.1)
    return optimizer, schedule
