"""Damaged and hostile files, thousands of them, at every reader: each must give something sound or a documented error.

    python benchmarks/fuzz.py [--cases 20000] [--seed 0]

Good files are spoiled: bytes flipped, cut, doubled and inserted, numbers made huge or nonsense, JSON values swapped,
npy headers that promise gigabytes, zip bombs, pickles. Readers run in a process of their own, with 3 GiB of memory and
5 seconds of a core for a file. What must not happen is counted, and shown with the number that brings it back (--only).
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import multiprocessing
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from tqdm import tqdm

from motionclip.errors import ModelFolderError

MEMORY, SECONDS = 3 << 30, 5
BATCH = 250
# fmt: off
ODD = [b"", b"0", b"-1", b"NaN", b"inf", b"1e999", b"999999999", b"4294967296", b"{", b"}", b"\x00", b"\xff\xfe",
       b"\n", b" ", b"'", b'"', b"null", b"[]", b"../../etc/passwd", "ü🕺".encode(), b"9" * 400, b"%s%n",
       b"[" * 2000]
ODD_VALUES = [None, True, -1, 0, 1e308, float("nan"), "", "x" * 5000, [], {}, [[]], {"a": {}}, "../../x", 10**30,
              "NaN"]
# fmt: on


class Exploding:
    """A pickle of this makes whoever loads it create a file."""

    marker = ""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return os.mkdir, (self.marker,)


def spoil(good: bytes, rng: random.Random) -> bytes:
    """Some random damage to bytes."""
    data = bytearray(good)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        at = rng.randrange(len(data) + 1) if data else 0
        end = min(len(data), at + rng.choice([1, 2, 8, 64, 1024]))
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end]
        elif kind == 3:
            data[at:at] = rng.choice(ODD)
        elif kind == 4:
            data[at:end] = rng.randbytes(end - at)
        else:
            del data[at:]
    return bytes(data)


def spoil_words(good: bytes, rng: random.Random) -> bytes:
    """A text with some of its words changed, or damaged as bytes."""
    if rng.random() < 0.4:
        return spoil(good, rng)
    lines = good.split(b"\n")
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(lines))
        words = lines[at].split(b" ")
        words[rng.randrange(len(words))] = rng.choice(ODD)
        lines[at] = b" ".join(words)
    if rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def spoil_json(good: bytes, rng: random.Random) -> bytes:
    """JSON with some of its values changed, or damaged as text."""
    if rng.random() < 0.3:
        return spoil(good, rng)
    content = json.loads(good)
    for _ in range(rng.choice([1, 1, 2, 4])):
        content = _swapped(content, rng)
    return json.dumps(content).encode()


def _swapped(content: object, rng: random.Random) -> object:
    if isinstance(content, dict) and content and rng.random() < 0.85:
        key = rng.choice(list(content))
        if rng.random() < 0.15:
            return {name: value for name, value in content.items() if name != key}
        return content | {key: _swapped(content[key], rng)}
    if isinstance(content, list) and content and rng.random() < 0.85:
        at = rng.randrange(len(content))
        return [*content[:at], _swapped(content[at], rng), *content[at + 1 :]]
    return rng.choice(ODD_VALUES)


def spoil_npz(good: bytes, rng: random.Random) -> bytes:
    """An npz with an array replaced by something else, or damaged as bytes."""
    if rng.random() < 0.5:
        return spoil(good, rng)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    members[name] = rng.choice([_promise, _odd_array, _pickle, _bomb, lambda r: spoil(members[name], r)])(rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return out.getvalue()


def _promise(rng: random.Random) -> bytes:
    header = io.BytesIO()
    shape = rng.choice([(10**9, 72), (10**6, 156), (2**40,), (0, 72), (-1, 72), (3,) * 30, (400_000, 165)])
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return header.getvalue() + b"\0" * 64


def _bomb(rng: random.Random) -> bytes:
    """64 MB of zeros that lie in 64 kB."""
    return _saved(np.zeros((rng.choice([50_000, 100_000]), 72), np.float64))


def _odd_array(rng: random.Random) -> bytes:
    shape = (70, 72)
    kinds = [
        np.full(shape, np.nan), np.zeros(shape, complex), np.zeros(shape, "U3"), np.zeros(()), np.zeros((0, 72)),
        np.full(shape, 1e30), np.zeros(shape, "M8[s]"), np.zeros((70, 156), np.int8), np.array(1e-9), np.array("30"),
        np.zeros(shape, [("a", "f4")]), np.full(shape, np.finfo(np.float64).max), np.array([30.0, 60.0]),
    ]  # fmt: skip
    return _saved(rng.choice(kinds))


def _saved(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _pickle(rng: random.Random) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Exploding()], dtype=object), allow_pickle=True)
    return out.getvalue()


def spoil_checkpoint(good: bytes, rng: random.Random) -> bytes:
    """A checkpoint damaged as bytes, or a pickle that would do something if it were loaded."""
    return pickle.dumps({"a": Exploding()}) if rng.random() < 0.1 else spoil(good, rng)


def spoil_pickle(good: bytes, rng: random.Random) -> bytes:
    """A pickle damaged as bytes, with an opcode exchanged, or one that would do something if it were loaded."""
    if rng.random() < 0.1:
        return pickle.dumps({"pose": Exploding()}, rng.randrange(6))
    if rng.random() < 0.3:
        data = bytearray(good)
        data[rng.randrange(len(data))] = rng.choice(
            b"(.012FIJKLMNPQRSTUVXabcdeghijlopqrstu}]\x80\x8a\x8b\x92\x93\x94\x95"
        )
        return bytes(data)
    return spoil(good, rng)


def spoil_glb(good: bytes, rng: random.Random) -> bytes:
    """A GLB with some of its document's values changed, or damaged as bytes."""
    if rng.random() < 0.4:
        return spoil(good, rng)
    length = int.from_bytes(good[12:16], "little")
    text = spoil_json(good[20 : 20 + length].rstrip(), rng)
    text += b" " * (-len(text) % 4)
    rest = good[20 + length :]
    header = good[:8] + (20 + len(text) + len(rest)).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return header + good[16:20] + text + rest


