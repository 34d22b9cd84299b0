"""Measures a model's quality on a labelled data folder: reconstruction, recognition, text-to-motion, edits."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from .. import project_folders
from ..files.labels_table import read_table
from ..labels import BABEL_60, NORMAL, STYLES
from ..motion.features import canonical, features_motions, from_features, mirror, motion_features
from ..motion.motion import Motion
from ..motion.skeleton import forward_kinematics
from ..motion.windows import cut_windows, window_starts
from ..pipeline import MotionCLIP
from ..prompt_parsing import negated
from ..recognition import cosines
from ..towers.loading import load_tower
from ..training.captions import KINDS, WORDS, Words
from ..training.dataset import Clip, load_clips
from .evaluator import Evaluator
from .metrics import (
    BATCH,
    diversity,
    frechet,
    heights,
    jerk,
    leaps,
    multimodality,
    nearest_distances,
    penetration,
    precision,
    skating,
    speed,
)
from .rules import details
from .table import Measurement

STRIDE = 30
MAX_WINDOWS = 8  # of a clip, so that a recording of minutes doesn't count as much as a hundred others
# Prompts that people wrote who had not seen words.json or any result; the second and the third lot without any list of
# actions.
EVERYDAY = {
    "everyday": "everyday.csv",
    "everyday, written blind": "blind.csv",
    "everyday, written blind again": "blind_again.csv",
}
MIN_STYLE_CLIPS = 5
EVERY_STYLE_PROMPT = 4  # one prompt in four of an action and the words for a style
INTERPOLATIONS = 12
SEEDS = 20  # of each action, in which no joint may leap
FLOATING = 0.05  # metres over the floor

Prompts = list[tuple[str, set[str]]]  # texts, each with the actions that are right for it
Edited = tuple[Motion, str, str]  # with the action that it shows and the style that it should have


@dataclass(frozen=True)
class References:
    """What generated motion is compared with, besides the split that is measured. It is the same for every repeat.

    Attributes:
        clips: the clips of the training split.
        joints: (N, frames, 24, 3) of their windows about the pelvis, mirrored ones too.
        other_split: (N, H) the evaluator's features of another split's windows, for the distance of real to real
            motion.
    """

    clips: Sequence[Clip]
    joints: torch.Tensor
    other_split: torch.Tensor


def evaluate(mc: MotionCLIP, data: Path, split: str, evaluator: Evaluator, repeats: int = 3) -> list[Measurement]:
    """Compute every figure of the table for one split; prints progress.

    Args:
        mc: the model.
        data: the data folder.
        split: "val" or "test".
        evaluator: classifies motion.
        repeats: draws with other seeds, for the spread.

    Returns:
        The figures.
    """
    clips, training = load_clips(data, split), load_clips(data, "train")
    other_split = load_clips(data, "val" if split == "test" else "test")
    actions = sorted({row["action"] for row in read_table(data)})
    words = Words.load(data, set(actions)) if (data / WORDS).is_file() else Words.none()
    figures = reconstruction(mc, clips) + recognition(mc, clips, actions, words)
    figures += edits(mc, clips, training, evaluator) + styled_prompts(mc, training, words, evaluator)
    figures += babel_recognition(mc, clips)
    if mc.reader is not None:
        figures += promises(mc, words, split) + unstyled_prompts(mc, training, words, split)
        figures += [
            Measurement(
                "details, by rules on the joints", name, 100 * float(np.mean([success for _, success in results])), "%"
            )
            for name, results in details(mc, clips + training).items()
        ]
    figures += soundness(mc, training)
    for source, prompts in _labelled_prompts(evaluator, words, split, clips).items():
        figures += _from_text_alone(mc, source, prompts, evaluator, words)
    references = References(
        training,
        joints=_pelvis_centred(_with_mirrored(canonical(windows_of(mc, training)[0]))),
        other_split=evaluator.predict(features_motions(windows_of(mc, other_split)[0]))["hidden"],
    )
    draws = [
        decoding(mc, clips, evaluator, words, split, seed)
        + text_to_motion(mc, clips, references, evaluator, words, split, seed)
        + smoothness(mc, actions, seed)
        for seed in tqdm(range(repeats), "text to motion", unit="repeat")
    ]
    figures += [_repeated(same) for same in zip(*draws, strict=True)]
    # Where a split has too few clips for a measure, there is no figure.
    return [figure for figure in figures if math.isfinite(figure.value)]


def windows_of(mc: MotionCLIP, clips: Sequence[Clip]) -> tuple[torch.Tensor, list[Clip]]:
    """Cut clips into windows; of a long clip eight at most.

    Args:
        mc: the model, which says how windows face.
        clips: the clips.

    Returns:
        (N, window, 149) features, and the clip of each window.
    """
    size, keep_heading = mc.model.config.window, mc.model.config.keeps_heading
    cuts = [cut_windows(clip.motion, size, STRIDE, keep_heading) for clip in clips]
    cuts = [cut[np.linspace(0, len(cut) - 1, MAX_WINDOWS).round()] if len(cut) > MAX_WINDOWS else cut for cut in cuts]
    return torch.cat(cuts), [clip for clip, cut in zip(clips, cuts, strict=True) for _ in cut]


def reconstruction(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Measurement]:
    """Measure how well the model's own representation holds real windows.

    Args:
        mc: the model.
        clips: the clips.

    Returns:
        The figures.
    """
    real, _ = windows_of(mc, clips)
    reconstructed = mc.model.reconstruct_features(real)
    (r, t), (r2, t2) = from_features(real), from_features(reconstructed)
    joints, joints2 = forward_kinematics(r, t), forward_kinematics(r2, t2)
    relative, relative2 = joints - joints[..., :1, :], joints2 - joints2[..., :1, :]
    cosine = ((r.transpose(-1, -2) @ r2).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    group = "reconstruction"
    before, after = features_motions(real), features_motions(reconstructed)
    return [
        Measurement(group, "MPJPE, root-relative", _mm(relative2 - relative), "mm"),
        Measurement(group, "MPJPE, global", _mm(joints2 - joints), "mm"),
        Measurement(group, "rotation error", math.degrees(float(cosine.clamp(-1, 1).acos().mean())), "°"),
        *_moves(group, after, before),
    ]


def recognition(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str], words: Words) -> list[Measurement]:
    """Measure how often the action that fits a motion best is right; one near the right one counts.

    Choreographed clips are left out: each is another take of a clip in training.

    Args:
        mc: the model.
        clips: the clips.
        actions: the actions.
        words: says which actions are near.

    Returns:
        The figures.
    """
    clips = [clip for clip in clips if clip.kind != "choreographed"] or list(clips)
    windows, owners = windows_of(mc, clips)
    figures = []
    for unit, z, sources in (
        ("windows", mc.model.encode_windows(windows), owners),
        ("whole clips", mc.encode_motion([clip.motion for clip in clips]), clips),
    ):
        _, scores = mc.label_scores(z, actions)
        top1, top5 = _hits(scores, actions, [words.right(clip.action) for clip in sources])
        strict, _ = _hits(scores, actions, [{clip.action} for clip in sources])
        by_class = defaultdict(list)
        for clip, hit in zip(sources, top1.tolist(), strict=True):
            by_class[clip.action].append(hit)
        averaged = float(np.mean([np.mean(hits) for hits in by_class.values()]))
        group = f"recognition among {len(actions)} actions"
        figures += [
            Measurement(group, f"{unit}, top-1", 100 * float(top1.float().mean()), "%"),
            Measurement(group, f"{unit}, top-5", 100 * float(top5.float().mean()), "%"),
            Measurement(group, f"{unit}, top-1, near actions not counted", 100 * float(strict.float().mean()), "%"),
            Measurement(group, f"{unit}, class-averaged top-1", 100 * averaged, "%"),
        ]
    return figures


def babel_recognition(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Measurement]:
    """Measure the paper's recognition among BABEL's 60 classes, on folders that `prepare` made.

    Any class among a window's categories is right. Windows of none of the classes are left out.

    Args:
        mc: the model.
        clips: the clips.

    Returns:
        The figures; none where no clip is of one of the classes.
    """
    of_class = [clip for clip in clips if set(clip.categories) & set(BABEL_60)]
    if not of_class:
        return []
    windows, owners = windows_of(mc, of_class)
    _, scores = mc.label_scores(mc.model.encode_windows(windows), BABEL_60)
    top1, top5 = _hits(scores, BABEL_60, [set(owner.categories) for owner in owners])
    group = "recognition among BABEL's 60 classes, any of a window's"
    return [
        Measurement(group, "top-1", 100 * float(top1.float().mean()), "%"),
        Measurement(group, "top-5", 100 * float(top5.float().mean()), "%"),
    ]


def confusion(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str]) -> tuple[torch.Tensor, list[str]]:
    """Count the windows of each action by the action that is recognised.

    Args:
        mc: the model.
        clips: the clips.
        actions: the actions.

    Returns:
        (actions, actions) counts, a row what was shown, a column what was recognised, and the actions that occur.
    """
    windows, owners = windows_of(mc, clips)
    best = mc.label_scores(mc.model.encode_windows(windows), actions)[1].argmax(1)
    counts = torch.zeros(len(actions), len(actions))
    labels = torch.tensor([actions.index(owner.action) for owner in owners])
    counts.index_put_((labels, best), torch.ones(len(best)), accumulate=True)
    occurs = (counts.sum(0) + counts.sum(1)) > 0
    return counts[occurs][:, occurs], [
        action for action, occurring in zip(actions, occurs.tolist(), strict=True) if occurring
    ]


def decoding(
    mc: MotionCLIP, clips: Sequence[Clip], evaluator: Evaluator, words: Words, split: str, seed: int
) -> list[Measurement]:
    """Measure what the evaluator sees in generated motion, in encoded and decoded motion, and in real motion.

    The right answer is the action or one near it. A prompt that is refused counts as wrong.

    Args:
        mc: the model.
        clips: the clips.
        evaluator: classifies motion.
        words: prompts, and which actions are near.
        split: the split of the prompts.
        seed: of the generated motions.

    Returns:
        The figures.
    """
    windows, owners = windows_of(mc, clips)
    figures = []
    for kind in ("recorded", "animated", "choreographed"):
        of_kind = [number for number, owner in enumerate(owners) if owner.kind == kind]
        if not of_kind:
            continue
        targets = [words.right(owners[number].action) for number in of_kind]
        scores = evaluator.predict(features_motions(windows[of_kind]))["action"]
        figures += _accuracy(f"real motion, {kind}", scores, evaluator, targets)
        z = mc.model.encode_windows(windows[of_kind])
        scores = evaluator.predict(_distinct(mc, z, seed))["action"]
        figures += _accuracy(f"decoded from encoded windows, {kind}", scores, evaluator, targets)
    for source, prompts in _labelled_prompts(evaluator, words, split, clips).items():
        texts, targets = [text for text, _ in prompts], [right for _, right in prompts]
        figures += _accuracy(source, _mean_predictions(evaluator, _generated(mc, texts, seed)), evaluator, targets)
    return figures


def _labelled_prompts(evaluator: Evaluator, words: Words, split: str, clips: Sequence[Clip]) -> dict[str, Prompts]:
    """Prompts for the data's actions, by where they come from; a source without any is left out."""
    of_data = {clip.action for clip in clips} | words.captions.keys()
    actions = [action for action in evaluator.actions if action in of_data]
    captions = _phrases(words, actions, "captions", split)
    sources = {
        "from action names": [(action, words.right(action)) for action in actions],
        f"from {split} captions": captions or [(clip.captions[0], words.right(clip.action)) for clip in clips],
        **{
            f"from {name} prompts": [(text, right) for text, right in _everyday_prompts(file, words) if right]
            for name, file in EVERYDAY.items()
        },
        f"from {split} associations": _phrases(words, actions, "evokes", split),
    }
    return {source: prompts for source, prompts in sources.items() if prompts}


