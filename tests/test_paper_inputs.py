"""The paper's input files, by one command each: every line done, or named with the reason."""

import cv2
import numpy as np
import pytest
from conftest import synthetic_motion
from typer.testing import CliRunner

from motionclip import Motion
from motionclip.cli import app
from motionclip.viz.grid import SIZE, TITLE, grid, wrapped


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def size_of(video):
    capture = cv2.VideoCapture(str(video))
    try:
        return tuple(int(capture.get(what)) for what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, 7))
    finally:
        capture.release()


def test_texts_a_line(tmp_path):
    (tmp_path / "texts.txt").write_text("\ufeffTaekwondo\r\nSpiderman in action!\r\n\r\nWalk\n", encoding="utf-8")
    result = run("generate", "--file", tmp_path / "texts.txt", "-o", tmp_path / "out", "--frames", 20)
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"01-taekwondo.npz", "02-spiderman-in-action.npz", "04-walk.npz", "grid.mp4"}
    assert len(Motion.load(tmp_path / "out/04-walk.npz")) == 20
    assert size_of(tmp_path / "out/grid.mp4") == (3 * SIZE, SIZE + TITLE, 20)


def test_edits_of_texts_and_of_recordings(tmp_path, data_folder):
    (tmp_path / "edits.csv").write_text(
        "motion_source,base,v_start,v_end\n"
        "data,Walk,squat,a person does wave left hand and transition\n"
        "text,Jump,Walk,Walk old\n"
        "film,Jump,Walk,Walk old\n"
    )
    out = tmp_path / "out"
    result = run("edit", "--file", tmp_path / "edits.csv", "-o", out, "--data", data_folder, "--format", "bvh")
    assert result.exit_code == 0, result.output
    assert {path.suffix for path in out.iterdir()} == {".bvh", ".mp4"} and len(list(out.iterdir())) == 3
    assert 'line 2: "Walk": clip walk_0, "walk" (the same words)' in result.output
    assert '"a person does wave left hand" (the nearest words, likeness 0.' in result.output
    assert "line 4: skipped: motion_source: must be data or text, not 'film'" in result.output
    assert size_of(out / "grid.mp4")[:2] == (4 * SIZE, 2 * (SIZE + TITLE))


def test_interpolations_of_the_banks_motions(tmp_path):
    (tmp_path / "interps.csv").write_text("start,end\nwalk,bow\nquantum chromodynamics,walk\n")
    result = run("interpolate", "--file", tmp_path / "interps.csv", "-o", tmp_path / "out", "--frames", 20)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "out").glob("02-walk-to-bow-*.npz"))) == 5
    assert 'line 2: "walk": the bank\'s ' in result.output
    assert 'line 3: skipped: "quantum chromodynamics": no known motion is like it' in result.output
    assert size_of(tmp_path / "out/grid.mp4")[:2] == (5 * SIZE, SIZE + TITLE)


@pytest.mark.parametrize(
    ("command", "content", "complaint"),
    [
        ("edit", "base,v_start,v_end\nwalk,a,b\n", "must name the columns motion_source, base, v_start, v_end"),
        ("edit", "motion_source,base,v_start,v_end\ntext,walk,run\n", "line 2: needs a value for each of"),
        ("interpolate", "start,end\nquantum chromodynamics,walk\n", "no line could be processed"),
        ("generate", b"\xff\xfe\x00", "is no text in UTF-8"),
        ("generate", "\n", "--file: holds no lines"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path, command, content, complaint):
    path = tmp_path / "lines.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run(command, "--file", path, "-o", tmp_path / "out")
    assert result.exit_code == 1 and complaint in result.output, result.output


@pytest.mark.parametrize("command", [["generate"], ["interpolate", "walk"], ["edit", "walk", "--from", "walk"]])
def test_without_a_file_the_words_are_asked_for(tmp_path, command):
    result = run(*command, "-o", tmp_path / "out.npz")
    assert result.exit_code == 1 and "is missing; give it, or a --file of lines" in result.output


def test_a_grid_plays_all_and_holds_what_has_ended():
    short, long = synthetic_motion("walk", 5), synthetic_motion("squat", 9)
    pictures = [picture.copy() for picture in grid([[short, long], [long]], [["a", "b"], ["c" * 90]])]
    assert len(pictures) == 9 and pictures[0].shape == (2 * (SIZE + TITLE), 2 * SIZE, 3)
    ended = [picture[TITLE : TITLE + SIZE, :SIZE] for picture in pictures[4:]]
    assert all(np.array_equal(ended[0], picture) for picture in ended)
    assert not np.array_equal(pictures[4][:, SIZE:], pictures[8][:, SIZE:])
    assert pictures[0][SIZE + TITLE :, SIZE:].min() == 255  # an empty cell
    assert pictures[0][:TITLE, :SIZE].min() < 255  # a title
    assert [len(row) for row in wrapped(list(range(21)))] == [6, 6, 6, 3]
