"""Rules on joint positions that check the details of prompts: sides, counts, tempo, things at once, steps in order.

They share nothing with `composition` and `counting`, which make those details: they look only at the finished motion.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from .. import project_folders
from ..constants import FPS
from ..motion.motion import Motion, heading
from ..motion.skeleton import JOINT_INDEX, global_transforms
from ..pipeline import MotionCLIP
from ..prompt_parsing import negated
from ..training.dataset import Clip

WINDOW = 60
MARGIN = 0.2  # beyond what the recordings of an action span, of that span, and of these units at least:
LEAST = np.array([0.5, 0.12, 0.2, 0.4, 0.8, 0.15])
LEAST_ARMS = np.array([0.2, 0.2, 0.5, 0.25])
SHIFTS = (-15, 0, 15)  # frames by which a step may come sooner or later
SLOWER, FASTER = 0.85, 1.15
SEEN = 0.03  # metres


def details(mc: MotionCLIP, clips: Sequence[Clip]) -> dict[str, list[tuple[str, bool]]]:
    """Check by rules whether motions do what prompts ask for, for the five lists of prompts in configs/prompts.

    A prompt that is refused is not done.

    Args:
        mc: the model.
        clips: recordings, which show what the single actions look like.

    Returns:
        List → its prompts, each with whether it is done.
    """
    spans = _Spans(clips)
    checks: dict[str, Callable[[dict[str, str]], bool]] = {
        "sides": lambda row: side(mc.generate(row["prompt"]), row["limb"]) == row["side"],
        "counts": lambda row: count(mc.generate(row["prompt"]), row["signal"]) == int(row["count"]),
        "tempo": lambda row: _tempo(mc, row),
        "at once": lambda row: spans.at_once(mc.generate(row["prompt"]), row["lower"], row["upper"]),
        "in order": lambda row: spans.in_order(mc.generate(row["prompt"]), row["steps"].split("|")),
    }
    results: dict[str, list[tuple[str, bool]]] = {}
    for name, check in checks.items():
        path = project_folders.CONFIGS / "prompts" / f"{name.replace(' ', '_')}.csv"
        with open(path, newline="", encoding="utf-8") as file:
            results[name] = []
            for row in csv.DictReader(file):
                accepted = negated(row["prompt"]) is None
                results[name].append((row["prompt"], accepted and check(row)))
    return results


def side(motion: Motion, limb: str) -> str:
    """Find the side that acts.

    It follows from the turn of the pelvis, from the direction of the path, from the lower foot, which carries the body,
    or from the foot or hand that goes farther from its place.

    Args:
        motion: the motion.
        limb: what acts.

    Returns:
        "left" or "right".
    """
    rotations, joints = motion.rotations(), motion.joints()
    if limb == "turn":
        headings = np.unwrap(heading(rotations[:, 0]).numpy())
        return "left" if headings[-1] > headings[0] else "right"
    if limb == "step":
        first = joints[0, JOINT_INDEX["left_hip"]] - joints[0, JOINT_INDEX["right_hip"]]
        return "left" if (joints[-1, 0] - joints[0, 0]) @ first > 0 else "right"
    if limb == "support":
        heights = {name: joints[:, JOINT_INDEX[f"{name}_ankle"], 1].mean() for name in ("left", "right")}
        return min(heights, key=heights.__getitem__)
    reach = {}
    for name in ("left", "right"):
        place = joints[:, JOINT_INDEX[f"{name}_{'wrist' if limb == 'hand' else 'foot'}"]] - joints[:, 0]
        reach[name] = np.linalg.norm(place - np.median(place, axis=0), axis=-1).max() + place[:, 1].max()
    return max(reach, key=reach.__getitem__)


def count(motion: Motion, signal: str) -> int:
    """Count how many times a part of the body goes out and back.

    It counts the peaks that stand out by 40 % of the whole range. The count is 0 where this range is below 3 cm, which
    nobody sees.

    Args:
        motion: the motion.
        signal: the part and the direction that are counted.

    Returns:
        The count; of turns the nearest whole number.
    """
    joints = motion.joints()
    chest = joints[:, JOINT_INDEX["spine3"]]
    if signal == "turn":
        headings = np.unwrap(heading(motion.rotations()[:, 0]).numpy())
        return round(abs(headings[-1] - headings[0]) / (2 * np.pi))
    if signal == "pelvis":
        courses = [joints[:, 0, 1], chest[:, 1]]
    elif signal == "head":
        courses = [_along_most(_nose(motion) - joints[:, 0])]
    elif signal == "hands":
        courses = [
            np.linalg.norm(joints[:, JOINT_INDEX["left_wrist"]] - joints[:, JOINT_INDEX["right_wrist"]], axis=-1)
        ]
    else:
        names, about = (
            (("left_wrist", "right_wrist"), chest) if signal == "wrist" else (("left_foot", "right_foot"), joints[:, 0])
        )
        points = [joints[:, JOINT_INDEX[name]] - about for name in names]
        courses = [_along_most(max(points, key=lambda p: p.var(0).sum()))]
    course = max((gaussian_filter1d(c, 2, mode="nearest") for c in courses), key=np.ptp)
    if np.ptp(course) < SEEN:
        return 0
    # The part begins and ends at rest; hands come together from apart.
    rest = course.max() if signal == "hands" else (course[0] + course[-1]) / 2
    course = course if rest < (course.max() + course.min()) / 2 else -course
    peaks, _ = find_peaks(np.pad(course, 1, constant_values=course.min()), prominence=0.4 * np.ptp(course))
    return len(peaks)


def _along_most(place: np.ndarray) -> np.ndarray:
    """(frames, 3) → (frames,) along the direction in which it varies most."""
    centred = place - place.mean(0)
    return np.asarray(centred @ np.linalg.svd(centred, full_matrices=False)[2][0])


def _nose(motion: Motion) -> np.ndarray:
    """(frames, 3): the head's joint itself does not move when a head nods."""
    world, places = global_transforms(motion.rotations(), torch.from_numpy(motion.translation).float())
    head = JOINT_INDEX["head"]
    return np.asarray(places[:, head] + world[:, head] @ torch.tensor([0.0, 0.1, 0.1]))