def readers(
    folder: Path,
) -> dict[str, tuple[str, bytes, Callable[[bytes, random.Random], bytes], Callable[[Path], None]]]:
    """For each format: a file name, a good file, how to spoil it, and what reads it and says what came of it."""
    import torch

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    import characters
    from conftest import synthetic_motion
    from safetensors.torch import save
    from test_gltf import side_by_side
    from test_results import save_mdm, write_c3d

    from motionclip import files
    from motionclip.bank import Bank, Entry, Traits
    from motionclip.files import MotionFileError, gltf, read_map
    from motionclip.files.labels_table import read_table
    from motionclip.files.retarget_to_character import Character
    from motionclip.models import storage
    from motionclip.models.official import import_official
    from motionclip.models.transformer import MotionTransformer, TransformerConfig
    from motionclip.training.dataset import load_clips
    from motionclip.training.prepare import _entries

    motion = synthetic_motion(frames=40)
    suffixes = (".npz", ".bvh", ".npy", ".glb", ".vrma")
    npz, bvh, npy, glb, vrma = (motion.save(folder / f"good{suffix}").read_bytes() for suffix in suffixes)
    features = files.save(motion, folder / "features.npy", "humanml3d").read_bytes()
    glb_document = gltf.Document(folder / "good.glb")
    inside = "data:application/octet-stream;base64," + base64.b64encode(glb_document.chunk).decode()
    gltf_text = json.dumps(glb_document.content | {"buffers": [{"byteLength": len(glb_document.chunk), "uri": inside}]})
    vrm, rigify = (characters.write(kind, folder, "me").read_bytes() for kind in (characters.VRM, characters.RIGIFY))
    few = motion.crop(0, 6)
    person = {"pose_world": motion.poses.reshape(40, 72), "trans_world": motion.translation}
    wham = pickle.dumps({0: person})
    joints = {"keypoints3d": motion.joints()[:, :22], "velocity": motion.joints()[:, :22], "fps": np.array(30.0)}
    joints_npz, motion_x = io.BytesIO(), np.full((40, 322), 0.1, np.float32)
    np.savez(joints_npz, **joints)
    motion_x[:, :66], motion_x[:, 309:312] = motion.poses[:, :22].reshape(40, 66), motion.translation
    save_mdm(folder / "results.npy", [motion, motion])
    two_glb = gltf.packed(*side_by_side(motion, synthetic_motion("squat", 40), together=True))
    head, _, rows = bvh.removeprefix(b"HIERARCHY\n").partition(b"MOTION\n")
    frames, time_, *values = rows.splitlines()
    doubled = [value + b" " + value for value in values]
    two_bvh = b"\n".join([b"HIERARCHY", head, head, b"MOTION", frames, time_, *doubled])
    gvhmr = io.BytesIO()
    parts = {"global_orient": motion.poses[:, 0], "body_pose": motion.poses[:, 1:22].reshape(40, 63)}
    parts["transl"] = motion.translation
    torch.save({"smpl_params_global": {key: torch.from_numpy(value.copy()) for key, value in parts.items()}}, gvhmr)
    (folder / "clips").mkdir()
    (folder / "clips" / "a.npz").write_bytes(npz)
    table = b"clip,licence,split,action,style,frames,captions\n" + b"a,free,train,walk,old,40,walk|a person walks\n" * 3
    label = {"act_cat": ["walk"], "proc_label": "walk", "raw_label": "walking", "start_t": 0.0, "end_t": 1.5}
    recording = {
        "feat_p": "CMU/CMU/1/walk_poses.npz",
        "dur": 2.0,
        "frame_ann": {"labels": [label, label]},
        "seq_ann": None,
    }
    babel = json.dumps({"1": recording, "2": recording | {"frame_ann": None, "seq_ann": {"labels": [label]}}}).encode()
    small = TransformerConfig(latent=8, feedforward=8, layers=1, heads=2)
    model = MotionTransformer(small)
    checkpoint = io.BytesIO()
    torch.save(model.state_dict(), checkpoint)
    storage.save(model, folder / "model")
    config = (folder / "model" / storage.CONFIG_FILE).read_bytes()
    tensors = save({key: value.contiguous() for key, value in model.state_dict().items()})
    entries = [Entry(i, "a", "walk", "normal", "walk", 0) for i in range(64)]
    Bank(torch.eye(64), entries, torch.eye(64), torch.zeros(64), {"walk": Traits(False, True)}).save(folder)
    bank = (folder / storage.BANK_FILE).read_bytes()

    def as_motion(path: Path) -> None:
        for reading in files.read(path):
            read = reading.motion
            if not all(np.isfinite(values).all() for values in (read.poses, read.translation, read.joints())):
                raise AssertionError("the motion holds NaN")

    def as_character(path: Path) -> None:
        target = path.with_name("moved.glb")
        target.write_bytes(Character(path).to_bytes(few))
        moved = gltf.Document(target)
        for sampler in moved.content["animations"][0]["samplers"]:
            moved.array(sampler["output"])  # refuses NaN

    def as_map(path: Path) -> None:
        read_map(path)

    def as_model(path: Path) -> None:
        loaded = storage.load(path.parent)
        if not all(torch.isfinite(value).all() for value in loaded.state_dict().values()):
            raise AssertionError("the model holds NaN")

    def as_table(path: Path) -> None:
        read_table(path.parent)
        load_clips(path.parent)

    def as_bank(path: Path) -> None:
        loaded = Bank.load(path.parent)
        loaded.nearest(torch.ones(loaded.latents.shape[1]))

    def as_checkpoint(path: Path) -> None:
        import_official(path, folder / "imported", heads=2)

    def as_babel(path: Path) -> None:
        list(_entries(path))

    refusals: dict[str, type[Exception]] = dict.fromkeys(
        (
            "npz",
            "bvh",
            "npy",
            "glb",
            "vrma",
            "gltf",
            "features",
            "character",
            "VRM",
            "map",
            "c3d",
            "pkl",
            "pt",
            "labels.csv",
            "BABEL json",
            "Motion-X",
            "joints npz",
            "joints pkl",
            "MDM",
            "two in bvh",
            "two in glb",
        ),
        MotionFileError,
    )
    refusals |= dict.fromkeys(("config.json", "model.safetensors", "bank"), ModelFolderError)
    formats = {
        "npz": ("bad.npz", npz, spoil_npz, as_motion),
        "bvh": ("bad.bvh", bvh, spoil_words, as_motion),
        "npy": ("bad.npy", npy, spoil, as_motion),
        "glb": ("bad.glb", glb, spoil_glb, as_motion),
        "vrma": ("bad.vrma", vrma, spoil_glb, as_motion),
        "gltf": ("bad.gltf", gltf_text.encode(), spoil_json, as_motion),
        "features": ("features.npy", features, spoil, as_motion),
        "character": ("rigged.glb", rigify, spoil_glb, as_character),
        "VRM": ("rigged.vrm", vrm, spoil_glb, as_character),
        "map": ("bad.txt", b"left_knee = Knee.L\n# a note\nright_knee = Knee.R\n", spoil_words, as_map),
        "c3d": ("bad.c3d", write_c3d(folder / "good.c3d", motion).read_bytes(), spoil, as_motion),
        "pkl": ("bad.pkl", wham, spoil_pickle, as_motion),
        "pt": ("bad.pt", gvhmr.getvalue(), spoil_checkpoint, as_motion),
        "Motion-X": ("motion-x.npy", _saved(motion_x), spoil, as_motion),
        "joints npz": ("joints.npz", joints_npz.getvalue(), spoil_npz, as_motion),
        "joints pkl": ("joints.pkl", pickle.dumps(joints), spoil_pickle, as_motion),
        "MDM": ("results.npy", (folder / "results.npy").read_bytes(), spoil, as_motion),
        "two in bvh": ("two.bvh", two_bvh, spoil_words, as_motion),
        "two in glb": ("two.glb", two_glb, spoil_glb, as_motion),
        "labels.csv": ("labels.csv", table, spoil_words, as_table),
        "BABEL json": ("train.json", babel, spoil_json, as_babel),
        "checkpoint": ("bad.pth.tar", checkpoint.getvalue(), spoil_checkpoint, as_checkpoint),
        "config.json": ("model/config.json", config, spoil_json, as_model),
        "model.safetensors": ("model/model.safetensors", tensors, spoil, as_model),
        "bank": (storage.BANK_FILE, bank, spoil, as_bank),
    }

    def refusing(name: str, read: Callable[[Path], None]) -> Callable[[Path], str]:
        def run(path: Path) -> str:
            try:
                read(path)
            except refusals.get(name, ValueError) as error:
                # Which file is wrong has to be said; a table may also lead to a clip that is.
                if not any(file in str(error) for file in (path.name, "a.npz", storage.WEIGHTS_FILE)):
                    raise AssertionError(f"the error doesn't name the file: {error}") from error
                return "refused"
            except FileNotFoundError:
                if name != "labels.csv":  # it may name a clip that isn't there
                    raise
                return "refused"
            return "read"

        return run

    return {name: (file, good, how, refusing(name, read)) for name, (file, good, how, read) in formats.items()}