def _phrases(words: Words, actions: Sequence[str], kind: str, split: str) -> Prompts:
    """The phrases of one kind, "captions" or "evokes", that a split has for these actions."""
    return [(text, words.right(action)) for action in actions for text in words.phrases(action, (kind,), (split,))]


def _everyday_prompts(file: str, words: Words) -> Prompts:
    """The prompts of a table in configs/prompts; no action is right for those that ask for none."""
    return [
        (row["prompt"], {label for action in row["actions"].split("|") if action for label in words.right(action)})
        for row in _prompt_rows(file)
    ]


def _prompt_rows(file: str) -> list[dict[str, str]]:
    with open(project_folders.CONFIGS / "prompts" / file, newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def _from_text_alone(
    mc: MotionCLIP, source: str, prompts: Prompts, evaluator: Evaluator, words: Words
) -> list[Measurement]:
    """The action of prompts without any motion: by the reader, the nearest action name, the nearest train phrase."""
    texts, targets = [text for text, _ in prompts], [right for _, right in prompts]
    z = functional.normalize(mc.encode_text(texts), dim=-1)
    group = "action of the text alone"
    phrases = [(text, action) for action in evaluator.actions for text in [action, *words.phrases(action)]]
    figures = []
    if mc.reader is not None:
        hits = _hits(mc.reader.scores(texts, z), mc.reader.actions, targets)
        figures += _both(group, f"{source}, by the reader", hits)
    for neighbour, (candidates, actions) in {
        "nearest action name": (list(evaluator.actions), list(evaluator.actions)),
        "nearest train phrase": ([text for text, _ in phrases], [action for _, action in phrases]),
    }.items():
        scores = z @ functional.normalize(mc.tower.encode(candidates), dim=-1).T
        figures += _both(group, f"{source}, by the {neighbour}", _hits(scores, actions, targets))
    return figures


def _both(group: str, name: str, hits: tuple[torch.Tensor, torch.Tensor]) -> list[Measurement]:
    return [
        Measurement(group, f"{name}, {rank}", 100 * float(hit.float().mean()), "%")
        for rank, hit in zip(("first", "among five"), hits, strict=True)
    ]


def _accuracy(name: str, scores: torch.Tensor, evaluator: Evaluator, targets: Sequence[set[str]]) -> list[Measurement]:
    return _both("action accuracy, by the evaluator", name, _hits(scores, evaluator.actions, targets))


def _generated(mc: MotionCLIP, texts: Sequence[str], seed: int) -> list[Motion | None]:
    """What `generate` gives for each text, each with a seed of its own; None where it refuses."""
    motions: list[Motion | None] = []
    for start in range(0, len(texts), 128):
        batch = texts[start : start + 128]
        accepted = [number for number, text in enumerate(batch) if negated(text) is None]
        seeds = [seed * 100_003 + start + number for number in accepted]
        results = dict(zip(accepted, mc.generate([batch[number] for number in accepted], seed=seeds), strict=True))
        motions += [results.get(number) for number in range(len(batch))]
    return motions


def _mean_predictions(
    evaluator: Evaluator, motions: Sequence[Motion | None], of: Literal["action", "style"] = "action"
) -> torch.Tensor:
    """(motions, actions or styles) the evaluator's probabilities, as the mean over a motion's windows; 0 for no
    motion."""
    cuts = [[] if m is None else [m.crop(s, s + 60) for s in window_starts(len(m), 60, STRIDE)] for m in motions]
    probabilities = evaluator.predict([window for cut in cuts for window in cut])[of].softmax(-1)
    parts = probabilities.split([len(cut) for cut in cuts])
    return torch.stack([part.mean(0) if len(part) else part.new_zeros(part.shape[1]) for part in parts])


def _mean_names(evaluator: Evaluator, motions: Sequence[Motion]) -> tuple[list[str], list[str]]:
    """The action and the style that each motion shows first of all, over all its windows."""
    actions, styles = (_mean_predictions(evaluator, motions, of).argmax(1).tolist() for of in ("action", "style"))
    return [evaluator.actions[n] for n in actions], [evaluator.styles[n] for n in styles]


def promises(mc: MotionCLIP, words: Words, split: str) -> list[Measurement]:
    """Measure how many prompts get the verdict "known", and how often it is right.

    Args:
        mc: the model.
        words: the prompts, and which actions are near.
        split: the split of the prompts.

    Returns:
        The figures.
    """
    assert mc.reader is not None
    actions = mc.reader.actions
    sources = {
        f"{split} captions": _phrases(words, actions, "captions", split),
        f"{split} associations": _phrases(words, actions, "evokes", split),
        **{f"{name} prompts": _everyday_prompts(file, words) for name, file in EVERYDAY.items()},
    }
    figures = []
    for source, prompts in sources.items():
        if prompts:
            figures += _promises_kept(mc, source, prompts)
    rows = _prompt_rows("not_understood.csv")
    hits = [_understood(mc, row["prompt"]) == (row["reason"] == "understood") for row in rows]
    name = f"{len(rows)} prompts to refuse or not: right"
    return [*figures, Measurement("verdict", name, 100 * float(np.mean(hits)), "%")]


def _promises_kept(mc: MotionCLIP, source: str, prompts: Prompts) -> list[Measurement]:
    """How many prompts are called known, and for how many of these an action of the verdict is right."""
    hits = []
    for text, right in prompts:
        if negated(text) is None and (verdict := mc.verdict(text)).level == "known":
            hits.append(float(any(action in right for action in verdict.actions)))
    accuracy = float(np.mean(hits or [math.nan]))
    return [
        Measurement("verdict", f"{source}: called known", 100 * len(hits) / len(prompts), "%"),
        Measurement("verdict", f"{source}: right among what is called known", 100 * accuracy, "%"),
    ]


def _understood(mc: MotionCLIP, text: str) -> bool:
    return negated(text) is None and mc.verdict(text).level != "not understood"


def soundness(mc: MotionCLIP, training: Sequence[Clip]) -> list[Measurement]:
    """Measure leaps and floating in many seeds of every action.

    Actions whose recordings themselves leap, or float in over 2 % of their frames, are left out.

    Args:
        mc: the model.
        training: clips of the training split.

    Returns:
        The figures.
    """
    by_action: dict[str, list[Motion]] = defaultdict(list)
    for clip in training:
        by_action[clip.action].append(clip.motion)
    leaping = floating = motions = frames = 0
    leapers: list[str] = []
    for action, recordings in tqdm(by_action.items(), "soundness", unit="action"):
        real = [leaps(motion) for motion in recordings]
        real_share = float(np.mean(np.concatenate([heights(motion) for motion in recordings]) > FLOATING))
        generated = mc.generate(action, samples=SEEDS)
        if not any(real):
            motions += SEEDS
            count = sum(leaps(motion) for motion in generated)
            leaping += count
            leapers += [action] * bool(count)
        if real_share <= 0.02:
            over = np.concatenate([heights(motion) for motion in generated]) > FLOATING
            floating, frames = floating + int(over.sum()), frames + len(over)
    group = f"soundness, {SEEDS} seeds of each action"
    if leapers:
        print("leaps:", ", ".join(leapers))
    return [
        Measurement(
            group, "motions with a leap, of actions whose recordings have none", 100 * leaping / max(motions, 1), "%"
        ),
        Measurement(
            group, "frames that float, of actions whose recordings don't", 100 * floating / max(frames, 1), "%"
        ),
    ]


def text_to_motion(
    mc: MotionCLIP,
    clips: Sequence[Clip],
    references: References,
    evaluator: Evaluator,
    words: Words,
    split: str,
    seed: int,
) -> list[Measurement]:
    """Measure real windows, motion generated from captions, and training clips with the nearest captions.

    All are measured in the same way. Captions are unseen ones of the windows' actions, as far as the split has any; a
    second lot of motion is generated from the clips' own captions, which may be among those of training.

    Args:
        mc: the model.
        clips: the clips.
        references: what generated motion is compared with.
        evaluator: gives the features.
        words: phrases of the actions.
        split: the split of the prompts.
        seed: of the generated motions.

    Returns:
        The figures.
    """
    windows, owners, captions, shares = _captioned_windows(mc, clips, words, split)
    own = [_own_caption(owner, number) for number, owner in enumerate(owners)]
    real = features_motions(windows)
    retrieved = _retrieved(mc, mc.encode_text(captions), references.clips, seed)
    generated, from_own = (
        [
            _window_at(motion, share, mc.model.config.window)
            for motion, share in zip(_generated(mc, texts, seed + 1), shares, strict=True)
            if motion is not None
        ]
        for texts in (captions, own)
    )
    real_features = evaluator.predict(real)["hidden"]
    tower = load_tower(evaluator.tower)
    caption_latents, own_latents = tower.encode(captions), tower.encode(own)
    figures = []
    for source, motions, told in (
        ("real motion", real, caption_latents),
        ("nearest training clip", retrieved, caption_latents),
        ("generated", generated, caption_latents),
        ("generated from the clips' own captions", from_own, own_latents),
    ):
        group = f"text to motion, {source}"
        predictions = evaluator.predict(motions)
        top1, _ = _hits(predictions["action"], evaluator.actions, [words.right(owner.action) for owner in owners])
        figures.append(Measurement(group, "action accuracy, top-1", 100 * float(top1.float().mean()), "%"))
        figures += _nearness_to_captions(group, predictions["text"], told, seed)
        if motions is real:
            distance = frechet(references.other_split, real_features)
            figures.append(Measurement(group, "Fréchet distance of the other split", distance))
        else:
            figures.append(Measurement(group, "Fréchet distance", frechet(predictions["hidden"], real_features)))
        figures += _variety(mc, group, motions, predictions["hidden"], owners, references.joints, seed)
        if motions is not real:
            recorded = [number for number, owner in enumerate(owners) if owner.kind == "recorded"]
            compared = recorded or list(range(len(owners)))
            figures += _moves(f"{group}, as recorded", [motions[n] for n in compared], [real[n] for n in compared])
    return figures


def _captioned_windows(
    mc: MotionCLIP, clips: Sequence[Clip], words: Words, split: str
) -> tuple[torch.Tensor, list[Clip], list[str], list[float]]:
    """Windows, their clips, a caption of each: one that training had not, where the split has any; and where in its
    clip each is, 0–1. Windows whose captions, or whose clip's own ones, `generate` would all refuse are left out."""
    windows, owners = windows_of(mc, clips)
    places: list[int] = []  # of each window among those of its clip
    counts: dict[str, int] = {}
    for owner in owners:
        places.append(counts.get(owner.name, 0))
        counts[owner.name] = places[-1] + 1
    captions, numbers = [], []
    for number, owner in enumerate(owners):
        unseen = words.phrases(owner.action, ("captions",), (split,)) if owner.style == NORMAL else ()
        choices = _accepted(unseen or owner.captions)
        if choices and _accepted(owner.captions):
            captions.append(choices[number % len(choices)])
            numbers.append(number)
    shares = [places[n] / max(counts[owners[n].name] - 1, 1) for n in numbers]
    return windows[numbers], [owners[number] for number in numbers], captions, shares


def _own_caption(clip: Clip, number: int) -> str:
    """One of a clip's captions that `generate` takes, by turns."""
    choices = _accepted(clip.captions)
    return choices[number % len(choices)]


def _accepted(texts: Sequence[str]) -> list[str]:
    """The texts that `generate` takes."""
    return [text for text in texts if negated(text) is None]


def _window_at(motion: Motion, share: float, frames: int) -> Motion:
    """The frames at a share of a motion's length, 0 being its start and 1 its end."""
    start = round(share * max(len(motion) - frames, 0))
    return motion.padded(frames).crop(start, start + frames)


def _nearness_to_captions(
    group: str, features: torch.Tensor, caption_latents: torch.Tensor, seed: int
) -> list[Measurement]:
    """How near motions come to their captions, both (N, D) in the evaluator's space of texts."""
    figures = [
        Measurement(group, f"R-precision@{rank} of {BATCH}", 100 * share, "%")
        for rank, share in enumerate(precision(features, caption_latents, seed), start=1)
    ]
    distance = float((features - caption_latents).norm(dim=-1).mean())
    return [*figures, Measurement(group, "multimodal distance", distance)]


def _variety(
    mc: MotionCLIP,
    group: str,
    motions: Sequence[Motion],
    features: torch.Tensor,
    owners: Sequence[Clip],
    training_joints: torch.Tensor,
    seed: int,
) -> list[Measurement]:
    """How much motions differ from each other, within an action, and from the training windows.

    features: the evaluator's, (N, H). Of a motion of several steps the first window is compared.
    """
    frames = mc.model.config.window
    cuts = [motion.padded(frames).crop(0, frames) for motion in motions]
    joints = _pelvis_centred(torch.stack([canonical(motion_features(cut)) for cut in cuts]))
    novelty = float(nearest_distances(joints, training_joints).mean())
    within = multimodality(features, [owner.action for owner in owners], [owner.name for owner in owners])
    return [
        Measurement(group, "diversity", diversity(features, seed)),
        Measurement(group, "multimodality within an action", within),
        Measurement(group, "novelty: distance to the nearest training window", novelty, "mm"),
    ]


def smoothness(mc: MotionCLIP, actions: Sequence[str], seed: int) -> list[Measurement]:
    """Measure how even interpolations between pairs of actions are: the most even would be 10 %.

    Args:
        mc: the model.
        actions: the actions.
        seed: of the pairs and the motions.

    Returns:
        The figures.
    """
    generator = torch.Generator().manual_seed(seed)
    leaps, slowest = [], []
    for _ in range(INTERPOLATIONS):
        a, b = (actions[i] for i in torch.randperm(len(actions), generator=generator)[:2].tolist())
        path = mc.interpolate(a, b, steps=11, seed=seed)
        joints = np.stack([motion.joints() - motion.joints()[:, :1] for motion in path])
        steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=(1, 2))
        speeds = [speed(motion) for motion in path]
        leaps.append(steps.max() / max(steps.sum(), 1e-9))
        slowest.append(2 * min(speeds) / max(speeds[0] + speeds[-1], 1e-9))
    group = f"interpolation, {INTERPOLATIONS} pairs of actions"
    return [
        Measurement(group, "largest of ten steps, share of the way", 100 * float(np.mean(leaps)), "%"),
        Measurement(group, "slowest motion on the way, share of the ends' speed", 100 * float(np.mean(slowest)), "%"),
    ]


