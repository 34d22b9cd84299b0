"""What is installed for some is loaded for those alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("open_clip", "torchvision", "timm", "smplx", "imageio")
USE = f"""
import sys
from motionclip import MotionCLIP
import motionclip.training.train, motionclip.training.prepare, motionclip.models.official, motionclip.sheets, demo
MotionCLIP.from_pretrained().generate("walk", frames=10)
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_clip_smpl_and_imageio_are_not_imported_before_they_are_needed():
    process = subprocess.run(
        [sys.executable, "-c", USE], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert process.stdout.strip() == "[]"


WITHOUT = """
import sys
from importlib.abc import MetaPathFinder
from motionclip.cli import EXTRAS, app

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
app()
"""


def without_extras(*arguments):
    """A command where nothing is installed but what the library itself asks for."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_the_library_does_without_the_extras(tmp_path):
    for suffix in ("glb", "mp4"):
        out = tmp_path / f"walk.{suffix}"
        process = without_extras("generate", "walk", "-o", str(out), "--frames", "10")
        assert process.returncode == 0 and out.stat().st_size > 1000, process.stderr
    assert without_extras("recognize", str(tmp_path / "walk.glb")).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra"), [(("app",), "app"), (("train", "--data", "none", "--out", "none"), "train")]
)
def test_an_extra_that_is_missing_is_named(arguments, extra):
    process = without_extras(*arguments)
    assert process.returncode == 1 and f"pip install 'motionclip[{extra}]'" in process.stderr
    assert "Traceback" not in process.stderr


def test_all_that_is_imported_is_in_the_one_list_of_requirements():
    requirements = (ROOT / "requirements.txt").read_text()
    for package in ("open_clip_torch", "smplx", "imageio", "torchvision"):
        assert package in requirements
    locked = (ROOT / "requirements.lock").read_text()
    assert "open-clip-torch==" in locked and "torch==" not in locked.replace("open-clip-torch==", "")
    for build in ("cpu", "cuda"):
        assert "torch==" in (ROOT / f"torch-{build}.lock").read_text()


# Stands for the environment's Python: notes what pip is asked for; torch is there, and its index answers, if told so.
PYTHON = """#!/bin/bash
case "$*" in
  *"-m pip"*--no-index*) [ "$TORCH" = there ] ;;
  *"-m pip"*) echo "$*" >> asked ;;
  *urlopen*) [ "$INDEX" = answers ] ;;
esac
"""


@pytest.mark.parametrize(
    ("gpu", "torch", "index", "lock"),
    [
        (False, "missing", "answers", "torch-cpu.lock"),
        (False, "missing", "silent", "torch-cuda.lock"),
        (True, "missing", "answers", "torch-cuda.lock"),
        (False, "there", "silent", None),
    ],
)
def test_torchs_build_is_that_of_the_machine_and_another_one_is_told(tmp_path, gpu, torch, index, lock):
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for path, content in ((".venv/bin/python", PYTHON), *([("programs/nvidia-smi", "#!/bin/bash\n")] * gpu)):
        (tmp_path / path).write_text(content)
        (tmp_path / path).chmod(0o755)
    shutil.copy(ROOT / "setup.sh", tmp_path)
    process = subprocess.run(
        [shutil.which("bash"), "-euo", "pipefail", "-c", ". ./setup.sh; packages requirements.txt"],
        cwd=tmp_path,
        env=os.environ | {"PATH": str(programs), "TORCH": torch, "INDEX": index},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line for line in asked if "torch-" in line] == ([f"-m pip install -q -r {lock}"] if lock else [])
    assert "-m pip install -q -c requirements.lock -r requirements.txt" in asked
    fell_back = lock == "torch-cuda.lock" and not gpu
    assert ("gigabytes larger" in process.stderr) == fell_back
