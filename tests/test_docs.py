"""The documentation: it builds without a warning, fetches nothing, and says each figure once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, and what its build printed."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    # The theme's announcement of its successor is no warning about these pages.
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240)
    assert process.returncode == 0, process.stderr
    return folder, process.stdout + process.stderr


def test_the_site_builds_without_warnings(site):
    folder, printed = site
    assert "WARNING" not in printed, printed
    assert (folder / "index.html").is_file()


def test_the_site_fetches_nothing(site):
    pages = list(site[0].rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|iframe)[^>]* src="(?:https?:)?//[^"]*"', text), page.name
        assert not re.findall(r'<link[^>]* rel="(?:stylesheet|preconnect)"[^>]* href="(?:https?:)?//', text), page.name


def test_every_command_and_public_method_is_described(site):
    from motionclip import MotionCLIP
    from motionclip.cli import app

    commands = (site[0] / "cli.html").read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        assert f'id="motionclip-{name}"' in commands
    reference = (site[0] / "reference.html").read_text(encoding="utf-8")
    for name, value in vars(MotionCLIP).items():
        if callable(value) and not name.startswith("_"):
            assert f'MotionCLIP.{name}"' in reference, name


def test_the_readmes_figures_are_those_of_the_evaluation():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    evaluation = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| default .*$", readme, re.MULTILINE)
    figures = re.findall(r"([\d.]+) %", row)
    rows = (
        "action accuracy, from the action's name",
        "action accuracy, .* blind",
        "recognition of recorded",
        "action accuracy, from unseen captions",
    )
    assert len(figures) == len(rows)
    for figure, start in zip(figures, rows, strict=True):
        assert re.search(rf"^\| {start}[^|]*\| {re.escape(figure)} /", evaluation, re.MULTILINE), (start, figure)
