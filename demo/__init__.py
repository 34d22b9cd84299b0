"""The demo: a page with a tab for each use of the model. Nothing here computes; each tab calls the pipeline."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from os import PathLike
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Gradio would sum up its last 10,000 requests anew after each one, for a page of figures that few ask for.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1000")

import gradio as gr
import torch
from gradio import blocks

from motionclip import MotionCLIP, hub
from motionclip.files import glb

from . import content, interpolation, known, recognition, style_editing, text_to_motion
from .outbox import results
from .stage import STATIC, head

FILES_KEPT_SECONDS = 3600
AT_ONCE = 2  # requests worked on at a time; more wait
SESSIONS = 32  # that Gradio remembers, 0.08 MB each; nothing of ours is in them, and each call from a program is one
M_ARENA_MAX = -8  # of glibc's malloc.h


def build(mc: MotionCLIP, name: str | PathLike[str] | None = None) -> gr.Blocks:
    """The page for one model, which is called by what it was loaded from."""
    with gr.Blocks(title=content.TITLE, delete_cache=(600, FILES_KEPT_SECONDS)) as page:
        gr.HTML(content.HEADER, apply_default_css=False)
        with gr.Tab("Text"):
            asked = text_to_motion.build(mc, str(name or "default"))
        with gr.Tab("Between"):
            interpolation.build(mc)
        with gr.Tab("Style"):
            style_editing.build(mc)
        with gr.Tab("Read"):
            recognition.build(mc, asked)
        with gr.Tab("Map"):
            known.build(mc)
        with gr.Accordion("What this model can't do, where it learned, and the terms of use", open=False):
            gr.Markdown(content.LIMITS if name is None else content.card(mc.card))
            gr.Markdown(content.models(name, hub.local_models()))
    return page


def launch(
    model: str | PathLike[str] | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    share: bool = False,
    queue: int = 64,
    mcp: bool = False,
    clip: str | PathLike[str] | None = None,
    block: bool = True,
) -> gr.Blocks:
    """Load a model and serve the page; returns when the server stops, or at once where block is False.

    model: a folder or a Hub repo. queue: how many requests may wait. mcp: the endpoints as tools for MCP clients.
    clip: CLIP's weights, as for `MotionCLIP.from_pretrained`.
    """
    # Threads that requests fight for cost more than they give.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // AT_ONCE))
    _share_heaps()
    _ask_for_no_gpu()
    mc = MotionCLIP.from_pretrained(model, clip=clip)
    if mc.model.config.tower is not None:
        # What is loaded on first use is loaded before the first visitor.
        glb.to_bytes(mc.generate("walk"))
    gr.set_static_paths([STATIC])
    page = build(mc, model)
    _know_components(page)
    page.queue(default_concurrency_limit=AT_ONCE, max_size=queue)
    atexit.register(results.clear)
    page.launch(
        server_name=host,
        server_port=port,
        share=share,
        prevent_thread_lock=not block,
        show_error=True,
        theme=content.theme(),
        css_paths=[STATIC / "page" / "page.css", STATIC / "stage" / "stage.css"],
        js=content.SCRIPT,
        head=head(),
        max_file_size="50mb",
        state_session_capacity=SESSIONS,
        footer_links=["api", "gradio", "settings"],
        mcp_server=mcp,
    )
    return page


def _ask_for_no_gpu() -> None:
    """Tell a ZeroGPU Space, which starts nothing without a function for its GPU, of one that nobody calls.

    All of this runs on the CPU, in less time than a GPU takes to be lent; and errors that are raised where one is lent
    lose their message.
    """
    if os.environ.get("SPACES_ZERO_GPU"):
        import spaces  # there on such a Space, and of no use elsewhere

        spaces.GPU(lambda: None)


def _share_heaps() -> None:
    """Have threads share two heaps: glibc gives each its own, and a heap keeps what it once grew to."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, 2)


def _know_components(page: gr.Blocks) -> None:
    """Describe each component once: Gradio does so anew for each session, and each call from a program is one; it took
    half of the interpreter's time."""
    describe = blocks.BlocksConfig.config_for_block
    known = {block: describe(key, [], block) for key, block in page.blocks.items()}

    def config_for_block(key: int, rendered: list[int], block: blocks.Block, renderable: Any = None) -> dict[str, Any]:
        if renderable is not None or block not in known:
            return describe(key, rendered, block, renderable)
        told = known[block]
        return told | {"props": dict(told["props"])}  # a session's own value goes in there

    blocks.BlocksConfig.config_for_block = staticmethod(config_for_block)
