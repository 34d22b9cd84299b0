"""Makes the details of a prompt from decoded motion: sides, tempo, things at once, steps in order.

Everything works on (frames, 149) features. In these, motions can be mixed, repeated and joined wherever they face.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import roma
import torch
from torch.nn import functional

from .constants import FPS
from .motion import features, skeleton
from .motion.discontinuities import smoothed
from .motion.features import FEATURES, HEIGHT, YAW
from .motion.foot_contact import lock_feet, settled
from .motion.motion import StepSpan
from .prompt_parsing import Limb, Side

AROUND = 10  # frames before and after a join that the feet are set down in, too
# Metres between the ends of steps, over ENDS frames, from which something has to lie between them, and how long.
APART, ENDS, FRAMES_PER_METRE, MOST_BETWEEN = 0.4, 5, 50, 40
# Of who sits or kneels: metres of the pelvis, by which it may rise or sink, cosine of the trunk's lean.
LOW, AT_REST, UPRIGHT = 0.75, 0.06, 0.8
# Of who moves only the arms, at most: metres per second of the ankles, radians of turning, metres away.
STILL_FEET, TURNS, GOES = 0.25, 0.5, 0.3
LAST = 10  # frames that say how a body ends a motion
# Metres of a wrist above the pelvis and about its mean place, below which an arm hangs idle; and of one that swings.
HANGING, IDLE, SWINGING = 0.0, 0.15, 0.35
SUNK = 0.05  # metres under the floor, from which an arm can't be another motion's
_INDEX = skeleton.JOINT_INDEX
_HEAD = [_INDEX["neck"], _INDEX["head"]]
_ARM: dict[Side, list[int]] = {
    side: [_INDEX[f"{side}_{part}"] for part in ("collar", "shoulder", "elbow", "wrist", "hand")]
    for side in get_args(Side)
}


def with_arms(body: torch.Tensor, arms: torch.Tensor) -> torch.Tensor:
    """Give a body the head of another motion, and those of its arms that do something.

    For an arm that hangs idle the body keeps its own, where that is low, too, or the body is: who walks and waves with
    one hand swings the other, and an arm that hung beside legs that stood would be in the floor beside legs that squat.
    So would be other arms on a body that crawls; it keeps its own in their place.

    Args:
        body: (frames, 149) features.
        arms: (frames, 149) features.

    Returns:
        (frames, 149) features.
    """
    own, other = features.joints(body), features.joints(arms)
    low = own[:, 0, 1].min() < LOW
    acting = [
        side for side in _ARM
        if not (_hangs(_hand(other, side)) and (low or _hand(own, side)[:, 1].max() < SWINGING))
    ]  # fmt: skip
    both = _with_joints(body, arms, [*_HEAD, *(joint for side in acting for joint in _ARM[side])])
    mixed = features.joints(both)
    sunk = [side for side in acting if _lowest(mixed, side) < min(_lowest(own, side), 0.0) - SUNK]
    return _with_joints(both, body, [joint for side in sunk for joint in _ARM[side]])


def _with_joints(motion: torch.Tensor, other: torch.Tensor, joints: Sequence[int]) -> torch.Tensor:
    """(frames, 149) of a motion with the turns of some joints from another."""
    mask = torch.zeros(FEATURES, dtype=torch.bool)
    for joint in joints:
        mask[6 * joint : 6 * joint + 6] = True
    return torch.where(mask, other, motion)


def _lowest(joints: torch.Tensor, side: Side) -> float:
    """The least height in metres of the arm on a side, of (frames, 24, 3)."""
    return float(joints[:, _ARM[side], 1].min())


def _hand(joints: torch.Tensor, side: Side) -> torch.Tensor:
    """(frames, 24, 3) → (frames, 3) metres from the pelvis to the wrist on a side."""
    return joints[:, _INDEX[f"{side}_wrist"]] - joints[:, 0]


def _hangs(hand: torch.Tensor) -> bool:
    """Whether an arm whose wrist is (frames, 3) from the pelvis hangs down all the time and hardly moves."""
    return bool(hand[:, 1].max() < HANGING and (hand - hand.mean(0)).norm(dim=-1).max() < IDLE)


def on_side(motion: torch.Tensor, side: Side, limb: Limb) -> torch.Tensor:
    """Mirror a motion if the limb that acts is on the other side.

    Args:
        motion: (frames, 149) features.
        side: the side that is to act.
        limb: what acts.

    Returns:
        (frames, 149) features.
    """
    lean = _leaning(motion, limb)
    return motion if (lean > 0) == (side == "left") else features.mirror(motion)


def most_one_sided(motions: torch.Tensor, limb: Limb) -> torch.Tensor:
    """Choose the motion in which one side acts most in comparison with the other.

    Args:
        motions: (N, frames, 149) features.
        limb: what acts.

    Returns:
        (frames, 149) features.
    """
    return max(motions, key=lambda motion: abs(_leaning(motion, limb)))


def _leaning(motion: torch.Tensor, limb: Limb) -> float:
    """How much more the left side acts than the right; above 0 it is the left one."""
    rotations, path = features.from_features(motion)
    if limb == "turn":
        return float(motion[1:, YAW].sum())
    if limb == "step":  # left is +x for a body that faces +z
        return float(path[-1, 0] - path[0, 0])
    joints = skeleton.forward_kinematics(rotations, path)
    if limb == "support":  # the lower foot carries the body
        return float((joints[:, _INDEX["right_foot"], 1] - joints[:, _INDEX["left_foot"], 1]).mean())
    if limb == "aim":  # the hand that is farthest to either side points there
        aside = (joints[:, [_INDEX["left_wrist"], _INDEX["right_wrist"]]] - joints[:, :1])[..., 0].flatten()
        return float(aside[aside.abs().argmax()])
    left_joint, right_joint = ("left_wrist", "right_wrist") if limb == "hand" else ("left_foot", "right_foot")

    def acting(name: str) -> torch.Tensor:
        place = joints[:, _INDEX[name]] - joints[:, 0]
        return (place - place.median(0).values).norm(dim=-1).amax() + place[:, 1].amax()

    return float(acting(left_joint) - acting(right_joint))


def at_tempo(motion: torch.Tensor, frames: int) -> torch.Tensor:
    """Play a motion faster or slower.

    Args:
        motion: (any, 149) features.
        frames: how many it takes then.

    Returns:
        (frames, 149) features.
    """
    if len(motion) == frames:
        return motion
    stretched = functional.interpolate(motion.T[None], frames, mode="linear", align_corners=True)[0].T.clone()
    stretched[:, YAW:HEIGHT] *= (len(motion) - 1) / max(frames - 1, 1)
    return stretched


def step_spans(words: Sequence[str], starts: Sequence[int], frames: int) -> tuple[StepSpan, ...]:
    """Say where each of several steps is in a motion.

    Args:
        words: of each step.
        starts: the first frame of each step.
        frames: the motion's length.

    Returns:
        The steps' places in order; none for one step by itself.
    """
    if len(words) < 2:
        return ()
    return tuple(StepSpan(*span) for span in zip(words, starts, [*starts[1:], frames], strict=True))


def footed(motion: torch.Tensor, joins: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Set a motion on the floor again where it was joined, and in a few frames around it.

    The mean of two poses may sink into the floor, and its feet may slide. All other frames stay as they were.

    Args:
        motion: (frames, 149) features.
        joins: first frame and end of each join.

    Returns:
        (frames, 149) features.
    """
    if not joins:
        return motion
    share = torch.zeros(len(motion))
    ramp = torch.linspace(0, 1, AROUND + 2)[1:-1]
    for start, end in joins:
        soft = torch.cat([ramp, torch.ones(end - start), ramp.flip(0)])
        first = max(AROUND - start, 0)
        place = slice(start - AROUND + first, min(end + AROUND, len(motion)))
        share[place] = torch.maximum(share[place], soft[first : first + place.stop - place.start])
    return torch.lerp(motion, lock_feet(smoothed(motion[None]))[0], share[:, None])