def edits(
    mc: MotionCLIP, clips: Sequence[Clip], training: Sequence[Clip], evaluator: Evaluator, strength: float = 1.0
) -> list[Measurement]:
    """Edit real neutral motion to other styles: how often does the evaluator see the style, and still the action?

    Pairs of an action and a style that were recorded, for training or among these clips, are measured by themselves; so
    are styles that training has with other actions only.

    Args:
        mc: the model.
        clips: the clips.
        training: clips of the training split.
        evaluator: classifies motion.
        strength: as for `MotionCLIP.edit`.

    Returns:
        The figures.
    """
    counts = Counter(clip.style for clip in training)
    styles = [style for style in STYLES if counts[style] >= MIN_STYLE_CLIPS]
    rows = _edited(mc, clips, training, styles, strength)
    rows["real clips of the style"] = [(clip.motion, clip.action, clip.style) for clip in clips if clip.style in styles]
    figures = []
    for name, examples in sorted(rows.items()):
        if examples:
            figures += _edit_accuracy(f"{name} ({len(examples)})", examples, evaluator)
    return figures


def styled_prompts(
    mc: MotionCLIP, training: Sequence[Clip], words: Words, evaluator: Evaluator, seed: int = 0
) -> list[Measurement]:
    """Measure prompts for each action and style that were recorded together, such as "walk like an old person".

    How often does the evaluator see the style, the action or one near it, and both? The words for styles are those of
    training: motion is measured, not the reading of texts.

    Args:
        mc: the model.
        training: clips of the training split.
        words: phrases of styles, and which actions are near.
        evaluator: classifies motion.
        seed: of the generated motions.

    Returns:
        The figures.
    """
    pairs = sorted({(clip.action, clip.style) for clip in training})
    prompts = [(f"{action} {text}", action, style) for action, style in pairs for text in words.styles.get(style, [])]
    prompts = [row for row in prompts if negated(row[0]) is None][::EVERY_STYLE_PROMPT]
    if not prompts:
        return []
    motions = [motion for motion in _generated(mc, [text for text, _, _ in prompts], seed) if motion is not None]
    labels = zip(*_mean_names(evaluator, motions), prompts, strict=True)
    hits = [(style == target, name in words.right(action)) for name, style, (_, action, target) in labels]
    shown = np.mean(np.array([(style, action, style and action) for style, action in hits]), axis=0)
    group = f"{len(prompts)} prompts with a style"
    names = ("style shown", "action shown", "both")
    return [Measurement(group, name, 100 * float(value), "%") for name, value in zip(names, shown, strict=True)]


