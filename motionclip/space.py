"""Everything a Hugging Face Space needs, in one folder: the app, the library, the default weights."""

from __future__ import annotations

import shutil
from pathlib import Path

from .errors import MissingFile, RequestError

ROOT = Path(__file__).resolve().parent.parent
CONTENTS = (
    "app.py",
    "demo",
    "motionclip",
    "configs",
    "weights",
    "requirements.txt",
    "README.md",
    "LICENSE",
    # What the README links to.
    "docs",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "weights/open/README.md",
)
LEFT_OUT = ("__pycache__", ".*", "open", "evaluator")
# torch without a GPU: pip then takes its CPU build, which has a version of its own.
CPU_BUILD = "--extra-index-url https://download.pytorch.org/whl/cpu\n"
HARDWARE = ("cpu", "gpu")
# What the Hub keeps outside of git.
ATTRIBUTES = "".join(f"*.{kind} filter=lfs diff=lfs merge=lfs -text\n" for kind in ("safetensors", "gif", "png"))


def make_space(out: Path, hardware: str = "cpu") -> list[Path]:
    """Copy the files that a Hugging Face Space needs.

    The Space's own settings (sdk, versions, app_file) are the front matter of the README.

    Args:
        out: a new or empty folder.
        hardware: "cpu", which installs torch's CPU build, or "gpu", also for ZeroGPU.

    Returns:
        The files, relative to the folder.

    Raises:
        RequestError: for other hardware, or a folder that is not empty.
        MissingFile: outside of a checkout of the project.
    """
    if hardware not in HARDWARE:
        raise RequestError(f"hardware: must be one of {', '.join(HARDWARE)}, not {hardware!r}")
    missing = [path for path in CONTENTS if not (ROOT / path).exists()]
    if missing:
        raise MissingFile(ROOT / missing[0], "is missing: make a Space from a checkout of the project")
    if out.exists() and any(out.iterdir()):
        raise RequestError(f"{out}: is not empty; choose a new folder")
    for path in CONTENTS:
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copyfile(ROOT / path, target)
    if hardware == "cpu":
        requirements = (out / "requirements.txt").read_text(encoding="utf-8")
        (out / "requirements.txt").write_text(CPU_BUILD + requirements, encoding="utf-8")
    (out / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    return sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
