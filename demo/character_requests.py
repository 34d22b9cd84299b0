"""The visitor's own character on the page: the upload, and the requests of stage and downloads.

The page sends these requests as forms, since Gradio names the session in no others; the browser keeps the file, and
draws it from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from motionclip.errors import RequestError, SkeletonError
from motionclip.files import FOR_CHARACTERS
from motionclip.files.joint_names import parse_map

from .binary_format import motion_of, tracks_text
from .character_store import GONE, MAX_BYTES, Own, own_characters
from .motion_store import motion_store
from .script_answers import Answer, answer_or_reason, reading_request
from .stage import component, served

MOST_MOTIONS, MOST_FRAMES = 32, 20_000  # that are put on a character at a time
MOST_NAMES = 20_000  # letters of a map

Fields = dict[str, str]
Files = list[tuple[str, bytes]]


def control() -> gr.HTML:
    """The part below a stage where visitors upload a character. All of a page show the same one."""
    return component(
        "page/character.js", suffixes=list(FOR_CHARACTERS), most=MAX_BYTES, server_functions=[put, remove, fitted]
    )


def put(form: Any) -> Answer:
    """Take the file of a form, with the map in its field `names`.

    Returns:
        The character's data for the page; or the reason why it can't be used, with a map to fill in.
    """

    def work(session: str, fields: Fields, files: Files) -> Answer:
        if len(files) != 1:
            raise RequestError("character: send one file, a .glb or .vrm")
        (name, content), names = files[0], fields.get("names", "")
        if len(names) > MOST_NAMES:
            raise RequestError(f"map: is too long; at most {MOST_NAMES:,} letters are read")
        try:
            character = own_characters.put(session, name, content, parse_map(names, Path("map")))
        except SkeletonError as error:
            return {"reason": error.bare, "form": error.form}
        size = {"scale": character.scale, "height": character.height}
        return size | {"parts": character.parts, "notes": character.notes}

    return _for_form(form, work)


def remove(form: Any) -> Answer:
    """Remove the visitor's character."""

    def work(session: str, fields: Fields, files: Files) -> Answer:
        own_characters.leave(session)
        return {}

    return _for_form(form, work)


def fitted(form: Any) -> Answer:
    """Compute how the visitor's character moves, for a form with a JSON file of motions as the stage has them."""

    def work(own: Own, fields: Fields, files: Files) -> Answer:
        try:
            ((_, content),) = files
            motions = [motion_of(text) for text in json.loads(content)[: MOST_MOTIONS + 1]]
        except (TypeError, ValueError) as error:
            raise RequestError("motions: could not be read; reload the page and try again") from error
        if len(motions) > MOST_MOTIONS or sum(map(len, motions)) > MOST_FRAMES:
            raise RequestError("motions: are too long to be shown on a character; the wooden figure shows them")
        character = own.open()
        return {"motions": [tracks_text(character.tracks(motion)) for motion in motions]}

    return _for_form(form, _theirs(work))


def on_character(form: Any) -> Answer:
    """Write the motion on the visitor's character, for a form with `token` and `place` of the slider.

    Returns:
        The file's address and name.
    """

    def work(own: Own, fields: Fields, files: Files) -> Answer:
        with reading_request():
            token, place = fields["token"], float(fields["place"])
        motion, name = motion_store.motion(token, place)
        path = own.save(motion, name)
        return {"address": served(path), "name": path.name}

    return _for_form(form, _theirs(work))


def left(request: gr.Request) -> None:
    """Forget a visitor who left the page; for `Blocks.unload`."""
    own_characters.leave(str(request.session_hash))


def _theirs(work: Callable[[Own, Fields, Files], Answer]) -> Callable[[str, Fields, Files], Answer]:
    """Work on the session's character; where it is gone, the answer says so."""

    def found(session: str, fields: Fields, files: Files) -> Answer:
        own = own_characters.of(session)
        if own is None:
            return {"gone": True, "reason": GONE}
        return work(own, fields, files)

    return found


def _for_form(form: Any, work: Callable[[str, Fields, Files], Answer]) -> Answer:
    """What is answered to a form, or the reason why it can't be met."""

    def read() -> Answer:
        with reading_request():
            fields, files = form.data, form.files
            session = fields["session_hash"]
        return work(session, fields, files)

    return answer_or_reason(read)
