"""Quality figures of a model on a labelled data folder: reconstruction, recognition, text-to-motion, edits."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from .. import places
from ..files.labels_table import read_table
from ..labels import BABEL_60, STYLES
from ..motion.features import canonical, features_motions, from_features, mirror, motion_features
from ..motion.motion import Motion
from ..motion.skeleton import forward_kinematics
from ..motion.windows import cut_windows, window_starts
from ..pipeline import MotionCLIP
from ..prompts import negated
from ..recognition import cosines
from ..towers.loading import load_tower
from ..training.captions import WORDS, Words
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
MAX_WINDOWS = 8  # of a clip: a recording of minutes shall not count as much as a hundred others
# Prompts that people wrote who had not seen words.json or any result; the second lot without any list of actions.
EVERYDAY = {"everyday": "everyday.csv", "everyday, written blind": "blind.csv"}
MIN_STYLE_CLIPS = 5
INTERPOLATIONS = 12
SEEDS = 20  # of each action, in which no joint may leap
FLOATING = 0.05  # metres over the floor


def evaluate(mc: MotionCLIP, data: Path, split: str, evaluator: Evaluator, repeats: int = 3) -> list[Measurement]:
    """Every figure of the table, for the clips and words of one split; prints progress."""
    clips, known = load_clips(data, split), load_clips(data, "train")
    other = load_clips(data, "val" if split == "test" else "test")
    actions = sorted({row["action"] for row in read_table(data)})
    words = Words.load(data, set(actions)) if (data / WORDS).is_file() else Words.none()
    figures = reconstruction(mc, clips) + recognition(mc, clips, actions, words) + edits(mc, clips, known, evaluator)
    figures += babel_recognition(mc, clips)
    if mc.reader is not None:
        figures += promises(mc, words, split)
        figures += [
            Measurement(
                "details, by rules on the joints", what, 100 * float(np.mean([good for _, good in judged])), "%"
            )
            for what, judged in details(mc, clips + known).items()
        ]
    figures += soundness(mc, known)
    for what, rows in _prompted(evaluator, words, split, clips).items():
        figures += _from_text_alone(
            mc, what, [text for text, _ in rows], [right for _, right in rows], evaluator, words
        )
    # Real motion is the same at every repeat.
    others = evaluator.predict(features_motions(windows_of(mc, other)[0]))["hidden"]
    known_joints = _pelvis_centred(_with_mirrored(windows_of(mc, known)[0]))
    draws = [
        decoding(mc, clips, evaluator, words, split, seed)
        + text_to_motion(mc, clips, known, known_joints, others, evaluator, words, split, seed)
        + smoothness(mc, actions, seed)
        for seed in tqdm(range(repeats), "text to motion", unit="repeat")
    ]
    figures += [_repeated(same) for same in zip(*draws, strict=True)]
    # Where a split has too few clips for a measure, there is no figure.
    return [figure for figure in figures if math.isfinite(figure.value)]


def windows_of(mc: MotionCLIP, clips: Sequence[Clip]) -> tuple[torch.Tensor, list[Clip]]:
    """A split's clips cut into windows (N, window, 149), of a long one eight at most, and the clip of each."""
    cuts = [cut_windows(clip.motion, mc.model.config.window, STRIDE) for clip in clips]
    cuts = [cut[np.linspace(0, len(cut) - 1, MAX_WINDOWS).round()] if len(cut) > MAX_WINDOWS else cut for cut in cuts]
    return torch.cat(cuts), [clip for clip, cut in zip(clips, cuts, strict=True) for _ in cut]


