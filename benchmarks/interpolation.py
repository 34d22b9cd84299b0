"""Ways of interpolation compared: how even the decoded path is, how near to known motion, how true the ends.

    python benchmarks/interpolation.py

Thirty pairs, twenty of texts and ten of the bank's motions, eleven motions each. "body" is the largest of the ten steps
as a share of the whole way (1 / 10 would be even), by the joints about the pelvis; "all" the same with the path, as
`motionclip.evenness.apart` measures it; "worst" the largest "body" of all pairs; "known" the mean cosine of the decoded
motions' latents to the nearest in the bank; "speed" that of the slowest body on the way as a share of the ends' mean
(below 1 it freezes in between); "ends" the distance of the first and last motion from the ends decoded singly.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

TEXTS = [
    ("walk", "dance salsa"), ("dance ballet", "jog"), ("bow", "shoot basketball"), ("walk like an old person", "run"),
    ("sneak", "zombie walk"), ("wave both hands", "kick"), ("walk", "walk backward"), ("punch", "wave goodbye"),
    ("walk", "jump"), ("run", "sit down on a chair"), ("clap", "play the drums"), ("swing a golf club", "play tennis"),
    ("drink from a cup", "talk on the phone"), ("squat", "do jumping jacks"), ("march", "skip"),
    ("act like a bear", "crawl"), ("climb a ladder", "pull a rope"), ("cry", "laugh"), ("salute", "wave hello"),
    ("turn around", "cartwheel"),
]  # fmt: skip
ENTRIES = 10
WAYS = [("spherical", True), ("spherical", False), ("linear", True), ("linear", False)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", type=int, default=len(WAYS), help="Only this many of the four.")
    ways = WAYS[: parser.parse_args().ways]
    from motionclip import MotionCLIP
    from motionclip.evaluation.metrics import speed
    from motionclip.evenness import apart
    from motionclip.motion.features import motion_features

    mc = MotionCLIP.from_pretrained()
    drawn = random.Random(0).sample(mc.bank.entries, 2 * ENTRIES)
    pairs = [*TEXTS, *zip(drawn[::2], drawn[1::2], strict=True)]
    mc.interpolate("walk", "run")
    print(f"{'':18}{'body':>8}{'all':>8}{'worst':>8}{'known':>8}{'speed':>8}{'ends':>12}{'time':>9}")
    for course, even in ways:
        rows = []
        for seed, (a, b) in enumerate(pairs):
            began = time.perf_counter()
            path = mc.interpolate(a, b, seed=seed, path=course, even=even)
            took = time.perf_counter() - began
            joints = np.stack([motion.joints() - motion.joints()[:, :1] for motion in path])
            steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=(1, 2))
            seen = torch.stack([motion_features(motion) for motion in path])
            whole = apart(seen[:-1], seen[1:]).numpy()
            known = (mc.encode_motion(path) @ mc.bank.latents.T).max(dim=1).values.mean()
            speeds = [speed(motion) for motion in path]
            z = torch.stack([mc.drawn([end])[0] if isinstance(end, str) else mc.latent(end) for end in (a, b)])
            ends = mc.decode(z, seed=seed)
            away = np.mean([np.abs(ends[place].joints() - path[place].joints()).mean() for place in (0, -1)])
            slowest = 2 * min(speeds) / (speeds[0] + speeds[-1])
            rows.append([steps.max() / steps.sum(), whole.max() / whole.sum(), float(known), slowest, away, took])
        body, every, known, slowest, ends, took = np.mean(rows, axis=0)
        worst = np.max(rows, axis=0)[0]
        name = f"{course}, {'even' if even else 'equal'}"
        figures = f"{body:8.3f}{every:8.3f}{worst:8.3f}{known:8.3f}{slowest:8.2f}{1000 * ends:9.2f} mm{took:7.2f} s"
        print(f"{name:18}{figures}", flush=True)


if __name__ == "__main__":
    main()
