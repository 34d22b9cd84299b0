"""All settings of the page for the whole process: threads, memory, Gradio's statistics, ZeroGPU.

Each function says what it sets, why, and since when. All are called by `launch`, none by an import. They change how
fast and how large the app is, and nothing that it answers.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import torch
from gradio.blocks import Block, BlocksConfig

AT_ONCE = 2  # requests worked on at a time; more wait
M_ARENA_MAX = -8  # of glibc's malloc.h
# What `BlocksConfig.config_for_block` takes in the Gradio that this was written for, 6.31.
KNOWN_SIGNATURE = ("_id", "rendered_ids", "block", "renderable")
_log = logging.getLogger(__name__)


@functools.cache
def request_threads() -> ThreadPoolExecutor:
    """Make the threads for requests. Since 0.1.

    There are more threads than requests that run at once: the work of a request that ran out of time still goes on.
    """
    return ThreadPoolExecutor(32, thread_name_prefix="request")


@functools.cache
def file_threads() -> ThreadPoolExecutor:
    """Make the threads for files; the encoders of video and gif are programs of their own. Since 0.1."""
    return ThreadPoolExecutor(8, thread_name_prefix="files")


def share_cores() -> None:
    """Give each of the requests that run at once its share of the cores. Since 0.1.

    Threads that compete for cores lose time.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // AT_ONCE))


def share_heaps() -> None:
    """Make all threads share two heaps. Since 0.1.

    By default glibc gives each thread a heap of its own, which never shrinks.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)


def sum_up_requests_rarely() -> None:
    """Make Gradio sum up its last 1,000 requests after each 1,000.

    By default it sums up 10,000 after each one, for a page of figures that few look at. Gradio reads these variables
    when a page gets its queue. Since 0.1.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1000")


def ask_for_no_gpu() -> None:
    """Tell a ZeroGPU Space of a function for its GPU, which nobody calls: without such a function it does not start.

    All work runs on the CPU, in less time than it takes to get a GPU. Errors raised where a GPU is used lose their
    message. Since 0.1.
    """
    if os.environ.get("SPACES_ZERO_GPU"):
        import spaces  # there on such a Space, and of no use elsewhere

        spaces.GPU(lambda: None)


def describe_components_once(page: gr.Blocks) -> bool:
    """Make a page keep the descriptions of its components.

    Gradio makes them again for each session, and each call from a program is a session; that took half of the
    interpreter's time. Since 0.1, for Gradio 6. One attribute of this page is replaced; no class of Gradio's is
    changed.

    Args:
        page: the page.

    Returns:
        Whether it was done. Where Gradio's own method takes other arguments than the known ones, the page stays as it
        is, and the log says so.
    """
    if tuple(inspect.signature(BlocksConfig.config_for_block).parameters) != KNOWN_SIGNATURE:
        _log.warning("Gradio %s describes components in a new way: its own is used, which is slower", gr.__version__)
        return False
    plain = page.default_config
    descriptions = {block: plain.config_for_block(key, [], block) for key, block in page.blocks.items()}
    page.default_config = _DescribedOnce(plain, descriptions)
    return True


class _DescribedOnce(BlocksConfig):
    """A page's components, whose descriptions are kept; its copies, one a session, share them."""

    def __init__(self, plain: BlocksConfig, descriptions: dict[Block, dict[str, Any]]) -> None:
        self.__dict__.update(BlocksConfig.__copy__(plain).__dict__)
        self._descriptions = descriptions

    def config_for_block(  # type: ignore[override]  # Gradio's own is static, and called on the object
        self, _id: int, rendered_ids: list[int], block: Block, renderable: Any = None
    ) -> dict[str, Any]:
        if renderable is not None or block not in self._descriptions:
            return BlocksConfig.config_for_block(_id, rendered_ids, block, renderable)
        description = self._descriptions[block]
        return description | {"props": dict(description["props"])}  # a session's own value goes in there

    def __copy__(self) -> _DescribedOnce:
        return _DescribedOnce(self, self._descriptions)
