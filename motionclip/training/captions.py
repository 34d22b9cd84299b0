"""The words of a data folder: captions and associations of actions, near actions, and words for styles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import project_folders
from ..files import MotionFileError
from ..files.json_file import read_json
from ..labels import NORMAL
from .dataset import SPLITS, Clip

WORDS = "words.json"
KINDS = ("captions", "evokes")
ABSENT = "absent.txt"  # phrases that ask for none of the actions of the project's own words
OWN = "own"  # the split of the project's own words, which only the reader learns
READ = ("train", "val", OWN)  # the splits that the reader learns


@dataclass(frozen=True)
class Words:
    """Phrases for each action, and the actions that are right for it as well.

    Attributes:
        captions: action → split → phrases that describe the action. Besides the data folder's splits there is OWN.
        evokes: action → split → phrases that never name the action but call for it.
        near: action → other actions that are right as well.
        styles: style → phrases that follow an action.
        actors: style → who acts in it.
        absent: phrases that ask for something else than all these actions.
    """

    captions: dict[str, dict[str, list[str]]]
    evokes: dict[str, dict[str, list[str]]]
    near: dict[str, list[str]]
    styles: dict[str, list[str]]
    actors: dict[str, list[str]]
    absent: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path, known: Collection[str]) -> Words:
        """Read FOLDER/words.json, and the project's own words for actions and styles.

        Args:
            folder: the data folder.
            known: the actions of its clips.

        Returns:
            The words.

        Raises:
            MotionFileError: where the file or a split is missing, an action has no clip, or an action has no words.
        """
        path = folder / WORDS
        if not path.is_file():
            raise MotionFileError(path, "file", "is missing; it holds captions for each action of labels.csv")
        try:
            content = read_json(path)
        except ValueError as error:
            raise MotionFileError(path, "file", f"is not JSON ({error})") from error
        if not isinstance(content, dict):
            raise MotionFileError(path, "file", 'must be one object, {"ACTION": {"near": [], "captions": {}, ...}}')
        for action in content:
            if action not in known:
                raise MotionFileError(path, action, "no clip of labels.csv shows this action")
        for action in known:
            if action not in content:
                raise MotionFileError(
                    path, action, "labels.csv has clips of this action, but there are no words for it"
                )
        for action, entry in content.items():
            _check(path, action, entry, content)
        own = read_json(project_folders.CONFIGS / WORDS)
        captions, evokes = (
            {action: entry[kind] | {OWN: own.get(action, {}).get(kind, [])} for action, entry in content.items()}
            for kind in KINDS
        )
        return cls(
            captions,
            evokes,
            {action: entry["near"] for action, entry in content.items()},
            read_json(project_folders.CONFIGS / "styles.json"),
            read_json(project_folders.CONFIGS / "actors.json"),
            project_folders.lines(ABSENT) if content.keys() <= own.keys() else (),
        )

    @classmethod
    def none(cls) -> Words:
        """No words but the clips' own captions."""
        return cls({}, {}, {}, {}, {})

    def phrases(self, action: str, kinds: Sequence[str] = KINDS, splits: Sequence[str] = ("train",)) -> list[str]:
        """List the phrases of an action.

        Args:
            action: the action.
            kinds: "captions", "evokes", or both.
            splits: the splits.

        Returns:
            The phrases; none for an unknown action.
        """
        found = {"captions": self.captions, "evokes": self.evokes}
        return [text for kind in kinds for split in splits for text in found[kind].get(action, {}).get(split, [])]

    def right(self, action: str) -> set[str]:
        """The action and those near it."""
        return {action, *self.near.get(action, [])}

    def captions_of(self, clip: Clip) -> list[str]:
        """List the training captions that are right for a clip.

        Args:
            clip: the clip.

        Returns:
            The action and its captions; for a styled clip each of them in the words of the style.
        """
        captions = [clip.action, *self.phrases(clip.action, ("captions",))]
        if clip.style == NORMAL:
            return captions
        return [f"{action} {style}" for action in captions for style in self.styles.get(clip.style, [])]


def _check(path: Path, action: str, entry: Any, content: dict[str, Any]) -> None:
    if not isinstance(entry, dict):
        raise MotionFileError(path, action, "must be an object with near, captions and evokes")
    for other in _texts(path, f"{action}: near", entry.get("near")):
        if other not in content:
            raise MotionFileError(path, f"{action}: near", f"names {other!r}, an action that the file doesn't have")
    for kind in KINDS:
        splits = entry.get(kind)
        if not isinstance(splits, dict):
            raise MotionFileError(path, f"{action}: {kind}", f"must be an object with {', '.join(SPLITS)}")
        for split in SPLITS:
            if split not in splits:
                raise MotionFileError(path, f"{action}: {kind}", f"lacks the split {split!r}")
            _texts(path, f"{action}: {kind}: {split}", splits[split])


def _texts(path: Path, field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        raise MotionFileError(path, field, "must be a list of phrases")
    return value
