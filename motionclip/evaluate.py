"""Quality figures of a model on a labelled data folder: reconstruction, recognition, text-to-motion, edits."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from . import CLOSENESS
from .data import Clip, cut_windows, load_clips, read_table, window_starts
from .evaluator import Evaluator
from .features import from_features
from .labels import STYLES
from .motion import FPS, Motion
from .pipeline import MotionCLIP
from .skeleton import forward_kinematics

STRIDE = 30
PROMPTS = Path(__file__).resolve().parent.parent / "configs" / "out_of_domain.csv"
MIN_STYLE_CLIPS = 5


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


def evaluate(
    mc: MotionCLIP, data: Path, split: str, judge: Evaluator, prompts: Path = PROMPTS, repeats: int = 3
) -> list[Figure]:
    """Every figure of the table, for the clips of one split; prints progress."""
    clips = load_clips(data, split)
    figures: list[Figure] = []
    actions = sorted({row["action"] for row in read_table(data)})
    figures += reconstruction(mc, clips)
    figures += recognition(mc, clips, actions)
    known = load_clips(data, "train")
    figures += edits(mc, clips, known, judge)
    draws = [
        text_to_motion(mc, clips, judge, seed) + out_of_domain(mc, known, judge, prompts, seed)
        for seed in tqdm(range(repeats), "text to motion", unit="repeat")
    ]
    figures += [_repeated(same) for same in zip(*draws, strict=True)]
    return figures


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, a line each under their groups."""
    lines, group = [], None
    width = max(len(figure.name) for figure in figures) + 2
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines += ["", group]
        lines.append(f"  {figure.name:{width}} {figure.shown()}")
    return "\n".join(lines[1:])


