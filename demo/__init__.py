"""The demo: a page with a tab for each use of the model. Nothing here computes; each tab calls the pipeline."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

import gradio as gr
from starlette.middleware import Middleware

from motionclip import MotionCLIP, hub
from motionclip.constants import QUEUE
from motionclip.errors import RequestError
from motionclip.files import glb

from . import content, interpolation, latent_map, process, recognition, smpl, style_editing, text_to_motion
from .character_requests import left
from .character_store import own_characters
from .opening import Opening
from .result_files import results
from .stage import STATIC, head, opening

FILES_KEPT_SECONDS = 3600
GOODBYE_SECONDS = 1  # that open pages are waited for when the server stops
SESSIONS = 32  # that Gradio remembers, 0.08 MB each; nothing of ours is in them, and each call from a program is one


def build(mc: MotionCLIP, name: str | PathLike[str] | None = None) -> gr.Blocks:
    """Build the page for one model.

    Args:
        mc: the model.
        name: the folder or Hub repo that it was loaded from; None for the default.

    Returns:
        The page.
    """
    public = content.public_name(name or "default")
    with gr.Blocks(title=content.TITLE, analytics_enabled=False, delete_cache=(600, FILES_KEPT_SECONDS)) as page:
        gr.HTML(content.HEADER, apply_default_css=False)
        with gr.Tab("Text"):
            inputs = text_to_motion.build(mc, public)
        with gr.Tab("Between"):
            interpolation.build(mc, public)
        with gr.Tab("Style"):
            style_editing.build(mc, public)
        with gr.Tab("Read"):
            recognition.build(mc, inputs)
        with gr.Tab("Map"):
            latent_map.build(mc)
        with gr.Accordion("What this model can't do, where it learned, and the terms of use", open=False):
            gr.Markdown(content.LIMITS if name is None else content.card(mc.card))
            gr.Markdown(content.models(name, hub.local_models()))
        page.unload(left)
    return page


def launch(
    model: str | PathLike[str] | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    share: bool = False,
    queue: int = QUEUE,
    mcp: bool = False,
    clip: str | PathLike[str] | None = None,
    body: str | PathLike[str] | None = None,
    block: bool = True,
) -> gr.Blocks:
    """Load a model and serve the page.

    Args:
        model: a folder or a Hub repo; by default the project's own model.
        host: the address to listen on.
        port: the port to listen on.
        share: whether the page gets a public link through gradio.live.
        queue: how many requests may wait.
        mcp: whether the endpoints are also tools for MCP clients.
        clip: CLIP's weights, as for `MotionCLIP.from_pretrained`.
        body: SMPL's own files, or their folder; the stage then offers that body, too.
        block: whether to return only when the server stops.

    Returns:
        The page.

    Raises:
        RequestError: where no server starts on the port.
    """
    process.share_cores()
    process.share_heaps()
    process.sum_up_requests_rarely()
    process.ask_for_no_gpu()
    mesh = smpl.put(body, share) if body else None
    mc = MotionCLIP.from_pretrained(model, clip=clip)
    if mc.model.config.tower is not None:
        # What is loaded on first use is loaded before the first visitor.
        glb.to_bytes(mc.generate("walk"))
    gr.set_static_paths([STATIC])
    page = build(mc, model)
    first = Middleware(Opening, head=head(mesh), body=opening(content.HEADER, text_to_motion.STAGE))
    process.describe_components_once(page)
    page.queue(default_concurrency_limit=process.AT_ONCE, max_size=queue)
    atexit.register(results.clear)
    atexit.register(own_characters.clear)
    with _port_errors(host, port):
        page.launch(
            server_name=host,
            server_port=port,
            share=share,
            prevent_thread_lock=True,
            show_error=True,
            theme=content.theme(),
            css_paths=[STATIC / "page" / "page.css"],
            js=content.SCRIPT,
            app_kwargs={"middleware": [first]},
            ssr_mode=False,  # a server of Gradio's own would serve another page
            allowed_paths=[str(mesh)] if mesh else None,
            max_file_size="50mb",
            state_session_capacity=SESSIONS,
            footer_links=["api", "gradio", "settings"],
            mcp_server=mcp,
            # Gradio would ask for the page and give up after 3 s, which a busy machine can take. Before that it gets an
            # answer from the server, for which it waits without a limit: the server can be reached.
            _frontend=False,
        )
    # An open page holds a connection; without a limit the server would wait for its end.
    page.server.config.timeout_graceful_shutdown = GOODBYE_SECONDS
    if block:
        page.block_thread()
    return page


@contextmanager
def _port_errors(host: str, port: int) -> Iterator[None]:
    """Turn Gradio's error for a server that did not start, which has no class of its own, into one of this package."""
    try:
        yield
    except OSError as error:
        if "Cannot find empty port" not in str(error):
            raise
        raise RequestError(
            f"port: no server started on {host}:{port} within 5 s: another program has the port, or this machine is "
            "too busy; give another port, or try again when the machine does less"
        ) from error