def unstyled_prompts(mc: MotionCLIP, training: Sequence[Clip], words: Words, split: str) -> list[Measurement]:
    """Measure how often unseen phrases that ask for no style are read so, of the actions that were recorded in styles.

    Args:
        mc: the model, with a reader.
        training: clips of the training split.
        words: phrases of the actions.
        split: the split of the phrases.

    Returns:
        The figure; none without such phrases.
    """
    actions = sorted(_in_styles(training))
    phrases = _accepted([text for kind in KINDS for text, _ in _phrases(words, actions, kind, split)])
    if not phrases:
        return []
    plain = [reading.style == NORMAL for steps in mc.plan(phrases) for reading in steps[0].readings[:1]]
    group = f"{len(phrases)} {split} phrases of actions that are known in styles"
    return [Measurement(group, "no style read", 100 * float(np.mean(plain)), "%")]


def _edited(
    mc: MotionCLIP, clips: Sequence[Clip], training: Sequence[Clip], styles: Sequence[str], strength: float
) -> dict[str, list[Edited]]:
    """Windows of neutral clips, edited to each style that can be measured with their action, and as they were."""
    training_pairs = {(clip.action, clip.style) for clip in training}
    pairs = {(clip.action, clip.style) for clip in clips}
    rows: dict[str, list[Edited]] = defaultdict(list)
    for clip in tqdm(_neutral(clips), "edits", unit="clip"):
        targets = [s for s in styles if (clip.action, s) in pairs or (clip.action, s) not in training_pairs]
        for base in _first_windows(clip.motion, mc.model.config.window) if targets else ():
            results = mc.edit_towards(base, clip.action, [f"{clip.action} {STYLES[s]}" for s in targets], strength)
            for style, motion in zip(targets, results, strict=True):
                seen = "seen with the action" if (clip.action, style) in training_pairs else "seen with others only"
                rows[f"edited to a style {seen}"].append((motion, clip.action, style))
                rows[f"unedited, style {seen}"].append((base, clip.action, style))
    return rows


