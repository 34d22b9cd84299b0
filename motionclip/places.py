"""Where the project's weights and settings lie: beside the package in a checkout, inside it when it was installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent

DEFAULT_MODEL = _ROOT / "weights"
CONFIGS = _ROOT / "configs"
