"""The shipped model, loaded once for all tests of a process."""

import functools

from motionclip import MotionCLIP


@functools.cache
def default_model() -> MotionCLIP:
    """The default model, as users get it."""
    return MotionCLIP.from_pretrained()
