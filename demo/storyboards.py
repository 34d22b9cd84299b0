"""The storyboard under the first tab's stage: blocks of words that become one motion of up to a minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import gradio as gr

from motionclip import CLOSENESS, MotionCLIP, storyboard
from motionclip.storyboard import Story

from .motion_store import motion_store
from .request_handling import all_files, handle_errors
from .script_answers import Answer, answer_or_reason, reading_request
from .stage import component, scene

KEPT = 16  # stories whose blocks need not be made again; 2 MB each for a minute


class Stories:
    """The last stories. Where a block of one is changed, only that block is made again."""

    def __init__(self, mc: MotionCLIP) -> None:
        self._mc = mc
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self._lock = threading.Lock()

    def make(self, content: Any, before: Any = None, closeness: float = CLOSENESS) -> tuple[Story, str]:
        """Make the story of a storyboard.

        Args:
            content: the storyboard's JSON.
            before: the token of the story that this one changes.
            closeness: as for `MotionCLIP.generate`.

        Returns:
            The story, and its token.
        """
        with self._lock:
            kept = self._stories.get(str(before))
        story = self._mc.storyboard(storyboard.parse(content), closeness, kept)
        token = motion_store.put_motion(story.motion, "storyboard")
        with self._lock:
            self._stories[token] = story
            while len(self._stories) > KEPT:
                self._stories.popitem(last=False)
        return story, token


def build(mc: MotionCLIP, stage: str) -> None:
    """Lay out the strip of a stage, and add the endpoint for programs.

    Args:
        mc: the model.
        stage: the stage's name.
    """
    stories = Stories(mc)

    def tell(request: Any) -> Answer:
        """A scene and the token of its files for {blocks, before}, or the reason why there is none."""

        def work() -> Answer:
            with reading_request():
                content, before = {"blocks": request["blocks"]}, request.get("before")
            story, token = stories.make(content, before)
            return {"scene": scene([story.motion], ["storyboard"], story.motion.name), "token": token}

        return answer_or_reason(work)

    def blocks(request: Any) -> Answer:
        """The blocks of a prompt, or of a storyboard file's content, or the reason why there are none."""
        parse = mc.blocks if isinstance(request, str) else storyboard.parse
        return answer_or_reason(lambda: storyboard.as_json(parse(request)))

    @handle_errors
    def take(content: dict[str, Any]):
        """One motion of several blocks, as video and files.

        Args:
            content: {"blocks": [{"text": "walk", "seconds": 2, "seed": 0}, …]}; seed may be left out.
        """
        story, _ = stories.make(content)
        return all_files(story.motion, "storyboard")

    component("page/storyboard.js", stage=stage, server_functions=[tell, blocks])
    gr.Button(visible=False).click(
        take,
        gr.JSON({"blocks": [{"text": "walk", "seconds": 2}, {"text": "sit down", "seconds": 2}]}, visible=False),
        [gr.Video(visible=False), gr.Files(visible=False)],
        api_name="storyboard",
    )
