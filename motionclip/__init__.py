"""MotionCLIP for everyone: text → latent → motion → file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .motion import Motion
    from .pipeline import MotionCLIP

__all__ = ["Motion", "MotionCLIP"]


def __getattr__(name: str):
    # Imported when first used, so that `python -m motionclip --help` needn't wait for torch.
    if name == "Motion":
        from .motion import Motion

        return Motion
    if name == "MotionCLIP":
        from .pipeline import MotionCLIP

        return MotionCLIP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
