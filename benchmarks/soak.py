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
            for visitor in visitors:
                visitor.start()
            print("| minute | requests | refused as due | errors | p50 s | p95 s | slowest s | memory MB | disk MB |")
            print("|" + "---|" * 9, flush=True)
            every: list[tuple[str, float]] = []
            errors: Counter[str] = Counter()
            minutes, refused = [], 0
            while any(visitor.is_alive() for visitor in visitors):
                time.sleep(min(60.0, max(until - time.monotonic(), 0.0) + 1))
                waits, due, wrong = log.taken()
                every, errors, refused = every + waits, errors + wrong, refused + due
                if waits:
                    times = sorted(wait for _, wait in waits)
                    middle, late = times[len(times) // 2], times[int(0.95 * len(times))]
                    minutes.append((middle, late, app.memory("VmRSS")))
                    print(
                        f"| {len(minutes)} | {len(times)} | {due} | {wrong.total()} | {middle:.2f} | {late:.2f} | "
                        f"{times[-1]:.2f} | {minutes[-1][2]:.0f} | {disk(served):.0f} |",
                        flush=True,
                    )
            left = disk(served)
        print(f"\n{len(every)} requests answered, {refused} refused as due, {errors.total()} errors")
        for problem, count in errors.most_common(10):
            print(f"  {count} × {problem[:200]}")
        for name in sorted({name for name, _ in every}):
            times = sorted(wait for kind, wait in every if kind == name)
            middle, late = times[len(times) // 2], times[int(0.95 * len(times))]
            print(f"  {name:16} {len(times):5}  p50 {middle:.2f} s  p95 {late:.2f} s")
        third = max(1, len(minutes) // 3)
        parts = minutes[1:][:third] or minutes, minutes[-third:]  # the first minute loads what is used first
        for what, column, form in (("p50 s", 0, ".2f"), ("p95 s", 1, ".2f"), ("memory MB", 2, ".0f")):
            early, last = (statistics.mean(minute[column] for minute in part) for part in parts)
            print(f"  {what}: {early:{form}} in the first third, after its first minute; {last:{form}} in the last")
        print(f"  disk: {left:.0f} MB while it ran, {disk(served):.1f} MB after it was stopped")
    if errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
