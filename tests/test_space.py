"""A folder for a Space: what is in it, what it asks pip for, and where its links lead."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motionclip.cli import app
from motionclip.space import make_space

ROOT = Path(__file__).resolve().parent.parent


def test_links_lead_somewhere(tmp_path):
    make_space(tmp_path / "space")
    pages = list((tmp_path / "space").rglob("*.md"))
    assert len(pages) > 5
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http", "mailto:")):
                assert (page.parent / target).is_file(), (page.name, target)
    assert not list((tmp_path / "space/weights/open").glob("*.safetensors"))


@pytest.mark.parametrize("hardware", ["cpu", "gpu"])
def test_torch_is_asked_for_in_the_build_of_the_hardware(tmp_path, hardware):
    result = CliRunner().invoke(app, ["space", "--out", str(tmp_path / "space"), "--hardware", hardware])
    assert result.exit_code == 0, result.output
    requirements = (tmp_path / "space/requirements.txt").read_text()
    assert requirements.startswith("--extra-index-url https://download.pytorch.org/whl/cpu\n") == (hardware == "cpu")
    assert requirements.endswith((ROOT / "requirements.txt").read_text())
    assert CliRunner().invoke(app, ["space", "--out", str(tmp_path / "s"), "--hardware", "tpu"]).exit_code == 1


def test_the_printed_command_exists(tmp_path):
    output = CliRunner().invoke(app, ["space", "--out", str(tmp_path / "space")]).output
    command = re.search(r"now: (hf .*?)   ", output.replace("\n", " ")).group(1).split()
    assert command[:2] == ["hf", "upload"]
    usage = subprocess.run(
        [Path(sys.executable).with_name("hf"), "upload", "--help"], capture_output=True, text=True, check=True
    )
    assert "--repo-type" in usage.stdout


@pytest.mark.parametrize("on_a_space", [True, False])
def test_where_the_tag_says_mcp_it_is_served(on_a_space, monkeypatch):
    assert "mcp-server" in (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    ask = "import motionclip.cli, inspect; print(inspect.signature(motionclip.cli.open_app).parameters['mcp'].default)"
    environment = {"SPACE_ID": "user/space"} if on_a_space else {}
    process = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert process.stdout.strip() == str(on_a_space), process.stderr
