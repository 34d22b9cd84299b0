"""Makes counts ("three times"): cuts one repetition out of decoded motion, and repeats it.

Everything works on (frames, 149) features.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from .motion import features, skeleton
from .motion.features import HEIGHT, YAW
from .motion.foot_contact import settled

HOLD = 8  # frames of rest after what was counted
PEAK = 0.35  # of a movement's range: what counts as once more
SMALLEST, SEEN = 0.25, 0.03  # what a repetition has to be: of the whole movement, and metres
TREND = 12  # frames over which a movement to and fro is separated from where it takes place
MOST_CUTS = 4  # repetitions that are tried
_INDEX = skeleton.JOINT_INDEX
_NOSE = torch.tensor([0.0, 0.08, 0.12])  # metres from the head's joint, which does not move when a head nods
# What moves when something is done several times.
_COUNTED = {
    "jump": "pelvis", "hop": "pelvis", "squat": "pelvis", "burpe": "pelvis", "push-up": "chest", "push": "chest",
    "sit-up": "chest", "sit": "pelvis", "lung": "pelvis", "bounc": "pelvis", "leap": "pelvis", "crouch": "pelvis",
    "clap": "hands", "applaud": "hands", "kick": "foot", "stomp": "foot", "stamp": "foot", "nod": "head", "bow": "head",
    "turn": "turn", "spin": "turn", "twirl": "turn", "pirouett": "turn", "rotat": "turn",
}  # fmt: skip


def counted_part(stems: list[str]) -> str:
    """Choose the part of the body by which an action is counted.

    Args:
        stems: of the action's words.

    Returns:
        The part, as `repeated` takes it; the wrists by default.
    """
    if {"shak", "head"} <= set(stems):
        return "head"
    if {"jump", "jack"} <= set(stems):  # the body jumps twice for each time that the arms go up
        return "wrist"
    return next((_COUNTED[stem] for stem in stems if stem in _COUNTED), "wrist")


def repeated(motion: torch.Tensor, count: int, part: str) -> torch.Tensor:
    """Do a movement several times, and then rest shortly.

    One repetition is cut out, and the difference between both ends of the cut is spread over it, so that it can follow
    itself: the largest one of which `count` in a row count as so many, or else the one that comes nearest to that.

    Args:
        motion: (frames, 149) features.
        count: how many times.
        part: what is counted, as `counted_part` gives it.

    Returns:
        (any, 149) features.
    """
    if part == "turn":
        return _turned_times(motion, count)
    nearest, off = motion, np.inf
    for signal in _courses(_place(motion, part), part):
        least = max(SMALLEST * np.ptp(signal), SEEN)
        largest, largest_range = None, 0.0
        for once in _cuts(motion, signal):
            (result,) = settled(features.held(torch.cat([_closed(once)] * count), HOLD)[None])
            done = _course(_place(result, part))
            at_rest = part == "hands" or done[0] + done[-1] < done.max() + done.min()
            reach = np.ptp(done)
            wrong = abs(len(_peaks(done if at_rest else -done)[0]) - count) + count * max(0, 1 - reach / least)
            if not wrong and reach > largest_range:
                largest, largest_range = result, reach
            if wrong < off:
                nearest, off = result, wrong
        if largest is not None:
            return largest
    return nearest


def _courses(place: np.ndarray, part: str) -> list[np.ndarray]:
    """(frames, n) → (frames,) courses in which to look for repetitions: what goes to and fro several times before the
    whole course.

    A motion that neither begins nor ends at rest does not show where a part rests: so both ways are tried;
    but hands that clap rest apart.
    """
    whole, fast = _course(place), _course(place - gaussian_filter1d(place, TREND, axis=0, mode="nearest"))
    prominences = _peaks(fast)[1]
    to_and_fro = np.ptp(fast) > SEEN and (prominences > prominences.max() / 2).sum() >= 3
    courses = [fast, whole] if to_and_fro else [whole, fast]
    if part == "hands":
        return courses
    return [way * course for course in map(_from_rest, courses) for way in (1, -1)]


def _cuts(motion: torch.Tensor, signal: np.ndarray) -> list[torch.Tensor]:
    """(frames, 149) of single repetitions, those that stand out most first: from where the signal (frames,) is lowest,
    over a peak, back to where it is lowest."""
    peaks, prominences = _peaks(signal)
    # Those away from the ends if there is a choice.
    inner = (peaks > 4) & (peaks < len(signal) - 5)
    cuts = []
    for best in np.argsort(-prominences * np.where(inner, 1, 0.3), kind="stable")[:MOST_CUTS]:
        before = peaks[best - 1] if best else 0
        after = peaks[best + 1] if best + 1 < len(peaks) else len(signal) - 1
        start = before + int(signal[before : peaks[best] + 1].argmin())
        end = peaks[best] + int(signal[peaks[best] : after + 1].argmin())
        # Rest before and after takes no part in it.
        edge = signal[peaks[best]] - 0.9 * (signal[peaks[best]] - max(signal[start], signal[end]))
        rising = np.nonzero(signal[start : peaks[best]] < edge)[0]
        falling = np.nonzero(signal[peaks[best] : end + 1] < edge)[0]
        start = max(start, start + int(rising[-1]) - 3) if len(rising) else start
        end = min(end, peaks[best] + int(falling[0]) + 3) if len(falling) else end
        cuts.append(motion[start : max(end + 1, start + 8)])
    return cuts


def _peaks(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a signal is farthest from rest, at least once, and by how much each place stands out."""
    from scipy.signal import find_peaks  # half a second to import, and only counts need it

    low, high = signal.min(), signal.max()
    least = max(PEAK * (high - low), 1e-4)
    peaks, properties = find_peaks(np.pad(signal, 1, constant_values=low), prominence=least)
    if not len(peaks):
        return np.array([int(signal.argmax())]), np.array([high - low])
    return peaks - 1, properties["prominences"]


