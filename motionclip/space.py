"""Everything a Hugging Face Space needs, in one folder: the app, the library, the default weights."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    "app.py",
    "demo",
    "motionclip",
    "configs",
    "weights",
    "requirements.txt",
    "README.md",
    "LICENSE",
    "docs/hello.gif",
)
LEFT_OUT = ("__pycache__", ".*", "open", "evaluator")
# What the Hub keeps outside of git.
ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.gif filter=lfs diff=lfs merge=lfs -text\n"


def make_space(out: Path) -> list[Path]:
    """Copy what a Space needs into a new or empty folder; returns the files, relative to it.

    The Space's own settings (sdk, versions, app_file) are the front matter of the README. Raises ValueError for
    a folder with something in it, and FileNotFoundError outside of a checkout of the project.
    """
    missing = [part for part in PARTS if not (ROOT / part).exists()]
    if missing:
        raise FileNotFoundError(f"{ROOT / missing[0]} is missing: make a Space from a checkout of the project")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out}: is not empty; choose a new folder")
    for part in PARTS:
        target = out / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copyfile(ROOT / part, target)
    (out / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    return sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