def pace(motion: Motion) -> float:
    """Mean speed of all joints, metres per second."""
    return float(np.linalg.norm(np.diff(motion.joints(), axis=0), axis=-1).mean() * FPS)


def _tempo(mc: MotionCLIP, row: dict[str, str]) -> bool:
    ratio = np.mean([pace(mc.generate(row["prompt"], seed=seed)) for seed in range(3)])
    ratio /= np.mean([pace(mc.generate(row["plain"], seed=seed)) for seed in range(3)])
    return bool(ratio < SLOWER if row["tempo"] == "slow" else ratio > FASTER)


def body_course(motion: Motion) -> np.ndarray:
    """Describe the course of the body.

    Args:
        motion: the motion.

    Returns:
        (6,) the length of the pelvis's path on the ground (m), its lowest height (m), its height at the end less that
        at the start (m), mean speed of the ankles about it (m/s), how far it turns (radians), and the greatest height
        of the lower foot (m).
    """
    joints = motion.joints()
    ground = joints[:, 0][:, [0, 2]]
    ankles = joints[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]] - joints[:, :1]
    headings = np.unwrap(heading(motion.rotations()[:, 0]).numpy())
    feet = joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1].min(1)
    height = joints[:, 0, 1]
    return np.array(
        [
            np.linalg.norm(np.diff(ground, axis=0), axis=-1).sum(),
            height.min(),
            height[-5:].mean() - height[:5].mean(),
            np.linalg.norm(np.diff(ankles, axis=0), axis=-1).mean() * FPS,
            abs(headings[-1] - headings[0]),
            feet.max(),
        ]
    )


def arms_course(motion: Motion) -> np.ndarray:
    """Describe the course of the arms.

    Args:
        motion: the motion.

    Returns:
        (4,) how far the higher and the lower wrist are over the chest along the trunk (m), which may lean, speed of the
        faster wrist about it (m/s), and distance of the wrists (m).
    """
    joints = motion.joints()
    wrists = joints[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]
    about = wrists - joints[:, JOINT_INDEX["spine3"], None]
    trunk = joints[:, JOINT_INDEX["neck"]] - joints[:, JOINT_INDEX["pelvis"]]
    trunk /= np.linalg.norm(trunk, axis=-1, keepdims=True)
    height = np.einsum("fwi,fi->fw", about, trunk).mean(0)
    speed = np.linalg.norm(np.diff(about, axis=0), axis=-1).mean(0).max() * FPS
    apart = np.linalg.norm(wrists[:, 0] - wrists[:, 1], axis=-1).mean()
    return np.array([height.max(), height.min(), speed, apart])


class _Spans:
    """The range of these numbers in the recordings of each action."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            self._clips[clip.action].append(clip)

    def _within(
        self, values: np.ndarray, action: str, measure: Callable[[Motion], np.ndarray], least: np.ndarray
    ) -> bool:
        if not self._clips[action]:  # nothing to compare with
            return False
        real = []
        for clip in self._clips[action][:40]:
            motion = clip.motion.padded(WINDOW)
            for start in np.linspace(0, len(motion) - WINDOW, 3).astype(int):
                real.append(measure(motion.crop(start, start + WINDOW)))
        low, high = np.percentile(real, 2, axis=0), np.percentile(real, 98, axis=0)
        room = np.maximum(MARGIN * (high - low), least)
        return bool(((values > low - room) & (values < high + room)).all())

    def at_once(self, motion: Motion, lower: str, upper: str) -> bool:
        """Whether the body moves as in recordings of one action, and the arms as in those of the other."""
        cut = motion.padded(WINDOW).crop(0, WINDOW)
        return self._within(body_course(cut), lower, body_course, LEAST) and self._within(
            arms_course(cut), upper, arms_course, LEAST_ARMS
        )

    def in_order(self, motion: Motion, steps: Sequence[str]) -> bool:
        """Whether the motion is long enough, and the body moves in each step as in recordings of its action."""
        length = len(motion) / len(steps)
        if length < WINDOW * 0.75:
            return False
        for number, action in enumerate(steps):
            starts = {min(max(round(number * length) + shift, 0), len(motion) - WINDOW) for shift in SHIFTS}
            cuts = [motion.crop(max(start, 0), max(start, 0) + WINDOW) for start in starts]
            if not any(self._within(body_course(cut), action, body_course, LEAST) for cut in cuts):
                return False
        return True
