"""The input for one end (a motion or a latent): words, a file, or a known motion from the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from motionclip import Motion, MotionCLIP
from motionclip.constants import MAX_TEXT
from motionclip.errors import RequestError
from motionclip.files import READABLE
from motionclip.pipeline import End
from motionclip.prompt_parsing import refuse_negation

from .map_endpoints import MapEndpoints
from .stage import component, figure

WORDS, FILE, KNOWN = "words", "file", "map"


@dataclass(frozen=True)
class EndInput:
    """The input for one end: a switch says which of its three parts is visible, and only that part counts.

    Attributes:
        by: the switch.
        words: the text box.
        known: the box for a known motion.
        file: the box for a file.
    """

    by: gr.Radio
    words: gr.Textbox
    known: gr.Textbox
    file: gr.File

    @property
    def inputs(self) -> list[gr.components.Component]:
        """The components whose values `picked` takes."""
        return [self.by, self.words, self.known, self.file]


def end_input(mc: MotionCLIP, label: str, example: str, elem_id: str, first: str = WORDS) -> EndInput:
    """Build the input in the current layout.

    Args:
        mc: the model.
        label: the heading.
        example: the words when the page opens, if the words are visible.
        elem_id: the id of the words; page.css shows the part that the switch names.
        first: the part that is visible first.

    Returns:
        The input.
    """
    atlas = MapEndpoints.of(mc)
    with gr.Column(elem_classes="end", min_width=160):
        ways = [WORDS, FILE] + [KNOWN] * (mc.bank is not None)
        by = gr.Radio(ways, value=first, label=label, elem_classes="by")
        words = gr.Textbox(
            None if first == WORDS else "",  # a value makes it optional for programs that call the endpoint
            label=f"{label}: words",
            placeholder=example,
            max_length=MAX_TEXT,
            lines=1,
            max_lines=3,
            show_label=False,
            container=False,
            elem_id=elem_id,
            elem_classes="by-words",
        )
        file = gr.File(
            label=f"{label}: AMASS npz, BVH, …", file_types=list(READABLE), height=64, elem_classes="by-file"
        )
        with gr.Row(elem_classes="by-map"):
            known = gr.Textbox(
                "",
                label=f"{label}: a motion that the model knows",
                placeholder="its name",
                show_label=False,
                container=False,
                elem_id=f"{elem_id}-known",
                scale=3,
                min_width=80,
            )
            if atlas is not None:
                component(
                    "page/choose.js",
                    field=f"{elem_id}-known",
                    what=label,
                    words=[elem_id, example] if first == WORDS else None,
                    how=figure(),
                    server_functions=atlas.questions(),
                )
    return EndInput(by, words, known, file)


def picked(mc: MotionCLIP, values: Sequence[Any], what: str) -> tuple[End, str]:
    """The end that a visitor chose, from the part that is visible.

    Args:
        mc: the model.
        values: the values of the input's components.
        what: the input's name, for errors.

    Returns:
        The end, and a name to show for it.

    Raises:
        RequestError: where the part is empty.
    """
    by, words, known, file = values
    return chosen(mc, words if by == WORDS else "", known if by == KNOWN else "", file if by == FILE else None, what)


def linked(values: Sequence[Any], fields: Sequence[str]) -> dict[str, str] | None:
    """The fields of a link to several inputs: words as FIELD, a known motion as FIELD_known.

    Args:
        values: the values of the inputs' components, one after the other.
        fields: a name for each input.

    Returns:
        Field → value; None where one of the inputs has a file.
    """
    ways = [values[n : n + 4] for n in range(0, len(values), 4)]
    if any(by == FILE for by, *_ in ways):
        return None
    return {
        f"{field}_known" if by == KNOWN else field: (known if by == KNOWN else words).strip()
        for field, (by, words, known, _) in zip(fields, ways, strict=True)
    }


def chosen(mc: MotionCLIP, words: str, known: str | None, file: str | None, what: str) -> tuple[End, str]:
    """The end that a request names. A file goes before a known motion, and a known motion before words.

    Args:
        mc: the model.
        words: a text.
        known: a label, or one dot of the map as "NAME #NUMBER".
        file: the path of a motion file.
        what: the input's name, for errors.

    Returns:
        The end, and a name to show for it.

    Raises:
        RequestError: where nothing is filled in.
    """
    if file:
        motion = Motion.load(file)
        return motion, motion.name
    if known and known.strip():
        return _known(mc, known.strip(), what)
    if not words or not words.strip():
        raise RequestError(f"{what}: say a motion in words, choose one on the map, or give a file")
    if mc.reader is not None:
        refuse_negation(words, what)
    return words, words.strip()


def _known(mc: MotionCLIP, name: str, what: str) -> tuple[End, str]:
    if mc.bank is None:
        raise RequestError(f"{what}: this model has no known motions")
    label, _, number = name.rpartition(" #")
    if not label:
        return mc.bank.find(name), name
    if not (number.isascii() and number.isdigit() and int(number) < len(mc.bank)):
        raise RequestError(f"{what}: there is no known motion {name!r}; choose one on the map")
    entry = mc.bank.entries[int(number)]
    if label not in (entry.phrase, entry.label):
        raise RequestError(f"{what}: number {number} is {entry.phrase!r}, not {label!r}; choose one on the map")
    return entry, label
