"""What is installed for some is loaded only for those."""

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
import motionclip.training.train, motionclip.training.prepare, motionclip.models.official, motionclip.paper_inputs, demo
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
  *"-m pip"*) echo "$*" >> asked; [[ "$*" != *torch-* || "$TORCH" != broken ]] ;;
  *urlopen*) [ "$INDEX" = answers ] ;;
esac
"""


def set_up(folder, command, gpu=False, torch="missing", index="answers"):
    """Run a command of bash in a folder with the scripts and that Python."""
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / "programs").mkdir()
    for path, content in ((".venv/bin/python", PYTHON), *([("programs/nvidia-smi", "#!/bin/bash\n")] * gpu)):
        (folder / path).write_text(content)
        (folder / path).chmod(0o755)
    for name in ("dirname", "env", "bash", "touch"):
        (folder / "programs" / name).symlink_to(shutil.which(name))
    for name in ("setup.sh", "run", "test"):
        shutil.copy(ROOT / name, folder)
    environment = os.environ | {"PATH": str(folder / "programs"), "TORCH": torch, "INDEX": index}
    process = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    return process, (folder / "asked").read_text().splitlines()


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
    process, asked = set_up(tmp_path, ". ./setup.sh; packages requirements.txt", gpu, torch, index)
    assert process.returncode == 0, process.stderr
    assert [line for line in asked if "torch-" in line] == ([f"-m pip install -q -r {lock}"] if lock else [])
    assert "-m pip install -q -c requirements.lock -r requirements.txt" in asked
    fell_back = lock == "torch-cuda.lock" and not gpu
    assert ("gigabytes larger" in process.stderr) == fell_back


@pytest.mark.parametrize("command", ["run", "test"])
def test_a_set_up_that_fails_ends_there(tmp_path, command):
    """Without torch's build the next step would take whatever newer one there is."""
    process, asked = set_up(tmp_path, f"./{command}", torch="broken")
    assert process.returncode != 0 and asked == ["-m pip install -q -r torch-cpu.lock"]
    assert "No such file" not in process.stderr  # nothing was started