def reconstruction(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Measurement]:
    """How well the model's own representation holds real windows."""
    real, _ = windows_of(mc, clips)
    again = mc.model.reconstruct_features(real)
    (r, t), (r2, t2) = from_features(real), from_features(again)
    joints, joints2 = forward_kinematics(r, t), forward_kinematics(r2, t2)
    relative, relative2 = joints - joints[..., :1, :], joints2 - joints2[..., :1, :]
    cosine = ((r.transpose(-1, -2) @ r2).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    group = "reconstruction"
    before, after = features_motions(real), features_motions(again)
    return [
        Measurement(group, "MPJPE, root-relative", _mm(relative2 - relative), "mm"),
        Measurement(group, "MPJPE, global", _mm(joints2 - joints), "mm"),
        Measurement(group, "rotation error", math.degrees(float(cosine.clamp(-1, 1).acos().mean())), "°"),
        *_moves(group, after, before),
    ]


def recognition(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str], words: Words) -> list[Measurement]:
    """Cosine of the motion's latent to the embeddings of the action names; an action near the right one counts.

    Of recorded and animated clips: a choreographed one is a take of what was trained on.
    """
    clips = [clip for clip in clips if clip.kind != "choreographed"] or list(clips)
    names = mc.encode_text(actions)
    windows, owners = windows_of(mc, clips)
    figures = []
    for what, z, of in (
        ("windows", mc.model.encode_windows(windows), owners),
        ("whole clips", mc.encode_motion([clip.motion for clip in clips]), clips),
    ):
        scores = cosines(z, names)
        top1, top5 = _hits(scores, actions, [words.right(clip.action) for clip in of])
        strict, _ = _hits(scores, actions, [{clip.action} for clip in of])
        by_class = defaultdict(list)
        for clip, hit in zip(of, top1.tolist(), strict=True):
            by_class[clip.action].append(hit)
        averaged = float(np.mean([np.mean(hits) for hits in by_class.values()]))
        group = f"recognition among {len(actions)} actions"
        figures += [
            Measurement(group, f"{what}, top-1", 100 * float(top1.float().mean()), "%"),
            Measurement(group, f"{what}, top-5", 100 * float(top5.float().mean()), "%"),
            Measurement(group, f"{what}, top-1, near actions not counted", 100 * float(strict.float().mean()), "%"),
            Measurement(group, f"{what}, class-averaged top-1", 100 * averaged, "%"),
        ]
    return figures


def babel_recognition(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Measurement]:
    """The paper's recognition, on folders that `prepare` made of BABEL: its 60 classes, of which any that is among a
    window's categories is right; windows of none of them are left out."""
    of_class = [clip for clip in clips if set(clip.categories) & set(BABEL_60)]
    if not of_class:
        return []
    windows, owners = windows_of(mc, of_class)
    scores = cosines(mc.model.encode_windows(windows), mc.encode_text(BABEL_60))
    top1, top5 = _hits(scores, BABEL_60, [set(owner.categories) for owner in owners])
    group = "recognition among BABEL's 60 classes, any of a window's"
    return [
        Measurement(group, "top-1", 100 * float(top1.float().mean()), "%"),
        Measurement(group, "top-5", 100 * float(top5.float().mean()), "%"),
    ]


def confusion(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str]) -> tuple[torch.Tensor, list[str]]:
    """Windows by what they show (rows) and what they are recognised as (columns), of the actions that occur."""
    windows, owners = windows_of(mc, clips)
    best = cosines(mc.model.encode_windows(windows), mc.encode_text(actions)).argmax(1)
    counts = torch.zeros(len(actions), len(actions))
    shown = torch.tensor([actions.index(owner.action) for owner in owners])
    counts.index_put_((shown, best), torch.ones(len(best)), accumulate=True)
    occurs = (counts.sum(0) + counts.sum(1)) > 0
    return counts[occurs][:, occurs], [action for action, there in zip(actions, occurs.tolist(), strict=True) if there]


