"""Mixed traffic from many visitors for a long time: errors, memory, disk and waiting, minute by minute.

    python benchmarks/soak.py                       # 30 minutes, 10 visitors
    python benchmarks/soak.py --minutes 2 --visitors 4

Each visitor asks for one thing after the other, with a short pause as a person makes: new and known prompts, videos and
files, interpolations, edits and recognitions of an uploaded BVH, and now and then something that must be refused.
"""

import argparse
import contextlib
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from served import App  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--minutes", type=float, default=30)
parser.add_argument("--visitors", type=int, default=10)
parser.add_argument("--pause", type=float, default=1.0, help="seconds between a visitor's requests, on average")

WORDS = ["walk", "run", "bow", "jump", "kick", "dance", "wave", "sneak", "crawl", "punch"]
HOW = ["slowly", "happily", "like a robot", "in the rain", "proudly", "like an old man", "for the bus"]


class Log:
    """What happened since it was last asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waits: list[tuple[str, float]] = []
        self.refused = 0
        self.errors: Counter[str] = Counter()

    def taken(self) -> tuple[list[tuple[str, float]], int, Counter[str]]:
        """Waits (endpoint, seconds), refusals that were due, and errors that were not."""
        with self.lock:
            waits = self.waits, self.refused, self.errors
            self.waits, self.refused, self.errors = [], 0, Counter()
        return waits


def visit(url: str, number: int, clip: Path, until: float, pause: float, log: Log) -> None:
    """One visitor, until the time is over."""
    dice = random.Random(number)
    client = Client(url, verbose=False, download_files=False)
    while time.monotonic() < until:
        words = f"{dice.choice(WORDS)} {dice.choice(HOW)}"
        seed, length = dice.randrange(10**6), round(dice.uniform(0.7, 6.5), 1)
        requests = {
            "generate": (6, lambda w=words, s=length, n=seed: client.predict(w, s, n, api_name="/generate")),
            "generate, known": (2, lambda w=words: client.predict(w, 2.0, 1, api_name="/generate")),
            "video": (2, lambda w=words, n=seed: client.predict(w, 2.0, n, api_name="/video")),
            "files": (2, lambda w=words, n=seed: client.predict(w, 2.0, n, api_name="/files")),
            "interpolate": (2, lambda w=words, n=seed: client.predict(w, "dance", seed=n, api_name="/interpolate")),
            "edit": (
                1,
                lambda: client.predict("", "walk", "walk proudly", base_file=handle_file(clip), api_name="/edit"),
            ),
            "recognize": (1, lambda: client.predict(handle_file(clip), api_name="/recognize")),
            "refused": (1, lambda: client.predict(dice.choice(["", " ", "x" * 5000]), api_name="/generate")),
        }
        name = dice.choices(list(requests), [share for share, _ in requests.values()])[0]
        began = time.perf_counter()
        try:
            requests[name][1]()
            problem = "answered what it should have refused" if name == "refused" else ""
        except AppError as error:
            problem = "" if name == "refused" else f"{name}: {error}"
        except Exception as error:  # a broken connection is what is looked for
            problem = f"{name}: {type(error).__name__}: {error}"
        with log.lock:
            if problem:
                log.errors[problem] += 1
            elif name == "refused":
                log.refused += 1
            else:
                log.waits.append((name, time.perf_counter() - began))
        time.sleep(dice.expovariate(1 / pause))


def disk(folder: Path) -> float:
    """Megabytes of the files in a folder."""
    sizes = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            sizes.append(path.stat().st_size if path.is_file() else 0)
    return sum(sizes) / 1e6


class Report:
    """The figures of a run, minute by minute; prints each as it comes."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, float]] = []
        self.refused = 0
        self.errors: Counter[str] = Counter()
        self.minutes: list[tuple[float, float, float]] = []  # p50 and p95 in seconds, memory in megabytes
        print("| minute | requests | refused as due | errors | p50 s | p95 s | slowest s | memory MB | disk MB |")
        print("|" + "---|" * 9, flush=True)

    def add(self, log: Log, memory: float, stored: float) -> None:
        """Add what happened in the last minute. memory, stored: megabytes at its end."""
        waits, refused, errors = log.taken()
        self.waits, self.refused, self.errors = self.waits + waits, self.refused + refused, self.errors + errors
        if not waits:
            return
        times = sorted(wait for _, wait in waits)
        self.minutes.append((*quantiles(times), memory))
        middle, late, _ = self.minutes[-1]
        print(
            f"| {len(self.minutes)} | {len(times)} | {refused} | {errors.total()} | {middle:.2f} | {late:.2f} | "
            f"{times[-1]:.2f} | {memory:.0f} | {stored:.0f} |",
            flush=True,
        )

    def summary(self) -> None:
        """Print the errors, the waits of each endpoint, and the first minutes beside the last ones."""
        print(f"\n{len(self.waits)} requests answered, {self.refused} refused as due, {self.errors.total()} errors")
        for problem, count in self.errors.most_common(10):
            print(f"  {count} × {problem[:200]}")
        for name in sorted({name for name, _ in self.waits}):
            times = sorted(wait for kind, wait in self.waits if kind == name)
            middle, late = quantiles(times)
            print(f"  {name:16} {len(times):5}  p50 {middle:.2f} s  p95 {late:.2f} s")
        if not self.minutes:
            return
        third = max(1, len(self.minutes) // 3)
        first = self.minutes[1:][:third] or self.minutes  # the first minute loads what is used first
        for what, column, form in (("p50 s", 0, ".2f"), ("p95 s", 1, ".2f"), ("memory MB", 2, ".0f")):
            early, last = (
                statistics.mean(minute[column] for minute in part) for part in (first, self.minutes[-third:])
            )
            print(f"  {what}: {early:{form}} in the first third, after its first minute; {last:{form}} in the last")


def quantiles(times: list[float]) -> tuple[float, float]:
    """p50 and p95 of sorted times."""
    return times[len(times) // 2], times[int(0.95 * len(times))]


def run(app: App, visitors: list[threading.Thread], until: float, log: Log, served: Path) -> Report:
    """Start the visitors, and report every minute until the last one has gone."""
    for visitor in visitors:
        visitor.start()
    report = Report()
    while any(visitor.is_alive() for visitor in visitors):
        time.sleep(min(60.0, max(until - time.monotonic(), 0.0) + 1))
        report.add(log, app.memory("VmRSS"), disk(served))
    return report


def main() -> None:
    options = parser.parse_args()
    from motionclip import MotionCLIP

    log = Log()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(MotionCLIP.from_pretrained().generate("walk, then bow", 75).save(Path(folder) / "clip.bvh"))
        served = Path(folder) / "served"
        with App(GRADIO_TEMP_DIR=str(served)) as app:
            until = time.monotonic() + 60 * options.minutes
            visitors = [
                threading.Thread(target=visit, args=(app.url, n, clip, until, options.pause, log), daemon=True)
                for n in range(options.visitors)
            ]
            report = run(app, visitors, until, log, served)
            left = disk(served)
        report.summary()
        print(f"  disk: {left:.0f} MB while it ran, {disk(served):.1f} MB after it was stopped")
    if report.errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
