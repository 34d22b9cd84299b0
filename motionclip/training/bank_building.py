"""Builds the bank that belongs to a model, from the training clips and their texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from ..bank import Bank, Entry, Traits
from ..constants import FPS
from ..models.storage import Model
from ..motion import features, skeleton
from ..motion.windows import cut_windows
from ..towers.interface import TextTower
from .captions import Words
from .dataset import Clip
from .map_drawing import draw
from .take_cutting import cut_takes

MAX_WINDOWS_PER_CLIP, MAX_PER_LABEL = 2, 4
STILL_LEGS = 0.25  # metres per second of the ankles about the pelvis, below which only the arms act
STANDING, LEVEL, PLACE = 0.8, 0.15, 0.5  # metres: a standing pelvis; how far it may sink; how far it may travel
LIFTED = 0.25  # metres of the higher ankle, from which a body does not stand on both feet
TAKES = 0.6  # of an action's windows are on the other side of the value that counts
# What a sitting body does with its arms: its legs hardly move, its trunk is upright, and a hand is at work.
SITTING_LEGS, WORKING_HAND, UPRIGHT = 0.1, 0.25, 0.9  # metres per second, and the cosine of the trunk's lean
_WRISTS = [skeleton.JOINT_INDEX["left_wrist"], skeleton.JOINT_INDEX["right_wrist"]]


def build_bank(model: Model, clips: Sequence[Clip], words: Words, tower: TextTower) -> Bank:
    """Encode windows of each clip and the captions of the clips, cut the takes, and draw the map.

    There are at most 2 windows per clip and 4 per action in a style.

    Args:
        model: encodes the windows.
        clips: the training clips.
        words: further captions, and phrases for styles.
        tower: encodes the captions.

    Returns:
        The bank.
    """
    found: dict[tuple[str, str], list[tuple[Clip, int, torch.Tensor]]] = defaultdict(list)
    moves: dict[str, list[torch.Tensor]] = defaultdict(list)
    window = model.config.window
    for clip in clips:
        stride = max(window // 2, (len(clip.motion) - window) // (MAX_WINDOWS_PER_CLIP - 1) + 1)
        cuts = cut_windows(clip.motion, window, stride, model.config.keeps_heading)
        moves[clip.action].append(_moves(cuts))
        for number, cut in enumerate(cuts):
            start = min(number * stride, max(len(clip.motion) - window, 0))
            found[clip.action, clip.style].append((clip, start, cut))
    kept = [of[round(n)] for of in found.values() for n in np.linspace(0, len(of) - 1, min(len(of), MAX_PER_LABEL))]
    windows = torch.stack([cut for _, _, cut in kept])
    latents = model.encode_windows(windows)
    entries = [
        Entry(number, clip.name, clip.action, clip.style, clip.captions[0], start)
        for number, (clip, start, _) in enumerate(kept)
    ]
    actions = sorted({clip.action for clip in clips})
    texts, shown = _texts(clips, actions, sorted(found), words, tower)
    traits = {action: _traits(torch.cat(of)) for action, of in moves.items()}
    bank = Bank(latents, entries, texts, shown, traits, takes=cut_takes(model, clips))
    bank.atlas = draw(bank, tower)
    return bank


def _texts(
    clips: Sequence[Clip], actions: Sequence[str], labels: Sequence[tuple[str, str]], words: Words, tower: TextTower
) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (texts, D) of the texts that describe actions, and the number of the action that each describes (texts,).

    All texts of an action in a style count as one: their mean. labels: actions with a style.
    """
    said = {caption: clip.action for clip in clips for caption in clip.captions}
    said |= {text: action for action in actions for text in [*words.phrases(action, ("captions",)), action]}
    texts = sorted(said)
    latents, owners = [tower.encode(texts)], [said[text] for text in texts]
    for action, style in labels:
        if phrases := words.styles.get(style, []):
            latents.append(_mean(tower.encode([f"{action} {phrase}" for phrase in phrases]))[None])
            owners.append(action)
    return torch.cat(latents), torch.tensor([actions.index(owner) for owner in owners])


def _mean(z: torch.Tensor) -> torch.Tensor:
    """(N, D) → (D,), as long as they are on average."""
    return functional.normalize(z.mean(0), dim=-1) * z.norm(dim=-1).mean()


def _moves(windows: torch.Tensor) -> torch.Tensor:
    """(windows, frames, 149) → (windows, 7): speed of the ankles about the pelvis (m/s), the pelvis's lowest height,
    how much it ends lower or higher than it began, how far it goes, the higher ankle's mean height (m), speed of the
    faster wrist about the neck (m/s), the cosine of the trunk's lean."""
    rotations, path = features.from_features(windows)
    joints = skeleton.forward_kinematics(rotations, path)
    legs = (joints[..., skeleton.ANKLES, :] - joints[..., :1, :]).diff(dim=1).norm(dim=-1).mean((1, 2)) * FPS
    height, ground = path[..., 1], path[..., [0, 2]]
    away = (ground - ground[:, :1]).norm(dim=-1).amax(1)
    lifted = joints[..., skeleton.ANKLES, 1].amax(-1).mean(1)
    neck = joints[..., skeleton.JOINT_INDEX["neck"], :]
    hands = (joints[..., _WRISTS, :] - neck[..., None, :]).diff(dim=1).norm(dim=-1).mean(1).amax(-1) * FPS
    lean = functional.normalize(neck - joints[..., 0, :], dim=-1)[..., 1].mean(1)
    return torch.stack([legs, height.amin(1), (height[:, -1] - height[:, 0]).abs(), away, lifted, hands, lean], dim=-1)


def _traits(moves: torch.Tensor) -> Traits:
    _, _, sunk, away, lifted, hands, lean = moves.median(0).values.tolist()
    # Some takes of what the arms do are done sitting or with steps: it is the arms' still if others stand.
    legs, height = float(moves[:, 0].quantile(1 - TAKES)), float(moves[:, 1].quantile(TAKES))
    stays = away < PLACE and lifted < LIFTED
    stands = legs < STILL_LEGS and height > STANDING
    sits = legs < SITTING_LEGS and lean > UPRIGHT and hands > WORKING_HAND and sunk < LEVEL
    return Traits(stays and (stands or sits), sunk < LEVEL)
