"""Spherical against linear interpolation: how smooth the decoded path is, how near to known motion, how true the ends.

    python benchmarks/interpolation.py

Pairs of known actions, eleven steps each, three seeds. "leap" is the largest step between neighbours as a share of the
whole way (1 / 10 would be even); "known" the mean cosine of the decoded motions' latents to the nearest in the bank;
"speed" that of the slowest body on the way as a share of the ends' mean (below 1 it freezes in between); "ends" the
distance of the first and last motion from what `generate` gives for them.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PAIRS = [
    ("walk", "dance salsa"), ("dance ballet", "jog"), ("bow", "shoot basketball"), ("walk like an old person", "run"),
    ("sneak", "zombie walk"), ("wave both hands", "kick"), ("walk", "walk backward"), ("punch", "wave goodbye"),
]  # fmt: skip


def main() -> None:
    from motionclip import MotionCLIP
    from motionclip.evaluation.metrics import speed

    mc = MotionCLIP.from_pretrained()
    print(f"{'':12}{'leap':>8}{'known':>8}{'speed':>8}{'ends':>12}")
    for course in ("spherical", "linear"):
        rows = []
        for a, b in PAIRS:
            for seed in range(3):
                path = mc.interpolate(a, b, seed=seed, path=course)
                joints = np.stack([motion.joints() - motion.joints()[:, :1] for motion in path])
                steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=(1, 2))
                known = (mc.encode_motion(path) @ mc.bank.latents.T).max(dim=1).values.mean()
                speeds = [speed(motion) for motion in path]
                ends = [mc.generate(text, seed=seed, closeness=0).joints() for text in (a, b)]
                away = np.mean([np.abs(ends[0] - path[0].joints()).mean(), np.abs(ends[1] - path[-1].joints()).mean()])
                rows.append([steps.max() / steps.sum(), float(known), 2 * min(speeds) / (speeds[0] + speeds[-1]), away])
        leap, known, slowest, ends = np.mean(rows, axis=0)
        print(f"{course:12}{leap:8.3f}{known:8.3f}{slowest:8.2f}{1000 * ends:9.1f} mm")


if __name__ == "__main__":
    main()