def _neutral(clips: Sequence[Clip]) -> list[Clip]:
    """Clips of no style, of actions that other clips show in a style."""
    styled = _in_styles(clips)
    return [clip for clip in clips if clip.style == NORMAL and clip.action in styled]


def _in_styles(clips: Sequence[Clip]) -> set[str]:
    """The actions that some clip shows in a style."""
    return {clip.action for clip in clips if clip.style != NORMAL}


def _first_windows(motion: Motion, frames: int) -> list[Motion]:
    """Its first two windows, or one where it is short."""
    return [
        motion.padded(frames).crop(start, start + frames) for start in window_starts(len(motion), frames, frames)[:2]
    ]


def _edit_accuracy(name: str, examples: Sequence[Edited], evaluator: Evaluator) -> list[Measurement]:
    motions = list({id(motion): motion for motion, _, _ in examples}.values())
    labels = dict(zip(map(id, motions), zip(*evaluator.named(motions), strict=True), strict=True))
    reached = np.mean([labels[id(motion)][1] == style for motion, _, style in examples])
    kept = np.mean([labels[id(motion)][0] == action for motion, action, _ in examples])
    return [
        Measurement("edits, by the evaluator", f"{name}: style reached", 100 * float(reached), "%"),
        Measurement("edits, by the evaluator", f"{name}: action kept", 100 * float(kept), "%"),
    ]


