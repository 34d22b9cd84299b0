"""What users are shown of errors: their own mistakes in a line, bugs only by a number."""

import logging

import pytest
from gradio import Error
from typer.testing import CliRunner

from demo import request_handling
from motionclip import Motion, errors
from motionclip.cli import app
from motionclip.errors import FileAccessError, MissingFile, MotionCLIPError, RequestError
from motionclip.files.writing import write_atomically


def kinds(kind=MotionCLIPError):
    return {kind} | {below for child in kind.__subclasses__() for below in kinds(child)}


def test_every_error_of_the_package_is_of_one_tree_and_of_a_built_in_kind():
    named = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MotionCLIPError)}
    assert named == {kind for kind in kinds() if kind.__module__ == errors.__name__}
    for kind in named - {MotionCLIPError, errors.TowerError}:
        assert issubclass(kind, (ValueError, OSError)), kind
        assert kind.__name__ in errors.__doc__


def test_a_missing_file_is_named_without_an_errno(tmp_path):
    with pytest.raises(MissingFile) as caught:
        Motion.load(tmp_path / "gone.bvh")
    assert str(caught.value) == f"{tmp_path / 'gone.bvh'} is missing"
    assert caught.value.public == "gone.bvh is missing"
    assert isinstance(caught.value, FileNotFoundError)


def test_a_file_that_cannot_be_written_is_named_by_its_own_name(tmp_path):
    def full(path):
        raise OSError(28, "No space left on device", str(path))

    with pytest.raises(FileAccessError) as caught:
        write_atomically(tmp_path / "walk.bvh", full)
    assert str(caught.value) == f"{tmp_path / 'walk.bvh'} could not be written (no space left on device)"
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(FileAccessError, match=r"taken could not be written"):
        write_atomically(tmp_path / "taken" / "walk.bvh", full)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["recognize", "gone.bvh"], "error: gone.bvh is missing"),
        (["train", "--data", "nowhere", "--out", "out", "--config", "gone.toml"], "error: gone.toml is missing"),
        (["recognize", "--labels", "gone.txt", "walk.npz"], "error: gone.txt is missing"),
    ],
)
def test_the_command_line_shows_a_mistake_in_a_line(tmp_path, monkeypatch, motion, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    motion.save("walk.npz")
    process = CliRunner().invoke(app, arguments)
    assert process.exit_code == 1 and process.stderr.strip() == complaint
    assert "Errno" not in process.output


def test_the_command_line_calls_a_fault_its_own(monkeypatch, caplog):
    def broken(*_):
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr("motionclip.hub.download", broken)
    process = CliRunner().invoke(app, ["download", "user/name"])
    assert process.exit_code == 70
    (record,) = [record for record in caplog.records if record.exc_info]
    number = record.getMessage().split()[-1]
    assert "a bug, not your mistake" in process.stderr and number in process.stderr
    assert "broadcast" not in process.stderr


def test_the_page_shows_a_visitors_mistake_and_logs_no_traceback(caplog):
    @request_handling.handle_errors
    def refuse():
        raise RequestError("length: must be from 0.7 to 6.5 seconds, not 9")

    with caplog.at_level(logging.DEBUG), pytest.raises(Error) as caught:
        refuse()
    assert caught.value.message == "length: must be from 0.7 to 6.5 seconds, not 9"
    assert not caught.value.print_exception  # Gradio would print it
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("fault", [ValueError("operands could not be broadcast"), OSError(2, "gone", "/srv/secret")])
def test_the_page_calls_a_fault_its_own_and_logs_it(caplog, fault):
    @request_handling.handle_errors
    def fail():
        raise fault

    with pytest.raises(Error) as caught:
        fail()
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.exc_info[1] is fault
    assert record.getMessage().split()[-1] in caught.value.message
    assert "broadcast" not in caught.value.message and "secret" not in caught.value.message


def test_the_page_shows_no_folder_of_the_server(tmp_path):
    @request_handling.handle_errors
    def read():
        return Motion.load(tmp_path / "gone.bvh")

    with pytest.raises(Error) as caught:
        read()
    assert caught.value.message == "gone.bvh is missing"