def decoding(
    mc: MotionCLIP, clips: Sequence[Clip], evaluator: Evaluator, words: Words, split: str, seed: int
) -> list[Measurement]:
    """What the evaluator sees in motion made of words, and of encoded motion, beside real motion.

    Right is an action or one near it. A prompt that is refused counts as wrong.
    """
    windows, owners = windows_of(mc, clips)
    figures = []
    for kind in ("recorded", "animated", "choreographed"):
        chosen = [number for number, owner in enumerate(owners) if owner.kind == kind]
        if not chosen:
            continue
        wanted = [words.right(owners[number].action) for number in chosen]
        shown = evaluator.predict(features_motions(windows[chosen]))["action"]
        figures += _shown(f"real motion, {kind}", shown, evaluator, wanted)
        z = mc.model.encode_windows(windows[chosen])
        shown = evaluator.predict(_distinct(mc, z, seed))["action"]
        figures += _shown(f"decoded from encoded windows, {kind}", shown, evaluator, wanted)
    for what, rows in _prompted(evaluator, words, split, clips).items():
        texts, wanted = [text for text, _ in rows], [right for _, right in rows]
        figures += _shown(what, _seen(evaluator, _generated(mc, texts, seed)), evaluator, wanted)
    return figures


def _prompted(
    evaluator: Evaluator, words: Words, split: str, clips: Sequence[Clip]
) -> dict[str, list[tuple[str, set[str]]]]:
    """Prompts with the actions that are right for them."""
    lists = {"from action names": [(action, words.right(action)) for action in evaluator.actions]}
    captions = [(text, action) for action in evaluator.actions for text in words.said(action, ("captions",), (split,))]
    captions = captions or [(clip.captions[0], clip.action) for clip in clips]
    lists[f"from {split} captions"] = [(text, words.right(action)) for text, action in captions]
    for what, file in EVERYDAY.items():
        rows = [(row["prompt"], row["actions"]) for row in _prompts(file) if row["actions"]]
        lists[f"from {what} prompts"] = [
            (text, set().union(*(words.right(a) for a in actions.split("|")))) for text, actions in rows
        ]
    evokes = [(text, action) for action in evaluator.actions for text in words.said(action, ("evokes",), (split,))]
    lists[f"from {split} associations"] = [(text, words.right(action)) for text, action in evokes]
    return {what: rows for what, rows in lists.items() if rows}


