"""The command line, as a user types it."""

import json

import pytest
from conftest import synthetic_motion
from figures import figure
from typer.testing import CliRunner

from motionclip import Motion
from motionclip.cli import app

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("suffix", ["npz", "bvh", "glb", "mp4", "gif"])
def test_generate_writes_what_the_suffix_says(tmp_path, suffix):
    path = tmp_path / f"zombie.{suffix}"
    result = run("generate", "a person walks like a zombie", "-o", path, "--frames", 30, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert path.stat().st_size > 1000
    if suffix in ("npz", "bvh"):
        assert len(Motion.load(path)) == 30


def test_generate_many_into_a_folder(tmp_path):
    result = run("generate", "walk", "walk", "jump!", "-o", tmp_path / "out", "--format", "bvh", "--frames", 20)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"walk-1.bvh", "walk-2.bvh", "jump.bvh"}


def test_texts_whose_files_would_have_one_name_get_numbers(tmp_path):
    result = run("generate", "Walk!", "walk?", "run", "-o", tmp_path / "out", "--frames", 20)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"walk-1.npz", "walk-2.npz", "run.npz"}


def test_generate_says_where_the_steps_are(tmp_path):
    result = run("generate", "walk, then jump twice", "-o", tmp_path / "both.npz", "--frames", 30)
    assert "0.0 –    1.0 s  walk\n" in result.output and result.output.endswith("s  jump twice\n")


def test_generate_several_of_one(tmp_path):
    result = run("generate", "jump", "-o", tmp_path / "out", "--samples", 3, "--frames", 20)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"jump-1.npz", "jump-2.npz", "jump-3.npz"}
    assert run("generate", "jump", "-o", tmp_path / "one.npz", "--samples", 2).exit_code == 1


def test_the_other_uses(tmp_path):
    motion = synthetic_motion(frames=90)
    clip = motion.save(tmp_path / "clip.npz")
    assert run("convert", clip, tmp_path / "clip.bvh").exit_code == 0
    assert len(Motion.load(tmp_path / "clip.bvh")) == 90
    assert "clip.npz, starting" in run("convert", clip, tmp_path / "clip.bvh").stderr
    assert run("interpolate", "walk", clip, "-o", tmp_path / "path", "--steps", 3, "--frames", 30).exit_code == 0
    assert len(list((tmp_path / "path").glob("*.npz"))) == 3
    edited = tmp_path / "old.npz"
    result = run("edit", clip, "--from", "walk", "--to", "walk like an old person", "--strength", 1.2, "-o", edited)
    assert result.exit_code == 0, result.output
    assert len(Motion.load(edited)) == 90
    labels = tmp_path / "labels.txt"
    labels.write_text("walk\nswim\n")
    result = run("recognize", clip, edited, "--labels", labels, "--json")
    answers = json.loads(result.output)
    assert [answer["file"] for answer in answers] == [str(clip), str(edited)]
    assert {label["label"] for label in answers[0]["labels"]} == {"walk", "swim"}
    assert "walk" in run("recognize", clip).output


def test_convert_takes_up_rate_and_map(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bvh").write_text(figure(synthetic_motion(frames=20)).text().replace("LeftLeg", "bone"))
    (tmp_path / "map.txt").write_text("left_knee = bone\n")
    arguments = ["convert", tmp_path / "in", tmp_path / "out", "--format", "bvh"]
    result = run(*arguments)
    assert result.exit_code == 1 and "left_knee =\n" in result.output and "1 file was refused" in result.output
    result = run(*arguments, "--map", tmp_path / "map.txt", "--fps", 60, "--up", "y")
    assert result.exit_code == 0, result.output
    assert "a.bvh: HumanIK, 20 frames at 60 per second, y up" in result.output
    assert len(Motion.load(tmp_path / "out" / "a.bvh")) == 10
    clip, before = tmp_path / "out" / "a.bvh", (tmp_path / "out" / "a.bvh").read_bytes()
    for arguments in ([clip, clip], [clip.parent, clip.parent, "--format", "bvh"]):
        result = run("convert", *arguments)
        assert result.exit_code == 1 and "is the file that is read" in result.output and clip.read_bytes() == before
    result = run("convert", clip, tmp_path / "a.npz", "--format", "glb")
    assert result.exit_code == 1 and "a.npz says it already" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["generate", "", "-o", "x.npz"], "text: is empty"),
        (["generate", "walk", "-o", "x.fbx"], ".fbx"),
        (["generate", "walk", "run", "-o", "x.npz"], "one file"),
        (["generate", "walk", "-o", "x.npz", "--model", "/nowhere"], "no model"),
        (["convert", "nothing.npz", "x.bvh"], "nothing.npz"),
        (["recognize", "nothing.bvh"], "nothing.bvh"),
        (["train", "--data", "/nowhere", "--out", "x"], "/nowhere"),
        (["evaluate", "--data", "/nowhere"], "/nowhere"),
    ],
)
def test_mistakes_are_told_in_a_line(arguments, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    said = result.output.split("\r")[-1]  # after the progress, which is wiped away
    assert result.exit_code == 1 and said.startswith("error: ") and complaint in said
    assert "Traceback" not in result.output and not list(tmp_path.iterdir())


def test_help_teaches():
    for command in ("generate", "interpolate", "edit", "recognize", "convert", "train", "evaluate", "train-evaluator"):
        result = run(command, "--help")
        assert result.exit_code == 0 and len(result.output) > 300
