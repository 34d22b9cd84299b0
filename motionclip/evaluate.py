"""Quality figures of a model on a labelled data folder: reconstruction, recognition, text-to-motion, edits."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from . import CLOSENESS, places
from .data import Clip, cut_windows, load_clips, read_table, window_starts
from .evaluator import Evaluator
from .features import canonical, features_motions, from_features, mirror, motion_features
from .json_file import read_json
from .labels import BABEL_60, STYLES
from .metrics import (
    BATCH,
    cosines,
    diversity,
    frechet,
    jerk,
    multimodality,
    nearest_distances,
    penetration,
    precision,
    skating,
    speed,
)
from .motion import Motion
from .pipeline import MotionCLIP
from .skeleton import forward_kinematics
from .towers import load_tower

STRIDE = 30
# Prompts that no recording was described with; how texts are drawn to known ones was chosen on the first.
PROMPTS = {
    "": places.CONFIGS / "out_of_domain.csv",
    " that nothing was chosen on": places.CONFIGS / "out_of_domain_unseen.csv",
}
MIN_STYLE_CLIPS = 5
INTERPOLATIONS = 12


@dataclass(frozen=True)
class Figure:
    """One measured number: `low` and `high` bound 95 % over repeats with other seeds, where there were any."""

    group: str
    name: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None

    def shown(self) -> str:
        spread = f" ± {(self.high - self.low) / 2:.2g}" if self.low is not None and self.high is not None else ""
        return (
            f"{self.value:.{0 if abs(self.value) >= 1000 else 1 if abs(self.value) >= 10 else 2}f}{spread} {self.unit}"
        )


def evaluate(mc: MotionCLIP, data: Path, split: str, judge: Evaluator, repeats: int = 3) -> list[Figure]:
    """Every figure of the table, for the clips of one split; prints progress."""
    clips, known = load_clips(data, split), load_clips(data, "train")
    other = load_clips(data, "val" if split == "test" else "test")
    actions = sorted({row["action"] for row in read_table(data)})
    figures = reconstruction(mc, clips) + recognition(mc, clips, actions) + edits(mc, clips, known, judge)
    figures += babel_recognition(mc, clips)
    # Real motion is the same at every repeat.
    others = judge.judge(features_motions(_windows(mc, other)[0]))["hidden"]
    known_joints = _pelvis_centred(_with_mirrored(_windows(mc, known)[0]))
    draws = [
        decoding(mc, clips, judge, seed)
        + text_to_motion(mc, clips, known, known_joints, others, judge, seed)
        + [figure for which in PROMPTS for figure in out_of_domain(mc, known, judge, which, seed)]
        + smoothness(mc, actions, seed)
        for seed in tqdm(range(repeats), "text to motion", unit="repeat")
    ]
    figures += [_repeated(same) for same in zip(*draws, strict=True)]
    # Where a split has too few clips for a measure, there is no figure.
    return [figure for figure in figures if math.isfinite(figure.value)]


def table(models: Mapping[str, Sequence[Figure]]) -> str:
    """The figures as text: a line each under their groups, a column a model."""
    columns = {name: {(f.group, f.name): f.shown() for f in figures} for name, figures in models.items()}
    keys = list(dict.fromkeys(key for column in columns.values() for key in column))
    width = max(len(name) for _, name in keys) + 2
    widths = {name: max(len(name), *(len(text) for text in column.values())) + 2 for name, column in columns.items()}
    lines = ["" if len(columns) == 1 else " " * (width + 2) + "".join(name.ljust(widths[name]) for name in columns)]
    group = None
    for key in keys:
        if key[0] != group:
            group = key[0]
            lines += ["", group]
        cells = "".join(column.get(key, "–").ljust(widths[name]) for name, column in columns.items())
        lines.append(f"  {key[1]:{width}}{cells}".rstrip())
    return "\n".join(lines).lstrip("\n")


def as_json(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """The figures as plain dicts."""
    return [asdict(figure) for figure in figures]


def from_json(path: Path) -> list[Figure]:
    """What `as_json` gave, from a file. Raises ValueError where that is something else."""
    try:
        return [Figure(**figure) for figure in read_json(path)]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: must be a list of figures, as `evaluate --json` writes it ({error})") from error


def _windows(mc: MotionCLIP, clips: Sequence[Clip]) -> tuple[torch.Tensor, list[Clip]]:
    cuts = [cut_windows(clip.motion, mc.model.config.window, STRIDE) for clip in clips]
    return torch.cat(cuts), [clip for clip, cut in zip(clips, cuts, strict=True) for _ in cut]


def reconstruction(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Figure]:
    """How well the model's own representation holds real windows."""
    real, _ = _windows(mc, clips)
    again = mc.model.reconstruct_features(real)
    (r, t), (r2, t2) = from_features(real), from_features(again)
    joints, joints2 = forward_kinematics(r, t), forward_kinematics(r2, t2)
    relative, relative2 = joints - joints[..., :1, :], joints2 - joints2[..., :1, :]
    cosine = ((r.transpose(-1, -2) @ r2).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    group = "reconstruction"
    before, after = features_motions(real), features_motions(again)
    return [
        Figure(group, "MPJPE, root-relative", _mm(relative2 - relative), "mm"),
        Figure(group, "MPJPE, global", _mm(joints2 - joints), "mm"),
        Figure(group, "rotation error", math.degrees(float(cosine.clamp(-1, 1).acos().mean())), "°"),
        *_moves(group, after, before),
    ]


def recognition(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str]) -> list[Figure]:
    """Cosine of the motion's latent to the embeddings of the action names: as what it is listed, and by the paper's
    protocol, where any of a clip's labels counts."""
    names = mc.encode_text(actions)
    labels = {clip.name: _named(clip, actions) for clip in clips}
    windows, owners = _windows(mc, clips)
    figures = []
    for what, z, of in (
        ("windows", mc.model.encode_windows(windows), owners),
        ("whole clips", mc.encode_motion([clip.motion for clip in clips]), clips),
    ):
        scores = cosines(z, names)
        top1, top5 = _hits(scores, actions, [{clip.action} for clip in of])
        any1, any5 = _hits(scores, actions, [labels[clip.name] for clip in of])
        by_class = defaultdict(list)
        for clip, hit in zip(of, top1.tolist(), strict=True):
            by_class[clip.action].append(hit)
        averaged = float(np.mean([np.mean(hits) for hits in by_class.values()]))
        group = f"recognition among {len(actions)} actions"
        figures += [
            Figure(group, f"{what}, top-1", 100 * float(top1.float().mean()), "%"),
            Figure(group, f"{what}, top-5", 100 * float(top5.float().mean()), "%"),
            Figure(group, f"{what}, class-averaged top-1", 100 * averaged, "%"),
            Figure(group, f"{what}, any action in the captions, top-1", 100 * float(any1.float().mean()), "%"),
            Figure(group, f"{what}, any action in the captions, top-5", 100 * float(any5.float().mean()), "%"),
        ]
    return figures