def _moves(group: str, motions: Sequence[Motion], real: Sequence[Motion]) -> list[Measurement]:
    """How motions move, as shares of real ones."""
    figures = []
    for name, measure in (("speed", speed), ("jerk", jerk), ("foot skating", skating)):
        share = np.mean([measure(m) for m in motions]) / np.mean([measure(m) for m in real])
        figures.append(Measurement(group, f"{name} as a share of real", float(share)))
    for name, group_motions in (("floor penetration", motions), ("floor penetration of real", real)):
        figures.append(Measurement(group, name, float(np.mean([penetration(m) for m in group_motions])), "mm"))
    return figures


def _retrieved(mc: MotionCLIP, texts: torch.Tensor, training: Sequence[Clip], seed: int) -> list[Motion]:
    """For each latent of a text a random window of a training clip with the nearest caption."""
    owner_of: dict[str, list[Clip]] = defaultdict(list)
    for clip in training:
        for caption in clip.captions:
            owner_of[caption].append(clip)
    owners = list(owner_of.values())
    nearest = cosines(texts, mc.encode_text(list(owner_of))).argmax(1).tolist()
    random = np.random.default_rng(seed)
    motions, frames = [], mc.model.config.window
    for index in nearest:
        motion = owners[index][random.integers(len(owners[index]))].motion.padded(frames)
        start = int(random.integers(len(motion) - frames + 1))
        motions.append(motion.crop(start, start + frames).canonical())
    return motions


