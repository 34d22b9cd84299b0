"""MotionCLIP for everyone: text → latent → motion → file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .motion import Motion
    from .pipeline import MotionCLIP

__version__ = "0.1.0"

# How far a text is drawn to known ones by default; chosen by measurement, see docs/experiments.md.
CLOSENESS = 1.0

__all__ = ["Motion", "MotionCLIP", "__version__"]


def __getattr__(name: str) -> object:
    # Imported when first used, so that `python -m motionclip --help` needn't wait for torch.
    if name == "Motion":
        from .motion import Motion

        return Motion
    if name == "MotionCLIP":
        from .pipeline import MotionCLIP

        return MotionCLIP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