def babel_recognition(mc: MotionCLIP, clips: Sequence[Clip]) -> list[Figure]:
    """The paper's recognition, on folders that `prepare` made of BABEL: its 60 classes, of which any that is among a
    window's categories is right; windows of none of them are left out."""
    of_class = [clip for clip in clips if set(clip.categories) & set(BABEL_60)]
    if not of_class:
        return []
    windows, owners = _windows(mc, of_class)
    scores = cosines(mc.model.encode_windows(windows), mc.encode_text(BABEL_60))
    top1, top5 = _hits(scores, BABEL_60, [set(owner.categories) for owner in owners])
    group = "recognition among BABEL's 60 classes, any of a window's"
    return [
        Figure(group, "top-1", 100 * float(top1.float().mean()), "%"),
        Figure(group, "top-5", 100 * float(top5.float().mean()), "%"),
    ]


def _named(clip: Clip, actions: Sequence[str]) -> set[str]:
    """The clip's action, and others that its captions name: in "walk and turn left" there is a walk, too."""
    said = " | ".join(clip.captions).lower()
    return {clip.action} | {action for action in actions if re.search(rf"\b{re.escape(action)}\b", said)}


def confusion(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str]) -> tuple[torch.Tensor, list[str]]:
    """Windows by what they show (rows) and what they are recognised as (columns), of the actions that occur."""
    windows, owners = _windows(mc, clips)
    best = cosines(mc.model.encode_windows(windows), mc.encode_text(actions)).argmax(1)
    counts = torch.zeros(len(actions), len(actions))
    shown = torch.tensor([actions.index(owner.action) for owner in owners])
    counts.index_put_((shown, best), torch.ones(len(best)), accumulate=True)
    occurs = (counts.sum(0) + counts.sum(1)) > 0
    return counts[occurs][:, occurs], [action for action, there in zip(actions, occurs.tolist(), strict=True) if there]