def _prompts(file: str) -> list[dict[str, str]]:
    with open(places.CONFIGS / "prompts" / file, newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def _from_text_alone(
    mc: MotionCLIP, what: str, texts: Sequence[str], wanted: Sequence[set[str]], evaluator: Evaluator, words: Words
) -> list[Measurement]:
    """The same without any motion: by the reader, the nearest action name, the nearest train phrase."""
    z = functional.normalize(mc.encode_text(texts), dim=-1)
    group = "action of the text alone"
    phrases = [(text, action) for action in evaluator.actions for text in [action, *words.said(action)]]
    figures = []
    if mc.reader is not None:
        hits = _hits(mc.reader.scores(texts, z), mc.reader.actions, wanted)
        figures += _both(group, f"{what}, by the reader", hits)
    for by, (known, actions) in {
        "nearest action name": (list(evaluator.actions), list(evaluator.actions)),
        "nearest train phrase": ([text for text, _ in phrases], [action for _, action in phrases]),
    }.items():
        scores = z @ functional.normalize(mc.tower.encode(known), dim=-1).T
        figures += _both(group, f"{what}, by the {by}", _hits(scores, actions, wanted))
    return figures


def _both(group: str, name: str, hits: tuple[torch.Tensor, torch.Tensor]) -> list[Measurement]:
    return [
        Measurement(group, f"{name}, {rank}", 100 * float(hit.float().mean()), "%")
        for rank, hit in zip(("first", "among five"), hits, strict=True)
    ]


def _shown(what: str, scores: torch.Tensor, evaluator: Evaluator, wanted: Sequence[set[str]]) -> list[Measurement]:
    return _both("action accuracy, by the evaluator", what, _hits(scores, evaluator.actions, wanted))


def _generated(mc: MotionCLIP, texts: Sequence[str], seed: int) -> list[Motion | None]:
    """What `generate` gives for each text, each with a seed of its own; None where it refuses."""
    motions: list[Motion | None] = []
    for start in range(0, len(texts), 128):
        part = texts[start : start + 128]
        taken = [negated(text) is None for text in part]
        seeds = [seed * 100_003 + start + number for number, good in enumerate(taken) if good]
        made = iter(mc.generate([text for text, good in zip(part, taken, strict=True) if good], seed=seeds))
        motions += [next(made) if good else None for good in taken]
    return motions


def _seen(evaluator: Evaluator, motions: Sequence[Motion | None]) -> torch.Tensor:
    """(motions, actions) what the evaluator sees: the mean over a motion's windows of its probabilities."""
    cuts = [[] if m is None else [m.crop(s, s + 60) for s in window_starts(len(m), 60, STRIDE)] for m in motions]
    judged = evaluator.predict([window for cut in cuts for window in cut])["action"].softmax(-1)
    parts = judged.split([len(cut) for cut in cuts])
    return torch.stack([part.mean(0) if len(part) else torch.zeros(len(evaluator.actions)) for part in parts])


def promises(mc: MotionCLIP, words: Words, split: str) -> list[Measurement]:
    """What a verdict "known" is worth: the share of what is so called that is right, and how much is so called."""
    assert mc.reader is not None
    lists = {
        f"{split} captions": [
            (t, words.right(a)) for a in mc.reader.actions for t in words.said(a, ("captions",), (split,))
        ],
        f"{split} associations": [
            (t, words.right(a)) for a in mc.reader.actions for t in words.said(a, ("evokes",), (split,))
        ],
    }
    for what, file in EVERYDAY.items():
        lists[f"{what} prompts"] = [
            (row["prompt"], set().union(*(words.right(a) for a in row["actions"].split("|") if a)))
            for row in _prompts(file)
        ]
    figures = []
    for what, rows in lists.items():
        if not rows:
            continue
        verdicts = [mc.verdict(text) if negated(text) is None else None for text, _ in rows]
        known = [
            (v, right) for v, (_, right) in zip(verdicts, rows, strict=True) if v is not None and v.level == "known"
        ]
        good = [float(any(action in right for action in v.actions)) for v, right in known]
        figures += [
            Measurement("verdict", f"{what}: called known", 100 * len(known) / len(rows), "%"),
            Measurement(
                "verdict", f"{what}: right among what is called known", 100 * float(np.mean(good or [math.nan])), "%"
            ),
        ]
    levels = []
    for row in _prompts("not_understood.csv"):
        refused = negated(row["prompt"]) is not None
        levels.append(
            refused or mc.verdict(row["prompt"]).level == "unread"
            if row["reason"] != "understood"
            else not refused and mc.verdict(row["prompt"]).level != "unread"
        )
    figures.append(
        Measurement("verdict", f"{len(levels)} prompts to refuse or not: right", 100 * float(np.mean(levels)), "%")
    )
    return figures


def soundness(mc: MotionCLIP, known: Sequence[Clip]) -> list[Measurement]:
    """Leaps and floating in many seeds of every action, beside what the recordings do.

    An action whose recordings leap, or float in over 2 % of their frames, is left out of the row.
    """
    by_action: dict[str, list[Motion]] = defaultdict(list)
    for clip in known:
        by_action[clip.action].append(clip.motion)
    leapt = floated = sound = frames = 0
    worst: list[str] = []
    for action, recordings in tqdm(by_action.items(), "soundness", unit="action"):
        real = [leaps(motion) for motion in recordings]
        floats = float(np.mean(np.concatenate([heights(motion) for motion in recordings]) > FLOATING))
        made = mc.model.decode_distinct(mc.drawn([action]).expand(SEEDS, -1), mc.model.config.window, 0)
        if not any(real):
            sound += SEEDS
            count = sum(leaps(motion) for motion in made)
            leapt += count
            worst += [action] * bool(count)
        if floats <= 0.02:
            over = np.concatenate([heights(motion) for motion in made]) > FLOATING
            floated, frames = floated + int(over.sum()), frames + len(over)
    group = f"soundness, {SEEDS} seeds of each action"
    if worst:
        print("leaps:", ", ".join(worst))
    return [
        Measurement(
            group, "motions with a leap, of actions whose recordings have none", 100 * leapt / max(sound, 1), "%"
        ),
        Measurement(group, "frames that float, of actions whose recordings don't", 100 * floated / max(frames, 1), "%"),
    ]


def text_to_motion(
    mc: MotionCLIP,
    clips: Sequence[Clip],
    known: Sequence[Clip],
    known_joints: torch.Tensor,
    others: torch.Tensor,
    evaluator: Evaluator,
    words: Words,
    split: str,
    seed: int,
) -> list[Measurement]:
    """For each real window a motion generated from a caption of its clip, and the training clip that has the nearest
    caption: all three by the same measures.

    known_joints: of the training clips' windows, (N, frames, 24, 3). others: what the evaluator sees in the windows of
    another split, (N, H), for the distance of real to real.
    """
    windows, owners = windows_of(mc, clips)
    captions, taken = [], []
    for number, owner in enumerate(owners):
        unseen = words.said(owner.action, ("captions",), (split,)) if owner.style == "normal" else ()
        of = [caption for caption in unseen or owner.captions if negated(caption) is None]
        if of:  # else `generate` refuses all that is said of it
            captions.append(of[number % len(of)])
            taken.append(number)
    windows, owners = windows[taken], [owners[number] for number in taken]
    texts = mc.encode_text(captions)
    real = features_motions(windows)
    retrieved = _retrieved(mc, texts, known, seed)
    generated = [motion for motion in _generated(mc, captions, seed + 1) if motion is not None]
    judged_real = evaluator.predict(real)["hidden"]
    spoken = load_tower(evaluator.tower).encode(captions)
    figures = []
    for group, motions in (("real motion", real), ("nearest training clip", retrieved), ("generated", generated)):
        judged = evaluator.predict(motions)
        hidden = judged["hidden"]
        group = f"text to motion, {group}"
        top1, _ = _hits(judged["action"], evaluator.actions, [words.right(owner.action) for owner in owners])
        figures.append(Measurement(group, "action accuracy, top-1", 100 * float(top1.float().mean()), "%"))
        for rank, share in enumerate(precision(judged["text"], spoken, seed), start=1):
            figures.append(Measurement(group, f"R-precision@{rank} of {BATCH}", 100 * share, "%"))
        figures.append(Measurement(group, "multimodal distance", float((judged["text"] - spoken).norm(dim=-1).mean())))
        if motions is real:
            figures.append(Measurement(group, "Fréchet distance of the other split", frechet(others, judged_real)))
        else:
            figures.append(Measurement(group, "Fréchet distance", frechet(hidden, judged_real)))
        # Of a caption with several steps the first: what is compared are windows.
        cuts = [motion.padded(mc.model.config.window).crop(0, mc.model.config.window) for motion in motions]
        joints = _pelvis_centred(torch.stack([canonical(motion_features(cut)) for cut in cuts]))
        figures += [
            Measurement(group, "diversity", diversity(hidden, seed)),
            Measurement(
                group,
                "multimodality within an action",
                multimodality(hidden, [owner.action for owner in owners], [owner.name for owner in owners]),
            ),
            Measurement(
                group,
                "novelty: distance to the nearest training window",
                float(nearest_distances(joints, known_joints).mean()),
                "mm",
            ),
        ]
        if motions is not real:
            recorded = [number for number, owner in enumerate(owners) if owner.kind == "recorded"]
            chosen = recorded or list(range(len(owners)))
            figures += _moves(f"{group}, as recorded", [motions[n] for n in chosen], [real[n] for n in chosen])
    return figures


def smoothness(mc: MotionCLIP, actions: Sequence[str], seed: int) -> list[Measurement]:
    """How even the way is along interpolations between pairs of actions: 10 % would be the most even."""
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
    mc: MotionCLIP, clips: Sequence[Clip], known: Sequence[Clip], evaluator: Evaluator, strength: float = 1.0
) -> list[Measurement]:
    """Real neutral motion edited to other styles, judged for the style reached and the action kept.

    Apart: pairs of an action and a style that are recorded, among the training clips (`known`) and among these;
    and styles that the training clips have with other actions only.
    """
    counts = Counter(clip.style for clip in known)
    styles = [style for style in STYLES if counts[style] >= MIN_STYLE_CLIPS]
    together = {(clip.action, clip.style) for clip in known}
    here = {(clip.action, clip.style) for clip in clips}
    actions = {clip.action for clip in clips if clip.style != "normal"}
    frames = mc.model.config.window
    rows: dict[str, list[tuple[Motion, str, str]]] = defaultdict(list)
    for clip in tqdm([c for c in clips if c.style == "normal" and c.action in actions], "edits", unit="clip"):
        for start in window_starts(len(clip.motion), frames, frames)[:2]:
            base = clip.motion.padded(frames).crop(start, start + frames)
            wanted = [s for s in styles if (clip.action, s) in here or (clip.action, s) not in together]
            if not wanted:
                continue
            targets = [f"{clip.action} {STYLES[style]}" for style in wanted]
            for style, motion in zip(wanted, mc.edit_towards(base, clip.action, targets, strength), strict=True):
                kind = "seen with the action" if (clip.action, style) in together else "seen with others only"
                rows[f"edited to a style {kind}"].append((motion, clip.action, style))
                rows[f"unedited, style {kind}"].append((base, clip.action, style))
    for clip in clips:
        if clip.style in styles:
            rows["real clips of the style"].append((clip.motion, clip.action, clip.style))
    figures = []
    for what, found in sorted(rows.items()):
        motions = list({id(motion): motion for motion, _, _ in found}.values())
        place = {id(motion): i for i, motion in enumerate(motions)}
        actions_seen, styles_seen = evaluator.named(motions)
        reached = np.mean([styles_seen[place[id(motion)]] == wanted for motion, _, wanted in found])
        kept = np.mean([actions_seen[place[id(motion)]] == wanted for motion, wanted, _ in found])
        figures.append(
            Measurement("edits, judged apart", f"{what} ({len(found)}): style reached", 100 * float(reached), "%")
        )
        figures.append(
            Measurement("edits, judged apart", f"{what} ({len(found)}): action kept", 100 * float(kept), "%")
        )
    return figures


def _moves(group: str, motions: Sequence[Motion], real: Sequence[Motion]) -> list[Measurement]:
    """How motions move, as shares of real ones."""
    figures = []
    for name, measure in (("speed", speed), ("jerk", jerk), ("foot skating", skating)):
        share = np.mean([measure(m) for m in motions]) / np.mean([measure(m) for m in real])
        figures.append(Measurement(group, f"{name} as a share of real", float(share)))
    for name, those in (("floor penetration", motions), ("floor penetration of real", real)):
        figures.append(Measurement(group, name, float(np.mean([penetration(m) for m in those])), "mm"))
    return figures


def _retrieved(mc: MotionCLIP, texts: torch.Tensor, known: Sequence[Clip], seed: int) -> list[Motion]:
    """For each latent of a text a random window of a training clip with the nearest caption."""
    owner_of: dict[str, list[Clip]] = defaultdict(list)
    for clip in known:
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


def _hits(scores: torch.Tensor, labels: Sequence[str], wanted: Sequence[set[str]]) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) bool: one of the wanted labels comes first; is among the first five."""
    right = torch.tensor([[label in those for label in labels] for those in wanted])
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
