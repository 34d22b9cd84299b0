"""Cuts takes from the training clips: of each action in a style a few, as long as it usually takes.

Which clips show their action clearly was judged by eye, take by take; no measure of motion said so reliably.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from .. import project_folders
from ..composition import at_tempo
from ..constants import FPS
from ..models.residual_basis import ResidualBasis
from ..models.storage import Model
from ..motion import features
from ..motion.foot_contact import settled
from ..motion.windows import windows_at
from ..takes import TakeLabel, Takes
from .dataset import Clip

TAKES = 3  # of an action in a style
WHOLE, STRETCH = 160, 110  # frames: the longest clips that are taken whole, and what is taken of most longer ones
HOP = 50  # frames at most between the starts of a take's windows
PACE = 0.15  # by which a take may be played faster or slower to be as long as the others
RESIDUALS = 128  # components of what the basis leaves out of head and wrists
LEVEL = 0.15  # metres that a body ends higher or lower than it began, from which on it went up or down
MOSTLY = 0.75  # of the most that it rises or sinks in a window of its take
CHANGES_LEVEL = 0.4  # of an action's windows do, from which on it is what the action comes to
MAT, TOUCHING, LONGEST_JUMP = 0.2, 0.03, 24  # metres; metres; frames that a body is in the air
LIVELIER = 0.65  # the share of clips that are slower than those that takes are cut from, where these are no routines
CLEAR = 0.6  # of the speed of the liveliest clip, from which on a clip shows the action clearly
ROUTINE = 1.4  # how lively a part of a routine should be in comparison with all of it
RISES = 0.25  # metres between the highest and the lowest pelvis of a body that goes up and down
UNLIKE = 0.5  # metres of the joints from how a clip begins that make up for any liveliness
CALIBRATES, FASTEST = 3, 12  # frames at most of a calibration pose; m/s, faster than any joint moves
LIVELY = 0.7  # of the speed of the action's liveliest window in a take, from which on one shows the action
Merit = Callable[[torch.Tensor, int], torch.Tensor]  # (frames, 149), a part's frames → (parts,)
UNCLEAR = frozenset(line.split(":")[0] for line in project_folders.lines("unclear_clips.txt"))


def cut_takes(model: Model, clips: Sequence[Clip]) -> Takes | None:
    """Cut a few takes of each action in a style, of clips that show it clearly where it has any.

    Args:
        model: gives the coefficients of windows.
        clips: the training clips.

    Returns:
        The takes; None for a model that does not set out from any.
    """
    window = model.config.window
    by_label: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        by_label[clip.action, clip.style].append(clip)
    labels: list[TakeLabel] = []
    windows: list[torch.Tensor] = []
    for (action, style), all_own in sorted(by_label.items()):
        own = [_begun(clip) for clip in all_own if clip.name not in UNCLEAR] or list(map(_begun, all_own))
        usual = _usual(own, window)
        stretches = _stretches(own, usual, window)
        starts = tuple(_starts(usual, window))
        first = sum(map(len, windows))
        windows += [windows_at(take, starts, window, model.config.keeps_heading) for take in stretches]
        labels.append(TakeLabel(action, style, usual, starts, first, len(stretches)))
    cuts = torch.cat(windows)
    coefficients = model.coefficients(cuts)
    if coefficients is None:
        return None
    left_out = cuts - model.reconstruct_features(cuts)
    basis = ResidualBasis.fit(left_out, RESIDUALS)
    return Takes(coefficients, basis.project(left_out), basis, _typical(labels, cuts), tuple(labels), window)


def _usual(clips: Sequence[Clip], window: int) -> int:
    """The frames that takes of these clips have: more for what goes down and up again."""
    median = int(np.median([len(clip.motion) for clip in clips]))
    if median > WHOLE:
        sinks = np.mean([np.ptp(clip.motion.translation[:, 1]) for clip in clips]) > LEVEL
        median = WHOLE if sinks else STRETCH
    return max(median, window)


def _stretches(clips: Sequence[Clip], usual: int, window: int) -> list[torch.Tensor]:
    """(usual, 149) of each of TAKES takes or fewer: of the clips that are nearly as long as usual and lively,
    evenly; else the liveliest parts of longer ones, and what there is of shorter ones."""
    lengths, speeds = np.array([len(clip.motion) for clip in clips]), np.array([_speed(clip) for clip in clips])
    fitting = np.abs(lengths / usual - 1) <= PACE
    fitting &= speeds >= CLEAR * speeds[fitting].max(initial=0.0)
    if fitting.sum() >= min(TAKES, len(clips)):
        chosen = _evenly([clips[number] for number in np.flatnonzero(fitting).tolist()], TAKES)
        return [at_tempo(_off_mats(features.motion_features(clip.motion)), usual) for clip in chosen]
    whole = np.flatnonzero(lengths >= usual) if lengths.max() >= usual else np.arange(len(clips))
    routine = np.median(lengths) > WHOLE  # a dance, a bout: not one deed with waiting round it
    lively = np.abs(speeds[whole] - np.quantile(speeds[whole], 0.5 if routine else LIVELIER))
    best = [clips[number] for number in whole[lively.argsort(kind="stable")][:TAKES].tolist()]
    each = -(-TAKES // len(best))
    if np.median([np.ptp(clip.motion.translation[:, 1]) for clip in clips]) > RISES:
        merit = _rising
    else:
        merit = _usual_pace if routine else _fastest_limb
    return [part for clip in best for part in _best_parts(clip, usual, window, each, merit)][:TAKES]


def _best_parts(clip: Clip, usual: int, window: int, count: int, merit: Merit) -> list[torch.Tensor]:
    """The `count` parts (usual, 149) of a clip, or fewer, that have most merit; they don't overlap."""
    whole = _off_mats(features.motion_features(clip.motion.padded(max(window, usual))))
    score = merit(whole, usual)
    found: list[torch.Tensor] = []
    while len(found) < count and score.max() > -torch.inf:
        start = int(score.argmax())
        found.append(whole[start : start + usual])
        score[max(start - usual + 1, 0) : start + usual] = -torch.inf
    return found