def decoding(mc: MotionCLIP, clips: Sequence[Clip], judge: Evaluator, seed: int) -> list[Figure]:
    """What the judge sees in motion decoded from texts and from encoded motion, beside real motion."""
    real_windows, owners = _windows(mc, clips)
    captions = [(caption, clip.action) for clip in clips for caption in clip.captions]
    names = [(action, action) for action in judge.actions for _ in range(4)]
    # Each clip as often as it has captions, to compare like with like.
    times = torch.tensor([len(clip.captions) for clip in clips])
    encoded = mc.encode_motion([clip.motion for clip in clips]).repeat_interleave(times, dim=0)
    shown = [clip.action for clip in owners]
    sources = {
        "real motion": (features_motions(real_windows), shown),
        "from action names": (_distinct(mc, _asked(mc, [text for text, _ in names]), seed), [a for _, a in names]),
        "from captions": (
            _distinct(mc, _asked(mc, [text for text, _ in captions]), seed),
            [action for _, action in captions],
        ),
        "from encoded clips": (_distinct(mc, encoded, seed), [action for _, action in captions]),
        "from encoded windows": (_distinct(mc, mc.model.encode_windows(real_windows), seed), shown),
    }
    figures = []
    for what, (motions, wanted) in sources.items():
        top1, top5 = _hits(judge.judge(motions)["action"], judge.actions, [{action} for action in wanted])
        figures += [
            Figure("action shown, judged apart", f"{what}, top-1", 100 * float(top1.float().mean()), "%"),
            Figure("action shown, judged apart", f"{what}, top-5", 100 * float(top5.float().mean()), "%"),
        ]
    return figures


def text_to_motion(
    mc: MotionCLIP,
    clips: Sequence[Clip],
    known: Sequence[Clip],
    known_joints: torch.Tensor,
    others: torch.Tensor,
    judge: Evaluator,
    seed: int,
) -> list[Figure]:
    """For each real window a motion generated from a caption of its clip, and the training clip that has the nearest
    caption: all three by the same measures.

    known_joints: of the training clips' windows, (N, frames, 24, 3). others: what the judge sees in the windows of
    another split, (N, H), for the distance of real to real.
    """
    windows, owners = _windows(mc, clips)
    captions = [owner.captions[number % len(owner.captions)] for number, owner in enumerate(owners)]
    texts = mc.encode_text(captions)
    real = features_motions(windows)
    retrieved = _retrieved(mc, texts, known, seed)
    generated = _distinct(mc, _asked(mc, captions), seed + 1)
    judged_real = judge.judge(real)["hidden"]
    spoken = load_tower(judge.tower).encode(captions)
    figures = []
    for group, motions in (("real motion", real), ("nearest training clip", retrieved), ("generated", generated)):
        judged = judge.judge(motions)
        hidden = judged["hidden"]
        group = f"text to motion, {group}"
        top1, _ = _hits(judged["action"], judge.actions, [{owner.action} for owner in owners])
        figures.append(Figure(group, "action shown, top-1", 100 * float(top1.float().mean()), "%"))
        for rank, share in enumerate(precision(judged["text"], spoken, seed), start=1):
            figures.append(Figure(group, f"R-precision@{rank} of {BATCH}", 100 * share, "%"))
        figures.append(Figure(group, "multimodal distance", float((judged["text"] - spoken).norm(dim=-1).mean())))
        if motions is real:
            figures.append(Figure(group, "Fréchet distance of the other split", frechet(others, judged_real)))
        else:
            figures.append(Figure(group, "Fréchet distance", frechet(hidden, judged_real)))
        joints = _pelvis_centred(torch.stack([canonical(motion_features(motion)) for motion in motions]))
        figures += [
            Figure(group, "diversity", diversity(hidden, seed)),
            Figure(
                group,
                "multimodality within an action",
                multimodality(hidden, [owner.action for owner in owners], [owner.name for owner in owners]),
            ),
            Figure(
                group,
                "novelty: distance to the nearest training window",
                float(nearest_distances(joints, known_joints).mean()),
                "mm",
            ),
        ]
        if motions is not real:
            figures += _moves(group, motions, real)
    return figures