def _closed(once: torch.Tensor) -> torch.Tensor:
    """(frames, 149) whose pose ends as it begins."""
    share = torch.linspace(0, 1, len(once))[:, None]
    gap = once[:1] - once[-1:]
    gap[:, YAW:HEIGHT] = 0
    return once + features.eased(share) * gap


def _turned_times(motion: torch.Tensor, count: int) -> torch.Tensor:
    """Played round until the body has turned `count` times."""
    whole = float(motion[1:, YAW].sum())
    turns = max(abs(whole) / (2 * np.pi), 0.2)
    times = max(1, round(count / turns))
    result = torch.cat([_closed(motion)] * times)
    result[:, YAW] *= 2 * np.pi * count / max(abs(float(result[:, YAW].sum())), 1e-6)
    return features.held(result, HOLD)


def _place(motion: torch.Tensor, part: str) -> np.ndarray:
    """(frames, 1 or 3) where the part is, in metres; of hands, how near they are to each other."""
    world, places = skeleton.global_transforms(*features.from_features(motion))
    joints = places.numpy()
    chest = joints[:, _INDEX["spine3"]]
    if part == "pelvis" or part == "chest":
        return joints[:, 0, 1:2] if part == "pelvis" else chest[:, 1:2]
    if part == "head":
        nose = places[:, _INDEX["head"]] + world[:, _INDEX["head"]] @ _NOSE
        return np.asarray(nose.numpy() - joints[:, 0])
    if part == "hands":
        return -np.linalg.norm(joints[:, _INDEX["left_wrist"]] - joints[:, _INDEX["right_wrist"]], axis=-1)[:, None]
    names = ("left_wrist", "right_wrist") if part == "wrist" else ("left_foot", "right_foot")
    sides = [joints[:, _INDEX[name]] - (chest if part == "wrist" else joints[:, 0]) for name in names]
    return max(sides, key=lambda place: float(place.var(0).sum()))


def _course(place: np.ndarray) -> np.ndarray:
    """(frames, n) → (frames,) along the direction in which it varies most, smoothed."""
    centred = place - place.mean(0)
    main = centred @ np.linalg.svd(centred, full_matrices=False)[2][0] if place.shape[1] > 1 else centred[:, 0]
    return gaussian_filter1d(main, 1.5, mode="nearest")


def _from_rest(values: np.ndarray) -> np.ndarray:
    """The values, or their negative if they rest near their highest: then higher is farther from rest."""
    middle = (values.max() + values.min()) / 2
    return values if np.median(values) < middle else -values
