"""The root's path where no model gives it: computed from the feet, compared with recordings.

    python benchmarks/row_25.py --data FOLDER
    python benchmarks/row_25.py --data FOLDER --walker runs/walker [--steps 3700]

FOLDER is a data folder. The first command takes four recordings of each of some actions and computes their paths from
their rotations only. It prints how far bodies went, how far off the path ends, and the farthest slip of a foot that
stands.

The second trains a model of the authors' layout on recorded walks in which the feet clearly stand, until it knows them;
about an hour on one core. The same command goes on where it stopped. It then saves the model's state as an official
checkpoint, imports that, and prints the same for the walks that it draws from its latents.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from motionclip import Motion, MotionCLIP  # noqa: E402
from motionclip.models import storage  # noqa: E402
from motionclip.models.official import import_official  # noqa: E402
from motionclip.models.transformer import ANKLE, OWN, TransformerConfig  # noqa: E402
from motionclip.motion import skeleton  # noqa: E402
from motionclip.motion.root_path import path_of  # noqa: E402
from motionclip.training.dataset import Clip, load_clips  # noqa: E402
from motionclip.training.train import TrainConfig, train  # noqa: E402

ACTIONS = ("walk", "walk backward", "turn left", "sneak", "zombie walk", "crawl", "run", "dash", "jump")
EACH, SECONDS = 4, 4  # recordings of an action, and of a recording
WALKS = ("walk", "walk slowly", "walk very fast", "walk proudly", "march")
WALKERS, WINDOW = 14, 60  # walks to be known, and their frames
FAR, STANDS = 0.9, 0.7  # a walk goes this many metres at least, and its standing foot slips by this many cm at most
STANCE = 4  # frames that a part of a foot is the lowest, from which on it stands


def computed(motion: Motion) -> Motion:
    """The motion with the path that its rotations imply."""
    return Motion(motion.poses, path_of(motion.rotations()).numpy(), motion.name)


def end(motion: Motion) -> np.ndarray:
    """(2,) metres on the ground from where the pelvis is first to where it is last."""
    return (motion.translation[-1] - motion.translation[0])[[0, 2]]


def slips(motion: Motion) -> list[float]:
    """How far in cm the ankle or ball that is the lowest, over its height at rest, gets each time that it is."""
    feet = motion.joints()[:, list(skeleton.FEET)]
    lowest = (feet[..., 1] - np.array(skeleton.FEET_REST_HEIGHTS)).argmin(1)
    stances = np.split(np.arange(len(lowest)), np.flatnonzero(np.diff(lowest)) + 1)
    standing = [feet[stance, lowest[stance]][:, [0, 2]] for stance in stances if len(stance) >= STANCE]
    return [100 * float(np.linalg.norm(points - points[0], axis=1).max()) for points in standing]


def compare_recordings(clips: list[Clip]) -> None:
    """Print, for each action, computed paths beside the recorded ones."""
    print("action           recordings   went / truly, m   end off, m   stances within 1 cm   farthest slip, cm")
    for action in ACTIONS:
        motions = [clip.motion.crop(0, 30 * SECONDS) for clip in clips if clip.action == action][:EACH]
        pairs = [(computed(motion), motion) for motion in motions]
        went, truly = ([float(np.linalg.norm(end(motion))) for motion in side] for side in zip(*pairs, strict=True))
        off = np.mean([np.linalg.norm(end(found) - end(motion)) for found, motion in pairs])
        each = [slip for found, _ in pairs for slip in slips(found)]
        still = f"{sum(slip <= 1 for slip in each)} of {len(each)}"
        far = f"{np.mean(went):8.2f} / {np.mean(truly):4.2f} {off:12.2f}"
        print(f"{action:16} {len(motions):10d} {far} {still:>21} {max(each):19.1f}", flush=True)


def write_walks(clips: list[Clip], out: Path) -> None:
    """A data folder of the middle two seconds of walks in which the feet clearly stand, one for each caption, turned to
    the front; the same ones for val."""
    found = []
    for clip in clips:
        if clip.action in WALKS and len(clip.motion) >= WINDOW:
            start = (len(clip.motion) - WINDOW) // 2
            motion = clip.motion.crop(start, start + WINDOW).canonical()
            slip = max(slips(computed(motion)), default=np.inf)
            if np.linalg.norm(end(motion)) >= FAR and slip <= STANDS:
                found.append((slip, clip.captions[0], clip, motion))
    best = {caption: (clip, motion) for _, caption, clip, motion in sorted(found, key=lambda walk: -walk[0])}
    (out / "clips").mkdir(parents=True)
    with open(out / "labels.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["clip", "split", "action", "style", "captions"])
        for caption, (clip, motion) in [*best.items()][::-1][:WALKERS]:
            motion.save(out / "clips" / f"{clip.name}.npz")
            table.writerows([clip.name, split, clip.action, clip.style, caption] for split in ("train", "val"))


def config(steps: int) -> TrainConfig:
    """How the walker is trained: the authors' layout, without dropout."""
    model = TransformerConfig(
        layers=4, feedforward=512, dropout=0.0, normalised=False, up="z", rows=True, row_25=ANKLE, heading=OWN
    )
    return TrainConfig(
        model,
        steps=steps,
        batch=WALKERS,
        learning_rate=4e-4,
        weight_decay=0.0,
        average=0.0,
        precision="no",
        uniform=True,
        mirror=False,
    )


def measure_walker(folder: Path) -> None:
    """Import the walker as an official checkpoint, and print how its walks go, beside the recorded ones."""
    torch.save(storage.load(folder / "run").state_dict(), folder / "checkpoint.pth.tar")
    import_official(folder / "checkpoint.pth.tar", folder / "model")
    mc = MotionCLIP.from_pretrained(folder / "model")
    print("walk                                went / truly, m   slips of each stance, cm   at most in the recording")
    drawn: list[float] = []
    for clip in load_clips(folder / "data", "train"):
        walk = mc.reconstruct(clip.motion)
        went, truly = (np.linalg.norm(end(motion)) for motion in (walk, clip.motion))
        each, own = slips(walk), max(slips(computed(clip.motion)))
        drawn += each
        listed = " ".join(f"{slip:.1f}" for slip in each)
        print(f"{clip.captions[0][:34]:35} {went:5.2f} / {truly:4.2f} ({went / truly:4.0%})   {listed:34} {own:5.1f}")
    print(
        f"{sum(slip <= 1 for slip in drawn)} of {len(drawn)} stances slip by at most 1 cm; the most is {max(drawn):.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--walker", type=Path, help="Folder for the walker's walks, run and model.")
    parser.add_argument("--steps", type=int, default=3700)
    options = parser.parse_args()
    folder = options.walker
    if folder is None or not (folder / "data").exists():
        clips = [clip for clip in load_clips(options.data) if clip.kind == "recorded"]
    if folder is None:
        compare_recordings(clips)
        return
    if not (folder / "data").exists():
        write_walks(clips, folder / "data")
    if not (folder / "run" / storage.WEIGHTS_FILE).exists():
        train(folder / "data", folder / "run", config(options.steps))
    measure_walker(folder)


if __name__ == "__main__":
    main()