def joined(parts: Sequence[torch.Tensor], overlaps: Sequence[int]) -> tuple[torch.Tensor, list[int]]:
    """Put parts in order, as `features.in_order` does, on the floor where they meet.

    Args:
        parts: (any, 149) features each.
        overlaps: the frames in which each part but the last becomes the next.

    Returns:
        (all frames, 149) features, and the frame at which each part starts.
    """
    whole, starts = features.in_order(parts, overlaps)
    return footed(whole, [(start, start + over) for start, over in zip(starts[1:], overlaps, strict=True)]), starts


def gap(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Measure how far the end of a step is from the start of what may follow: the mean over up to 5 frames of both.

    Args:
        before: (any, 149) features of the step.
        after: (N, frames, 149) features. They and the step are turned to face the same way.

    Returns:
        (N,) metres between the joints.
    """
    over = min(ENDS, len(before), after.shape[1])
    end, start = (features.joints(features.canonical(part)) for part in (before[-over:], after[:, :over]))
    return (end - start).norm(dim=-1).mean((1, 2))


def apart(before: torch.Tensor, after: torch.Tensor) -> bool:
    """Say whether a body has to get up or down between two steps.

    Args:
        before: (any, 149) features.
        after: (any, 149) features.

    Returns:
        True where their `gap` is over 0.4 m.
    """
    return float(gap(before, after[None])) > APART


def sits(motion: torch.Tensor) -> bool:
    """Say whether a body ends a motion sitting or kneeling: low and at rest, with an upright trunk.

    Args:
        motion: (any, 149) features.

    Returns:
        True where its last ten frames are so.
    """
    height, lean, _ = _postures(motion[-LAST:])
    return bool(height.max() < LOW and height.max() - height.min() < AT_REST and lean.min() > UPRIGHT)


def stands(motion: torch.Tensor) -> bool:
    """Say whether a body ends a motion upright, standing or on its way.

    Args:
        motion: (any, 149) features.

    Returns:
        True where it is so in its last ten frames.
    """
    height, lean, _ = _postures(motion[-LAST:])
    return bool(height.min() > LOW and lean.min() > UPRIGHT)


def moves_only_arms(motion: torch.Tensor) -> bool:
    """Say whether the legs and the trunk of a body hardly move.

    Args:
        motion: (frames, 149) features.

    Returns:
        True where it neither turns nor goes away, nor leans, and its feet rest.
    """
    _, lean, feet = _postures(motion)
    away = features.from_features(motion)[1][:, [0, 2]]
    turned = motion[1:, YAW].cumsum(0).abs().amax() if len(motion) > 1 else motion.new_zeros(())
    return bool(
        lean.min() > UPRIGHT and feet < STILL_FEET and turned < TURNS and (away - away[:1]).norm(dim=-1).max() < GOES
    )


def _postures(motion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(frames,) height of the pelvis, (frames,) cosine of the trunk's lean, mean speed of the ankles about it."""
    joints = features.joints(motion)
    trunk = functional.normalize(joints[:, _INDEX["neck"]] - joints[:, 0], dim=-1)
    ankles = joints[:, skeleton.ANKLES] - joints[:, :1]
    speed = ankles.diff(dim=0).norm(dim=-1).mean() * FPS if len(motion) > 1 else motion.new_zeros(())
    return joints[:, 0, 1], trunk[:, 1], speed


def in_posture(before: torch.Tensor, motion: torch.Tensor) -> torch.Tensor:
    """Do what the arms and the head do in the posture in which a motion before ends.

    Args:
        before: (any, 149) features.
        motion: (frames, 149) features.

    Returns:
        (frames, 149) features.
    """
    return with_arms(features.held(before[-1:], len(motion))[1:], motion)


def linked(parts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, list[int]]:
    """Put parts in order, with a transition before each but the first, which is longer the farther apart the poses are.

    Args:
        parts: (any, 149) features each.

    Returns:
        (all frames, 149) features, and the frame at which each part starts with the transition that leads to it.
    """
    whole, starts = parts[0], [0]
    for part in parts[1:]:
        length = min(round(FRAMES_PER_METRE * float(gap(whole, part[None]))), MOST_BETWEEN)
        part = features.turn(part, features.facing(whole, -1) - features.facing(part))
        share = features.eased(torch.linspace(0, 1, length + 2)[1:-1, None])
        link = _between(whole[-1:], part[:1], share)
        starts.append(len(whole))
        whole = torch.cat([whole, settled(link[None])[0], part])
    return whole, starts


def _between(a: torch.Tensor, b: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """(1, 149) and (1, 149) → (frames, 149) from a to b, by shares (frames, 1).

    Each joint turns evenly and on the shortest way. A straight way between opposite rotations, as from the back to the
    belly, would turn all at once.
    """
    link = torch.lerp(a, b, share)
    start, end = (features.from_6d(pose[:, :YAW].unflatten(-1, (-1, 6))) for pose in (a, b))
    turned = start @ roma.rotvec_to_rotmat(share[:, :, None] * roma.rotmat_to_rotvec(start.mT @ end))
    link[:, :YAW] = features.to_6d(turned).flatten(-2)
    return link
