"""The wheel: built from the sources and installed in an environment of its own, it works anywhere, model and all."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from motionclip import Motion

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("motionclip", "demo", "weights", "configs", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")


def test_the_wheel_holds_all_that_it_needs(tmp_path):
    source, home = tmp_path / "source", tmp_path / "environment"
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), str(source)]
    subprocess.run([*pip, *build], check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("motionclip-*.whl")
    assert wheel.stat().st_size < 45e6
    venv.create(home)
    paths = {"base": str(home), "platbase": str(home)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    # What it depends on is taken from here: nothing is downloaded.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run(
        [*pip, "--python", str(home / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel)], check=True
    )
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    out = tmp_path / "walk.npz"
    command = [home / "bin" / "motionclip", "generate", "a person walks", "-o", out]
    subprocess.run(command, check=True, cwd=tmp_path, env=plain)
    assert len(Motion.load(out)) == 60
    code = "import demo, motionclip.training.train as t; print(demo.__file__, t.TrainConfig.load('default').steps)"
    said = subprocess.run(
        [home / "bin" / "python", "-c", code], check=True, cwd=tmp_path, env=plain, capture_output=True, text=True
    ).stdout.split()
    assert said[0].startswith(str(packages)) and said[1] == "9000"
