"""Where the weights, settings and app of the project lie: beside the package, or inside it when installed."""

from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent

DEFAULT_MODEL = _ROOT / "weights"
CONFIGS = _ROOT / "configs"
NAMED_CONFIGS = ("default", "finetune", "paper", "clip", "classes")  # of training


def config_file(config: str | Path) -> Path:
    """The file of a training config: one of NAMED_CONFIGS by its name, or the file itself."""
    return CONFIGS / f"{config}.toml" if str(config) in NAMED_CONFIGS else Path(config)


def app_package() -> str:
    """The name by which the app is imported: `demo` in a checkout that is not installed, else motionclip.app.

    The app of another checkout, found through that one's editable install, does not count.
    """
    installed = find_spec("motionclip.app")
    own = (_PACKAGE / "app" / "__init__.py", _PACKAGE.parent / "demo" / "__init__.py")
    return "motionclip.app" if installed and installed.origin and Path(installed.origin).resolve() in own else "demo"


def lines(name: str) -> tuple[str, ...]:
    """Read a list of the configs.

    Args:
        name: of the text file in `CONFIGS`.

    Returns:
        Its lines, without those that begin with #.
    """
    content = (CONFIGS / name).read_text(encoding="utf-8")
    return tuple(line for line in content.splitlines() if not line.startswith("#"))