def try_cases(cases: list[tuple[str, int]], results: multiprocessing.SimpleQueue, seed: int) -> None:
    """In a process of its own: spoil and read, and put (format, case, outcome, seconds) for each, before and after."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        sys.stderr = nowhere
        found = readers(Path(folder))
        Exploding.marker = str(Path(folder) / "exploded")
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        signal.signal(signal.SIGPROF, _too_slow)
        for name, case in cases:
            file, good, how, read = found[name]
            path = Path(folder) / file
            path.write_bytes(how(good, random.Random(f"{seed}:{name}:{case}")))
            results.put((name, case, "killed the process", 0.0))
            began = _spent()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                outcome = read(path)
            except BaseException as error:
                outcome = f"{type(error).__name__}: {error}"[:300]
            signal.setitimer(signal.ITIMER_PROF, 0)
            if Path(Exploding.marker).exists():
                outcome = "executed a pickle"
                Path(Exploding.marker).rmdir()
            path.write_bytes(good)
            seconds = _spent() - began
            if seconds > SECONDS and outcome in ("read", "refused"):
                outcome = f"took {seconds:.1f} s with its processes"
            results.put((name, case, outcome, seconds))


def _spent() -> float:
    """Seconds of a core, of this process and of those that it started and that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _too_slow(*_: object) -> None:
    raise TimeoutError(f"took more than {SECONDS} s")


