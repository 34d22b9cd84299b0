"""The storyboard under the first tab's stage: blocks of words that become one motion of up to a minute."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import gradio as gr

from motionclip import CLOSENESS, MotionCLIP, storyboard
from motionclip.storyboard import Story

from .motion_store import motion_store
from .request_handling import take_home, told
from .script_answers import Answer, answered, taken_apart
from .stage import component, scene

KEPT = 16  # stories whose blocks need not be made again; 2 MB each for a minute


class Stories:
    """The stories last told, so that what is changed in one costs only what is changed."""

    def __init__(self, mc: MotionCLIP) -> None:
        self._mc = mc
        self._told: OrderedDict[str, Story] = OrderedDict()
        self._lock = threading.Lock()

    def tell(self, content: Any, before: Any = None, closeness: float = CLOSENESS) -> tuple[Story, str]:
        """A storyboard's JSON as a story, and its token. before: the token of the story that this one changes."""
        with self._lock:
            kept = self._told.get(str(before))
        story = self._mc.storyboard(storyboard.parse(content), closeness, kept)
        token = motion_store.put_motion(story.motion, "storyboard")
        with self._lock:
            self._told[token] = story
            while len(self._told) > KEPT:
                self._told.popitem(last=False)
        return story, token


def build(mc: MotionCLIP, stage: str) -> None:
    """Lay out the strip for a stage, by its name, and the endpoint for programs."""
    stories = Stories(mc)

    def tell(asked: Any) -> Answer:
        """A scene and the token of its files for {blocks, before}, or the reason why there is none."""

        def work() -> Answer:
            with taken_apart():
                content, before = {"blocks": asked["blocks"]}, asked.get("before")
            story, token = stories.tell(content, before)
            return {"scene": scene([story.motion], ["storyboard"], story.motion.name), "token": token}

        return answered(work)

    def blocks(asked: Any) -> Answer:
        """The blocks of a prompt, or of a storyboard file's content, or the reason why there are none."""
        parse = mc.blocks if isinstance(asked, str) else storyboard.parse
        return answered(lambda: storyboard.as_json(parse(asked)))

    @told
    def take(content: dict[str, Any]):
        """One motion of several blocks, as video and files.

        Args:
            content: {"blocks": [{"text": "walk", "seconds": 2, "seed": 0}, …]}; seed may be left out.
        """
        story, _ = stories.tell(content)
        return take_home(story.motion, "storyboard")

    component("page/storyboard.js", stage=stage, server_functions=[tell, blocks])
    gr.Button(visible=False).click(
        take,
        gr.JSON({"blocks": [{"text": "walk", "seconds": 2}, {"text": "sit down", "seconds": 2}]}, visible=False),
        [gr.Video(visible=False), gr.Files(visible=False)],
        api_name="storyboard",
    )