def as_json(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """The figures as plain dicts."""
    return [asdict(figure) for figure in figures]


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
    return [
        Figure(group, "MPJPE, root-relative", _mm(relative2 - relative), "mm"),
        Figure(group, "MPJPE, global", _mm(joints2 - joints), "mm"),
        Figure(group, "rotation error", math.degrees(float(cosine.clamp(-1, 1).acos().mean())), "°"),
    ]


def recognition(mc: MotionCLIP, clips: Sequence[Clip], actions: Sequence[str]) -> list[Figure]:
    """The paper's protocol: cosine of the motion's latent to the embeddings of the action names."""
    names = mc.encode_text(actions)
    windows, owners = _windows(mc, clips)
    figures = []
    for what, z, of in (
        ("windows", mc.model.encode_windows(windows), owners),
        ("whole clips", mc.encode_motion([clip.motion for clip in clips]), clips),
    ):
        wanted = [clip.action for clip in of]
        top1, top5 = _hits(z @ names.T, actions, wanted)
        by_class = defaultdict(list)
        for action, hit in zip(wanted, top1.tolist(), strict=True):
            by_class[action].append(hit)
        averaged = float(np.mean([np.mean(hits) for hits in by_class.values()]))
        group = f"recognition among {len(actions)} actions"
        figures += [
            Figure(group, f"{what}, top-1", 100 * float(top1.float().mean()), "%"),
            Figure(group, f"{what}, top-5", 100 * float(top5.float().mean()), "%"),
            Figure(group, f"{what}, class-averaged top-1", 100 * averaged, "%"),
        ]
    return figures


def text_to_motion(mc: MotionCLIP, clips: Sequence[Clip], judge: Evaluator, seed: int) -> list[Figure]:
    """Generated motion judged by a classifier trained apart, beside real motion judged the same way."""
    real_windows, owners = _windows(mc, clips)
    real = [Motion.from_rotations(*from_features(window)) for window in real_windows]
    captions = [(caption, clip.action) for clip in clips for caption in clip.captions]
    names = [(action, action) for action in judge.actions for _ in range(4)]
    # Each clip as often as it has captions, to compare like with like.
    times = torch.tensor([len(clip.captions) for clip in clips])
    encoded = mc.encode_motion([clip.motion for clip in clips]).repeat_interleave(times, dim=0)
    sources = {
        "action names": (_distinct(mc, mc.encode_text([text for text, _ in names]), seed), [a for _, a in names]),
        "captions": (_distinct(mc, mc.encode_text([text for text, _ in captions]), seed), [a for _, a in captions]),
        "encoded clips": (_distinct(mc, encoded, seed), [action for _, action in captions]),
        "encoded windows": (
            _distinct(mc, mc.model.encode_windows(real_windows), seed),
            [clip.action for clip in owners],
        ),
    }
    real_judged = judge.judge(real)
    group = "text-to-motion, judged apart"
    figures = _judged(group, "real motion", judge, real_judged, [clip.action for clip in owners])
    for what, (motions, wanted) in sources.items():
        judged = judge.judge(motions)
        figures += _judged(group, f"from {what}", judge, judged, wanted)
    # One for each real window, so that both sets have the same actions in the same numbers.
    paired = [owner.captions[number % len(owner.captions)] for number, owner in enumerate(owners)]
    motions = _distinct(mc, mc.encode_text(paired), seed + 1)
    hidden = judge.judge(motions)["hidden"]
    figures.append(Figure(group, "Fréchet distance to real windows", frechet(hidden, real_judged["hidden"])))
    for name, measure in (("speed", speed), ("jerk", jerk), ("foot skating", skating)):
        share = np.mean([measure(m) for m in motions]) / np.mean([measure(m) for m in real])
        figures.append(Figure(group, f"{name} as a share of real", float(share)))
    return figures


def out_of_domain(
    mc: MotionCLIP,
    known: Sequence[Clip],
    judge: Evaluator,
    prompts: Path,
    seed: int,
    closeness: float = CLOSENESS,
) -> list[Figure]:
    """Prompts that no caption contains, each with the actions that would be right, judged by the action shown.

    Beside it the plain answer: the action of the training clip with the nearest caption.
    """
    with open(prompts, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    z = mc.encode_text([row["prompt"] for row in rows])
    action_of = {caption: clip.action for clip in known for caption in clip.captions}
    nearest = (z @ mc.encode_text(list(action_of)).T).argmax(1).tolist()
    retrieved = [list(action_of.values())[index] for index in nearest]
    pulled = z if mc.bank is None else mc.bank.pull(z, closeness)
    logits = judge.judge(_distinct(mc, pulled.repeat(4, 1), seed))["action"]
    best = logits.topk(5, dim=1).indices.tolist()
    rights = [set(row["actions"].split("|")) for row in rows] * 4
    first = [judge.actions[ranks[0]] in right for ranks, right in zip(best, rights, strict=True)]
    five = [any(judge.actions[i] in right for i in ranks) for ranks, right in zip(best, rights, strict=True)]
    plain = [action in right for action, right in zip(retrieved, rights, strict=False)]
    group = f"out of domain, {len(rows)} prompts, judged apart"
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
        judged = judge.judge(motions)
        style = [judge.styles[i] for i in judged["style"].argmax(1).tolist()]
        action = [judge.actions[i] for i in judged["action"].argmax(1).tolist()]
        reached = np.mean([style[place[id(motion)]] == wanted for motion, _, wanted in found])
        kept = np.mean([action[place[id(motion)]] == wanted for motion, wanted, _ in found])
        figures.append(
            Figure("edits, judged apart", f"{what} ({len(found)}): style reached", 100 * float(reached), "%")
        )
        figures.append(Figure("edits, judged apart", f"{what} ({len(found)}): action kept", 100 * float(kept), "%"))
    return figures


def _judged(
    group: str, what: str, judge: Evaluator, judged: dict[str, torch.Tensor], wanted: list[str]
) -> list[Figure]:
    top1, top5 = _hits(judged["action"], judge.actions, wanted)
    return [
        Figure(group, f"{what}, top-1", 100 * float(top1.float().mean()), "%"),
        Figure(group, f"{what}, top-5", 100 * float(top5.float().mean()), "%"),
    ]


def _distinct(mc: MotionCLIP, z: torch.Tensor, seed: int) -> list[Motion]:
    """Decode each latent with noise of its own, in batches."""
    motions = []
    for number, part in enumerate(z.split(256)):
        motions += mc.model.decode_distinct(part, mc.model.config.window, seed * 10_007 + number)
    return motions


def _hits(scores: torch.Tensor, labels: Sequence[str], wanted: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) bool: the wanted label comes first; is among the first five."""
    index = torch.tensor([labels.index(label) if label in labels else -1 for label in wanted])
    ranks = scores.argsort(dim=1, descending=True) == index[:, None]
    return ranks[:, 0], ranks[:, :5].any(1)


def _relative(motion: Motion) -> np.ndarray:
    joints = motion.joints()
    return joints - joints[:, :1]


def speed(motion: Motion) -> float:
    """Mean speed of the joints relative to the pelvis, metres a second."""
    return float(np.linalg.norm(np.diff(_relative(motion), axis=0), axis=-1).mean() * FPS)


def jerk(motion: Motion) -> float:
    """Mean jerk of the joints relative to the pelvis, metres a second cubed."""
    return float(np.linalg.norm(np.diff(_relative(motion), n=3, axis=0), axis=-1).mean() * FPS**3)


def skating(motion: Motion) -> float:
    """Millimetres that a foot slides in a frame in which it is low and was low before."""
    feet = motion.joints()[:, [10, 11]]
    low = feet[..., 1] < feet[..., 1].min() + 0.03
    contact = low[1:] & low[:-1]
    slide = np.linalg.norm(np.diff(feet[..., [0, 2]], axis=0), axis=-1)
    return float(1000 * slide[contact].mean()) if contact.any() else 0.0


def frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    """Fréchet distance of two sets of features (N, H), as Gaussians (Heusel et al. 2017)."""
    a, b = a.double(), b.double()
    # tr((Σa Σb)^½) from the singular values of the product of the centred, scaled sets.
    product = (a - a.mean(0)) @ (b - b.mean(0)).T / math.sqrt((len(a) - 1) * (len(b) - 1))
    cross = torch.linalg.svdvals(product).sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross)


def _mm(difference: torch.Tensor) -> float:
    return 1000 * float(difference.norm(dim=-1).mean())


def _repeated(figures: Sequence[Figure]) -> Figure:
    values = np.array([figure.value for figure in figures])
    first = figures[0]
    if len(values) < 2 or values.std() == 0:
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
