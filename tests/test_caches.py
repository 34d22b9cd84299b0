"""Caches: results are kept by what they are of, and any number of threads may ask."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch

from demo import request_handling
from demo.result_files import ResultFiles
from motionclip import Motion
from motionclip.towers.interface import CachedTower


def test_a_fingerprint_tells_motions_apart_by_poses_and_path_alone(motion):
    moved = replace(motion, translation=motion.translation + np.float32(0.001))
    bent = replace(motion, poses=motion.poses + np.float32(0.001))
    assert len({motion.fingerprint, moved.fingerprint, bent.fingerprint, motion.crop(0, 5).fingerprint}) == 4
    assert replace(motion, name="another").fingerprint == motion.fingerprint
    assert Motion(motion.poses.copy(), motion.translation.copy()).fingerprint == motion.fingerprint


def test_motions_of_one_name_have_files_of_their_own(motion, monkeypatch, tmp_path):
    """The words "walk" and the known motion "walk" are two motions."""
    box = ResultFiles()
    box.root = tmp_path
    monkeypatch.setattr(request_handling, "results", box)
    farther = replace(motion, translation=motion.translation + np.float32([0.129, 0, 0]))
    first, second = (request_handling.figure_file(each) for each in (motion, farther))
    assert first != second
    for each in (motion, farther):
        _, files = request_handling.all_files(each, "edited")
        (npz,) = [path for path in files if path.endswith(".npz")]
        assert np.allclose(Motion.load(npz).translation, each.translation, atol=1e-5)


class Slow(CachedTower):
    """A tower whose embedding of a number is that number."""

    dim = 1

    def _embed(self, texts):
        return [torch.tensor([float(text)]) for text in texts]


def test_twenty_threads_may_use_a_full_cache():
    tower = Slow(cached_texts=5)

    def ask(seed):
        choose = random.Random(seed)
        for _ in range(400):
            texts = [str(choose.randrange(15)) for _ in range(4)]
            assert tower.encode(texts)[:, 0].tolist() == [float(text) for text in texts]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(20) as threads:
            for done in [threads.submit(ask, seed) for seed in range(20)]:
                done.result()
    finally:
        sys.setswitchinterval(before)
    assert len(tower._cache) <= 5