def smoothness(mc: MotionCLIP, actions: Sequence[str], seed: int) -> list[Figure]:
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
        Figure(group, "largest of ten steps, share of the way", 100 * float(np.mean(leaps)), "%"),
        Figure(group, "slowest motion on the way, share of the ends' speed", 100 * float(np.mean(slowest)), "%"),
    ]


def out_of_domain(
    mc: MotionCLIP,
    known: Sequence[Clip],
    judge: Evaluator,
    which: str,
    seed: int,
    closeness: float = CLOSENESS,
) -> list[Figure]:
    """Prompts that no caption contains (one of the lists of PROMPTS), each with the actions that would be right, judged
    by the action shown.

    Beside it the plain answer: the action of the training clip with the nearest caption.
    """
    with open(PROMPTS[which], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    z = mc.encode_text([row["prompt"] for row in rows])
    action_of = {caption: clip.action for clip in known for caption in clip.captions}
    nearest = cosines(z, mc.encode_text(list(action_of))).argmax(1).tolist()
    retrieved = [list(action_of.values())[index] for index in nearest]
    pulled = z if mc.bank is None else mc.bank.pull(z, closeness)
    logits = judge.judge(_distinct(mc, pulled.repeat(4, 1), seed))["action"]
    best = logits.topk(5, dim=1).indices.tolist()
    rights = [set(row["actions"].split("|")) for row in rows] * 4
    first = [judge.actions[ranks[0]] in right for ranks, right in zip(best, rights, strict=True)]
    five = [any(judge.actions[i] in right for i in ranks) for ranks, right in zip(best, rights, strict=True)]
    plain = [action in right for action, right in zip(retrieved, rights, strict=False)]
    group = f"out of domain, {len(rows)} prompts{which}, judged apart"
    return [
        Figure(group, "hit rate@1", 100 * float(np.mean(first)), "%"),
        Figure(group, "hit rate@5", 100 * float(np.mean(five)), "%"),
        Figure(group, "nearest-caption retrieval", 100 * float(np.mean(plain)), "%"),
    ]


def edits(
    mc: MotionCLIP, clips: Sequence[Clip], known: Sequence[Clip], judge: Evaluator, strength: float = 1.0
) -> list[Figure]:
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
        actions_seen, styles_seen = judge.named(motions)
        reached = np.mean([styles_seen[place[id(motion)]] == wanted for motion, _, wanted in found])
        kept = np.mean([actions_seen[place[id(motion)]] == wanted for motion, wanted, _ in found])
        figures.append(
            Figure("edits, judged apart", f"{what} ({len(found)}): style reached", 100 * float(reached), "%")
        )
        figures.append(Figure("edits, judged apart", f"{what} ({len(found)}): action kept", 100 * float(kept), "%"))
    return figures


def _moves(group: str, motions: Sequence[Motion], real: Sequence[Motion]) -> list[Figure]:
    """How motions move, as shares of real ones."""
    figures = []
    for name, measure in (("speed", speed), ("jerk", jerk), ("foot skating", skating)):
        share = np.mean([measure(m) for m in motions]) / np.mean([measure(m) for m in real])
        figures.append(Figure(group, f"{name} as a share of real", float(share)))
    for name, those in (("floor penetration", motions), ("floor penetration of real", real)):
        figures.append(Figure(group, name, float(np.mean([penetration(m) for m in those])), "mm"))
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
    """(N, frames, 147) → (N, frames, 24, 3) joints relative to the pelvis."""
    joints = torch.cat([forward_kinematics(*from_features(part)) for part in windows.split(512)])
    return joints - joints[..., :1, :]


def _asked(mc: MotionCLIP, texts: Sequence[str]) -> torch.Tensor:
    """The latents that `generate` decodes for texts."""
    z = mc.encode_text(texts)
    return z if mc.bank is None else mc.bank.pull(z, CLOSENESS)


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


def _repeated(figures: Sequence[Figure]) -> Figure:
    values = np.array([figure.value for figure in figures])
    first = figures[0]
    if len(values) < 2 or values.std() < 1e-9:
        return Figure(first.group, first.name, float(values.mean()), first.unit)
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    return Figure(
        first.group,
        first.name,
        float(values.mean()),
        first.unit,
        float(values.mean() - half),
        float(values.mean() + half),
    )
