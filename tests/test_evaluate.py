"""Evaluation: the measures themselves, and the whole command on a small folder."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from typer.testing import CliRunner

from motionclip import project_folders
from motionclip.cli import app
from motionclip.evaluation import metrics, protocol
from motionclip.evaluation.table import from_json
from motionclip.training.captions import Words
from motionclip.training.dataset import Clip


def test_precision_counts_the_texts_that_are_nearer_than_ones_own():
    texts = torch.nn.functional.normalize(torch.randn(320, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    assert metrics.precision(texts, texts, 0) == (1, 1, 1)
    chance = metrics.precision(texts.roll(1, 0), texts, 0)
    assert chance[0] < 0.1 and chance[0] <= chance[1] <= chance[2] < 0.25
    same = texts[:1].expand(320, -1)  # all say the same: none is nearer than one's own
    assert metrics.precision(texts, same, 0) == (1, 1, 1)


def test_distances_of_sets():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(600, 3, generator=generator)
    assert metrics.frechet(a, a) == pytest.approx(0, abs=1e-4)
    # Two Gaussians: |Δmean|² + Σ (σ₁ − σ₂)².
    assert metrics.frechet(a, 2 * a + 1) == pytest.approx(3 + 3, rel=0.15)
    assert metrics.diversity(a, 0) == pytest.approx(2.26, rel=0.1)  # E|x − y| of normal vectors: 2·√2·Γ(2)/Γ(3/2)
    features = torch.tensor([[0.0], [1.0], [5.0], [9.0]])
    # Of one action only pairs from different clips count: |0 − 5| and |1 − 5|.
    assert metrics.multimodality(features, ["a", "a", "a", "b"], ["x", "x", "y", "z"]) == pytest.approx(4.5)


def test_how_motions_move():
    walk = synthetic_motion("walk")
    assert metrics.speed(walk) > 0.2 > metrics.speed(synthetic_motion("wave left hand")) > 0
    flat = np.array(walk.translation)
    flat[:, 1] -= 0.01 + walk.joints()[:, [7, 8, 10, 11], 1].min() - 0.015
    sunk = metrics.penetration(type(walk)(walk.poses, flat))
    assert 0 < sunk < 100
    assert metrics.penetration(type(walk)(walk.poses, flat + [0, 2, 0])) == 0
    joints = torch.from_numpy(np.stack([synthetic_motion("walk", 60, seed).joints() for seed in range(3)]))
    assert metrics.nearest_distances(joints, joints).max() < 1
    moved = joints + torch.tensor([0.03, 0, 0])
    assert metrics.nearest_distances(moved[:1], joints[:1]).item() == pytest.approx(30, abs=0.1)


def test_phrases_that_ask_for_no_style_are_counted_by_whether_one_is_read(mc):
    walks = [Clip("walk", synthetic_motion("walk"), "train", "walk", "old", ("walk",))]
    words = Words({"walk": {"test": ["a person walks", "walk like an old man"]}}, {"walk": {}}, {}, {}, {})
    (figure,) = protocol.unstyled_prompts(mc, walks, words, "test")
    assert figure.value == 50 and figure.group.startswith("2 test phrases")
    assert protocol.unstyled_prompts(mc, walks, words, "val") == []


@pytest.fixture
def few_prompts(tmp_path, monkeypatch):
    """The project's lists of prompts, cut to four each: all of them take minutes."""
    shutil.copytree(project_folders.CONFIGS, tmp_path / "configs")
    for file in (tmp_path / "configs/prompts").glob("*.csv"):
        file.write_text("".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")
    monkeypatch.setattr(project_folders, "CONFIGS", tmp_path / "configs")


def test_the_command_measures_and_draws(data_folder, few_prompts, tmp_path):
    figures, page = tmp_path / "mine.json", tmp_path / "mine.html"
    command = ["evaluate", "--data", str(data_folder), "--repeats", "2", "--json", str(figures), "--page", str(page)]
    other = tmp_path / "theirs.json"
    other.write_text(json.dumps([{"group": "reconstruction", "name": "MPJPE, root-relative", "value": 77.7}]))
    result = CliRunner().invoke(app, [*command, "--compare", str(other)])
    assert result.exit_code == 0, result.output
    measured = {(figure.group, figure.name): figure for figure in from_json(figures)}
    assert 5 < measured["reconstruction", "MPJPE, root-relative"].value < 120
    assert "77.7" in result.output and "theirs" in result.output
    for source in ("real motion", "nearest training clip", "generated", "generated from the clips' own captions"):
        at1, at3 = (measured[f"text to motion, {source}", f"R-precision@{k} of 32"].value for k in (1, 3))
        assert 0 <= at1 <= at3 <= 100
    # Retrieval gives training motion: there is nothing new about it.
    novelty = "novelty: distance to the nearest training window"
    assert (
        measured["text to motion, nearest training clip", novelty].value
        < measured["text to motion, generated", novelty].value
    )
    assert measured["text to motion, generated", "Fréchet distance"].low is not None
    json.loads(figures.read_text(), parse_constant=pytest.fail)  # NaN would be no JSON
    html = page.read_text(encoding="utf-8")
    assert len(re.findall(r'<img alt="[^"]+" src="data:image/png', html)) > 10 and "<script" not in html
    other.write_text('[{"top1": 90}]')
    assert "theirs.json" in CliRunner().invoke(app, [*command, "--compare", str(other)]).output
