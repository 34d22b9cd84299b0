"""MotionCLIP for everyone: text → latent → motion → file."""

from typing import TYPE_CHECKING

from .constants import CLOSENESS

if TYPE_CHECKING:
    from .motion.motion import Motion
    from .pipeline import MotionCLIP
    from .storyboard import Block

__version__ = "0.1.0"

__all__ = ["CLOSENESS", "Block", "Motion", "MotionCLIP", "__version__"]


def __getattr__(name: str) -> object:
    # Imported when first used, so that `python -m motionclip --help` needn't wait for torch.
    if name == "Motion":
        from .motion.motion import Motion

        return Motion
    if name == "MotionCLIP":
        from .pipeline import MotionCLIP

        return MotionCLIP
    if name == "Block":
        from .storyboard import Block

        return Block
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
