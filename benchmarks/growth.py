"""How time and memory grow: with frames, batch, the bank, and the training set. Writes a picture of it.

    python benchmarks/growth.py -o docs/growth.png        # about five minutes and 15 GB of memory
    python benchmarks/growth.py --only frames batch       # some of it

Each point is measured in a process of its own: the median of several calls, and the most memory that it held. Banks are
made of the default's latents with noise added; from a million on, FAISS (pip install faiss-cpu) searches, too, in
an inverted file of bytes.
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

POINTS = {
    "frames": (20, 60, 200, 600, 1800),
    "batch": (1, 4, 16, 64, 256, 1024),
    "bank": (1_000, 10_000, 100_000, 1_000_000, 3_000_000),
    "faiss": (1_000_000, 10_000_000),
    "clips": (50, 200, 1_000, 4_000),
}
WHAT = {
    "frames": "one motion, by its frames",
    "batch": "motions of 60 frames, by batch",
    "bank": "the nearest latent, by bank",
    "faiss": "the same with FAISS",
    "clips": "a training step, by clips",
}
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--only", nargs="+", choices=list(POINTS), default=list(POINTS))
parser.add_argument("-o", "--out", type=Path, help="a picture (.png, .svg)")
parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)


def held() -> float:
    """The most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepared(what: str, size: int) -> Callable[[int], object]:
    """What is measured, ready to be called with a number."""
    import torch
    from torch.nn import functional

    from motionclip import MotionCLIP
    from motionclip.bank import Bank, Entry

    mc = MotionCLIP.from_pretrained()
    z = mc.encode_text(["a person walks"])
    if what == "frames":
        return lambda seed: mc.decode(z, size, seed)
    if what == "batch":
        return lambda seed: mc.decode(z.expand(size, -1), 60, seed)
    if what == "clips":
        from speed import known_clips, training_step

        return training_step("default", known_clips(size), 512, False)
    generator = torch.Generator().manual_seed(0)

    def latents(count: int) -> torch.Tensor:
        picked = mc.bank.latents[torch.randint(len(mc.bank), (count,), generator=generator)]
        return functional.normalize(picked + 0.03 * torch.randn(picked.shape, generator=generator), dim=-1)

    asked = mc.encode_text([f"a person walks, number {number}" for number in range(32)])
    if what == "bank":
        known = mc.bank.entries
        entries = [Entry(i, *list(vars(known[i % len(known)]).values())[1:]) for i in range(size)]
        bank = Bank(latents(size), entries, mc.bank.texts, mc.bank.shown, mc.bank.traits)
        return lambda number: bank.nearest(asked[number % 32])
    import faiss

    index = faiss.index_factory(z.shape[1], "IVF1024,SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(latents(60_000).numpy())
    for start in range(0, size, 100_000):
        index.add(latents(min(100_000, size - start)).numpy())
    index.nprobe = 16
    return lambda number: index.search(asked[number % 32][None].numpy(), 50)


def measure(what: str, size: int) -> dict[str, float]:
    """Seconds and megabytes of one point."""
    call = prepared(what, size)
    call(0)
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 1.5 and len(times) < 30):
        start = time.perf_counter()
        call(len(times) + 1)
        times.append(time.perf_counter() - start)
    return {"size": size, "seconds": statistics.median(times), "mb": held()}


def main() -> None:
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(options.point[0], int(options.point[1]))))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for what in options.only:
        print(f"\n{WHAT[what]}\n\n| | ms | each, ms | peak memory of the process, MB |\n|---|---|---|---|")
        for size in POINTS[what]:
            command = [sys.executable, __file__, "--point", what, str(size)]
            process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
            if process.returncode:
                print(
                    f"| {size:,} | {(process.stderr.strip().splitlines() or ['out of memory'])[-1]} | | |", flush=True
                )
                continue
            point = json.loads(process.stdout.splitlines()[-1])
            found.setdefault(what, []).append(point)
            each = 1000 * point["seconds"] / size
            print(f"| {size:,} | {1000 * point['seconds']:.3g} | {each:.2g} | {point['mb']:,.0f} |", flush=True)
        if len(found.get(what, [])) > 1:
            before, last = found[what][-2:]
            slope = math.log(last["seconds"] / before["seconds"]) / math.log(last["size"] / before["size"])
            print(f"\nat the end, time grows with the power {slope:.2f}")
    if options.out:
        draw(found, options.out)


def draw(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Time, on a logarithmic axis, and memory against size."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(found), figsize=(3 * len(found), 5.4), sharex="col", layout="constrained")
    for column, (what, points) in zip(axes.T.reshape(-1, 2), found.items(), strict=True):
        sizes = [point["size"] for point in points]
        column[0].loglog(sizes, [1000 * point["seconds"] for point in points], "o-", color="#c2410c")
        column[0].set_ylim(bottom=0.05)
        column[1].semilogx(sizes, [point["mb"] for point in points], "o-", color="#2081e2")
        column[1].set_ylim(bottom=0)
        column[0].set_title(WHAT[what], fontsize=9)
        column[1].set_xlabel("size")
        for each, name in zip(column, ("milliseconds", "peak memory, MB"), strict=True):
            each.set_ylabel(name)
            each.grid(alpha=0.3)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
