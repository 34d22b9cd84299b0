"""What is installed for some is loaded for those alone."""

import subprocess
import sys
from pathlib import Path

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
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_all_that_is_imported_is_in_the_one_list_of_requirements():
    wanted = (ROOT / "requirements.txt").read_text()
    for package in ("open_clip_torch", "smplx", "imageio", "torchvision"):
        assert package in wanted
    locked = (ROOT / "requirements.lock").read_text()
    assert "open-clip-torch==" in locked and "torch==" not in locked.replace("open-clip-torch==", "")
    for build in ("cpu", "cuda"):
        assert "torch==" in (ROOT / f"torch-{build}.lock").read_text()