def _rising(whole: torch.Tensor, usual: int) -> torch.Tensor:
    """(frames, 149) → (parts,) how much the body rises and sinks, less how unlike the clip's beginning a part begins
    and ends."""
    poses = features.joints(whole)
    unlike = (poses - poses[0]).norm(dim=-1).mean(-1).unfold(0, usual, 1)
    moves = whole[:, features.HEIGHT].diff().abs().unfold(0, usual - 1, 1).mean(-1)
    return moves / moves.max().clamp(min=1e-6) - torch.maximum(unlike[:, 0], unlike[:, -1]) / UNLIKE


def _fastest_limb(whole: torch.Tensor, usual: int) -> torch.Tensor:
    """(frames, 149) → (parts,) how fast the fastest limb is, as in a blow."""
    return features.joints(whole).diff(dim=0).norm(dim=-1).amax(-1).square().unfold(0, usual - 1, 1).mean(-1)


def _usual_pace(whole: torch.Tensor, usual: int) -> torch.Tensor:
    """(frames, 149) → (parts,) how near a part comes to being somewhat livelier than the whole of a routine: of that
    much is standing, and the liveliest part is faster than anybody would expect."""
    speeds = _speeds(whole)
    return -(speeds.unfold(0, usual - 1, 1).mean(-1) - ROUTINE * speeds.mean()).abs()


def _begun(clip: Clip) -> Clip:
    """A clip without the calibration pose that some recordings begin with, from which the body leaps."""
    joints = clip.motion.joints()[: CALIBRATES + 1]
    leaps = np.flatnonzero(np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(-1) * FPS > FASTEST)
    return replace(clip, motion=clip.motion.crop(int(leaps[-1]) + 1, len(clip.motion))) if len(leaps) else clip


def _speed(clip: Clip) -> float:
    """How fast the body moves about the pelvis on average, m/s."""
    return float(_speeds(features.motion_features(clip.motion)[None]).mean())


def _off_mats(motion: torch.Tensor) -> torch.Tensor:
    """(frames, 149) on the floor where it is on something low for long, as on a mat: nobody sees that."""
    clearance = motion[:, features.CLEARANCE]
    grounded = motion.clone()
    for over, numbers in itertools.groupby(range(len(motion)), key=lambda number: bool(clearance[number] > TOUCHING)):
        stretch = list(numbers)
        if over and len(stretch) > LONGEST_JUMP and clearance[stretch].max() <= MAT:
            grounded[stretch, features.CLEARANCE] = 0
    return motion if torch.equal(grounded, motion) else settled(grounded[None])[0]


def _evenly(clips: Sequence[Clip], count: int) -> list[Clip]:
    return [clips[round(n)] for n in np.linspace(0, len(clips) - 1, min(len(clips), count))]


def _starts(frames: int, window: int) -> list[int]:
    """The first frames of a take's windows."""
    extra = frames - window
    count = 1 + -(-extra // HOP)
    return [round(number * extra / max(count - 1, 1)) for number in range(count)]


def _speeds(windows: torch.Tensor) -> torch.Tensor:
    """(…, frames, 149) → (…, frames − 1) how fast the joints move about the pelvis on average, m/s."""
    joints = features.joints(windows)
    return joints.diff(dim=-3).norm(dim=-1).mean(-1) * FPS


def _typical(labels: Sequence[TakeLabel], windows: torch.Tensor) -> torch.Tensor:
    """(windows,) whether each window (windows, frames, 149) by itself shows what its action comes to: of an action that
    often raises or lowers the body those in which it does most, of others those in which the body moves about as much
    as in any of its take."""
    heights = features.from_features(windows)[1][..., 1]
    risen_by = (heights[:, -1] - heights[:, 0]).abs()
    rises = risen_by > LEVEL
    speed = _speeds(windows).mean(-1)
    risen = {
        action: torch.cat([rises[label.rows] for label in labels if label.action == action]).float().mean()
        for action in {label.action for label in labels}
    }
    typical = torch.zeros(len(windows), dtype=torch.bool)
    for label in labels:
        of_take = speed[label.rows].unflatten(0, (label.count, -1))
        lively = (of_take >= LIVELY * of_take.amax(1, keepdim=True)).flatten()
        of_rise = risen_by[label.rows].unflatten(0, (label.count, -1))
        changes = rises[label.rows] & (of_rise >= MOSTLY * of_rise.amax(1, keepdim=True)).flatten()
        typical[label.rows] = changes if risen[label.action] >= CHANGES_LEVEL and changes.any() else lively
    return typical
