"""Fits the style head of a reader: the linear map that says which style a text asks for, if any."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch
from torch.nn import functional

from ..labels import NORMAL
from ..reader import StyleHead, without_actor
from ..towers.interface import TextTower
from .captions import KINDS, READ, Words

CAPTIONS_STYLED = 2  # captions of an action that each phrase of a style follows, and each actor is put in front of
FREEDOM = 10.0  # how freely the map is fitted (scikit-learn's C)
# Others than who acts have a style, too: "walk past an old man", "walk to the old house".
_WAYS = ("past", "towards", "with", "away from", "next to")
_THINGS = ("house", "dog", "bridge", "crowd", "friend", "town", "car")


def fit_style_head(words: Words, tower: TextTower, styles: Collection[tuple[str, str]]) -> StyleHead:
    """Fit a style head to phrases of the actions that were recorded in styles: as they are, and in each style.

    Args:
        words: phrases of the actions and the styles.
        tower: the text tower.
        styles: pairs of an action and a style that were recorded.

    Returns:
        The style head; one that knows no style where there are no such pairs, or no words for their styles.
    """
    names = sorted({style for _, style in styles if words.styles.get(style)})
    if not names:
        return StyleHead.none()
    from sklearn.linear_model import LogisticRegression

    said: dict[str, str] = {}
    for action in sorted({action for action, _ in styles}):
        said |= dict.fromkeys([action, *words.phrases(action, KINDS, READ)], NORMAL)
        captions = [action, *words.phrases(action, ("captions",), READ)]
        for style in names:
            said |= dict(_styled(captions, words.styles[style], words.actors.get(style, []), style))
    z = functional.normalize(tower.encode(list(said)), dim=-1).numpy()
    fit = LogisticRegression(C=FREEDOM, max_iter=1000).fit(z, list(said.values()))
    weight, bias = (torch.tensor(part.tolist()) for part in (fit.coef_, fit.intercept_))
    if len(weight) == 1:  # of two classes it says only how much likelier the second is
        weight, bias = torch.cat([-weight, weight]), torch.cat([-bias, bias])
    return StyleHead(tuple(fit.classes_.tolist()), weight, bias)


def _styled(captions: list[str], phrases: list[str], actors: list[str], style: str) -> Iterator[tuple[str, str]]:
    """An action in a style, and beside somebody or something in it, each with the style that is asked for."""
    for number, phrase in enumerate(phrases):
        for caption in [captions[0], *captions[1 + number :: len(phrases)][:CAPTIONS_STYLED]]:
            yield f"{caption} {phrase}", style
    for number, actor in enumerate(actors):
        spread = captions[1 + number :: len(actors)][:CAPTIONS_STYLED]
        for caption in spread:
            yield f"{actor} {without_actor(caption)}", style
        for caption in [captions[0], *spread[:1]]:
            yield f"{caption} {_WAYS[number % len(_WAYS)]} {actor}", NORMAL
            if len(parts := actor.split()) == 3:
                yield f"{caption} {_WAYS[-number % len(_WAYS)]} the {parts[1]} {_THINGS[number % len(_THINGS)]}", NORMAL