def _with_mirrored(windows: torch.Tensor) -> torch.Tensor:
    return torch.cat([windows, canonical(mirror(windows))])


def _pelvis_centred(windows: torch.Tensor) -> torch.Tensor:
    """(N, frames, 149) → (N, frames, 24, 3) joints relative to the pelvis."""
    parts = [forward_kinematics(*from_features(part)) for part in windows.split(512)]
    return torch.cat([part - part[..., :1, :] for part in parts])


def _distinct(mc: MotionCLIP, z: torch.Tensor, seed: int) -> list[Motion]:
    """Decode each latent with noise of its own, in batches."""
    motions = []
    for number, part in enumerate(z.split(256)):
        motions += mc.model.decode_distinct(part, mc.model.config.window, seed * 10_007 + number)
    return motions


def _hits(
    scores: torch.Tensor, labels: Sequence[str], targets: Sequence[set[str]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) bool twice: whether a right label comes first, and whether one is among the first five."""
    right = torch.tensor([[label in target for label in labels] for target in targets])
    ranks = right.gather(1, scores.argsort(dim=1, descending=True))
    return ranks[:, 0], ranks[:, :5].any(1)


def _mm(difference: torch.Tensor) -> float:
    return 1000 * float(difference.norm(dim=-1).mean())


def _repeated(figures: Sequence[Measurement]) -> Measurement:
    values = np.array([figure.value for figure in figures])
    first = figures[0]
    if len(values) < 2 or values.std() < 1e-9:
        return Measurement(first.group, first.name, float(values.mean()), first.unit)
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    return Measurement(
        first.group,
        first.name,
        float(values.mean()),
        first.unit,
        float(values.mean() - half),
        float(values.mean() + half),
    )