def fuzz(cases: list[tuple[str, int]], seed: int) -> dict[tuple[str, int], tuple[str, float]]:
    """(format, case) → what came of it and how long it took. "read" and "refused" are good, all else is not."""
    context = multiprocessing.get_context("spawn")
    outcomes: dict[tuple[str, int], tuple[str, float]] = {}
    progress = tqdm(total=len(cases), unit="case")
    while rest := [case for case in cases if case not in outcomes][:BATCH]:
        results = context.SimpleQueue()
        worker = context.Process(target=try_cases, args=(rest, results, seed))
        worker.start()
        while worker.is_alive() or not results.empty():
            if results.empty():
                worker.join(0.02)
                continue
            name, case, outcome, seconds = results.get()
            progress.update((name, case) not in outcomes)  # each is first told as one that killed the process
            outcomes[name, case] = outcome, seconds
        if not any(case in outcomes for case in rest):
            raise RuntimeError(f"the readers' process did not start (exit code {worker.exitcode})")
    progress.close()
    return outcomes


FORMATS = (
    *("npz", "bvh", "npy", "glb", "vrma", "gltf", "features", "character", "VRM", "map", "c3d", "pkl", "pt"),
    *("Motion-X", "joints npz", "joints pkl", "MDM", "two in bvh", "two in glb"),
    *("labels.csv", "BABEL json"),
    *("checkpoint", "config.json", "model.safetensors", "bank"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000, help="in all, over the formats")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="FORMAT:CASE, as a failure names it")
    options = parser.parse_args()
    cases = [(name, case) for case in range(-(-options.cases // len(FORMATS))) for name in FORMATS]
    if options.only:
        name, _, case = options.only.rpartition(":")
        cases = [(name, int(case))]
    outcomes = fuzz(cases, options.seed)
    print(f"{'format':20}{'cases':>8}{'read':>8}{'refused':>9}{'wrong':>7}{'slowest':>10}")
    for name in FORMATS:
        mine = {case: value for (format_, case), value in outcomes.items() if format_ == name}
        counts = Counter(outcome for outcome, _ in mine.values())
        wrong = len(mine) - counts["read"] - counts["refused"]
        slowest = max((seconds for _, seconds in mine.values()), default=0)
        print(f"{name:20}{len(mine):8,}{counts['read']:8,}{counts['refused']:9,}{wrong:7,}{slowest:8.2f} s")
    failures = {key: value[0] for key, value in outcomes.items() if value[0] not in ("read", "refused")}
    for (name, case), outcome in list(failures.items())[:20]:
        print(f"--only '{name}:{case}'  {outcome}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
