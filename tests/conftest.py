"""What the tests share: synthetic motion, a synthetic labelled folder, the default model, a running app."""

from __future__ import annotations

import csv
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import smpl_bodies
import torch
from shipped import default_model

from motionclip import Motion, MotionCLIP
from motionclip.motion.skeleton import JOINT_INDEX

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))


def synthetic_motion(kind: str = "walk", frames: int = 80, seed: int = 0) -> Motion:
    """A body made of sines: it walks ahead, waves an arm, or squats, a little differently for each seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames) / 30
    phase, rate = rng.uniform(0, 6), rng.uniform(0.8, 1.2)
    poses = np.zeros((frames, 24, 3), np.float32)
    poses[:, :, :] = 0.03 * rng.standard_normal((1, 24, 3))
    path = np.zeros((frames, 3), np.float32)
    path[:, 1] = 0.95
    swing = np.sin(2 * np.pi * rate * t + phase)
    poses[:, JOINT_INDEX["left_shoulder"], 2] -= 1.2
    poses[:, JOINT_INDEX["right_shoulder"], 2] += 1.2
    if kind == "walk":
        poses[:, JOINT_INDEX["left_hip"], 0] += 0.5 * swing
        poses[:, JOINT_INDEX["right_hip"], 0] -= 0.5 * swing
        poses[:, JOINT_INDEX["left_knee"], 0] += 0.4 * (1 - swing)
        poses[:, JOINT_INDEX["right_knee"], 0] += 0.4 * (1 + swing)
        poses[:, JOINT_INDEX["left_elbow"], 1] -= 0.5 - 0.2 * swing
        poses[:, JOINT_INDEX["right_elbow"], 1] += 0.5 + 0.2 * swing
        path[:, 2] = 1.2 * rate * t
    elif kind == "wave left hand":
        poses[:, JOINT_INDEX["left_shoulder"], 2] += 2.0
        poses[:, JOINT_INDEX["left_elbow"], 1] -= 0.8 + 0.6 * swing
    elif kind == "squat":
        bend = 0.6 * (1 + swing)
        for side in ("left", "right"):
            poses[:, JOINT_INDEX[f"{side}_hip"], 0] -= bend
            poses[:, JOINT_INDEX[f"{side}_knee"], 0] += 2 * bend
        path[:, 1] -= 0.25 * bend
    else:
        raise ValueError(kind)
    return Motion(poses, path, kind)


WORDS = {
    "walk": {"train": ["a person strolls", "someone goes ahead"], "val": ["walking on"], "test": ["he strolls along"]},
    "wave left hand": {
        "train": ["he waves with the left hand", "greeting with the left arm"],
        "val": ["waving the left hand"],
        "test": ["she waves her left hand"],
    },
    "squat": {"train": ["a person squats", "deep knee bends"], "val": ["squatting"], "test": ["he does a squat"]},
}
EVOKES = {
    "walk": {"train": ["Sunday in the park"], "val": ["the dog must go out"], "test": ["a long way home"]},
    "wave left hand": {"train": ["the train leaves"], "val": ["see you soon"], "test": ["bon voyage"]},
    "squat": {"train": ["leg day"], "val": ["the gym"], "test": ["strong thighs"]},
}


def write_data_folder(folder: Path, clips_a_kind: int = 4, frames: int = 70) -> Path:
    """A labelled folder of synthetic clips in the layout that `train` reads."""
    (folder / "clips").mkdir(parents=True)
    with open(folder / "labels.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["clip", "licence", "split", "action", "style", "frames", "captions"])
        for kind in ("walk", "wave left hand", "squat"):
            for number in range(clips_a_kind + 2):
                split = ("train", "val", "test")[max(0, number - clips_a_kind + 1)]
                name = f"{kind.replace(' ', '-')}_{number}"
                synthetic_motion(kind, frames, number).save(folder / "clips" / f"{name}.npz")
                table.writerow([name, "made for tests", split, kind, "normal", frames, f"{kind}|a person does {kind}"])
    words = {kind: {"near": [], "captions": WORDS[kind], "evokes": EVOKES[kind]} for kind in WORDS}
    (folder / "words.json").write_text(json.dumps(words), encoding="utf-8")
    return folder


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_folder(tmp_path_factory.mktemp("data") / "mocap")


@pytest.fixture
def motion() -> Motion:
    """Twelve frames of small bends, on one place."""
    random = np.random.default_rng(0)
    poses = random.normal(scale=0.1, size=(12, 24, 3)).astype(np.float32)
    return Motion(poses, np.tile(np.float32([0, 0.9, 0]), (12, 1)), "walk")


@pytest.fixture(scope="session")
def mc() -> MotionCLIP:
    """The default model, as users get it."""
    return default_model()


@pytest.fixture(scope="session")
def app_url(mc: MotionCLIP) -> str:
    """The real app on a free port of this machine."""
    import demo

    port = free_port()
    page = demo.launch(port=port, block=False)
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture(scope="session")
def smpl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a made-up SMPL body."""
    return smpl_bodies.write(tmp_path_factory.mktemp("smpl") / "models")


@pytest.fixture(scope="session")
def smpl_url(mc: MotionCLIP, smpl_folder: Path) -> str:
    """The app with that body."""
    import demo

    port = free_port()
    page = demo.launch(port=port, body=smpl_folder, block=False)
    yield f"http://127.0.0.1:{port}"
    page.close()
