"""The wheel: built from the sources and installed in an environment of its own, it works anywhere, model and all."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.machinery import ModuleSpec
from pathlib import Path

from motionclip import Motion, project_folders

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "motionclip", "demo", "weights", "configs", "pyproject.toml", "setup.py", "MANIFEST.in", "requirements.txt",
    "requirements-dev.txt", "README.md", "LICENSE",
)  # fmt: skip
# Run in the environment: the app's package, its files, the settings, the types, what the extras ask for.
ASK = """
import importlib.metadata, importlib.util, json
import motionclip.app, motionclip.training.train
from importlib.machinery import ModuleSpec
from pathlib import Path
package = importlib.metadata.distribution("motionclip")
print(json.dumps({
    "app": motionclip.app.__file__,
    "stage": sorted(path.name for path in Path(motionclip.app.__file__).parent.rglob("*.js")),
    "demo": importlib.util.find_spec("demo") is not None,
    "steps": motionclip.training.train.TrainConfig.load("default").steps,
    "typed": Path(motionclip.__file__).with_name("py.typed").is_file(),
    "versions": [package.version, motionclip.__version__],
    "extras": package.metadata.get_all("Provides-Extra"),
    "needs": package.requires,
}))
"""


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
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    out = tmp_path / "walk.npz"
    command = [home / "bin" / "motionclip", "generate", "a person walks", "-o", out]
    options = {"check": True, "cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    subprocess.run(command, **options)
    assert len(Motion.load(out)) >= 60
    help_text = subprocess.run([home / "bin" / "motionclip", "app", "--help"], **options).stdout
    assert "--port" in help_text
    output = json.loads(subprocess.run([home / "bin" / "python", "-c", ASK], **options).stdout)
    assert output["app"].startswith(str(packages)) and output["stage"] and not output["demo"]
    assert output["steps"] == 9248 and output["typed"]
    assert output["versions"][0] == output["versions"][1]
    assert set(output["extras"]) == {"app", "train", "clip", "dev"}
    plain = [need for need in output["needs"] if "extra ==" not in need]
    assert any(need.startswith("torch") for need in plain)
    for package, extra in {"gradio": "app", "accelerate": "train", "open_clip": "clip", "pytest": "dev"}.items():
        assert not any(need.startswith(package) for need in plain)
        assert any(need.startswith(package) and f'extra == "{extra}"' in need for need in output["needs"])


def test_a_checkout_opens_its_own_page_beside_the_install_of_another(monkeypatch, tmp_path):
    for folder, name in ((tmp_path, "demo"), (ROOT, "motionclip.app")):
        page = ModuleSpec("motionclip.app", None, origin=str(folder / "demo" / "__init__.py"))
        monkeypatch.setattr(project_folders, "find_spec", lambda _, page=page: page)
        assert project_folders.app_package() == name
    monkeypatch.setattr(project_folders, "find_spec", lambda _: None)
    assert project_folders.app_package() == "demo"
