"""Conversion of one file or a whole folder into another format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import progress
from ..errors import FileAccessError, RequestError, file_access
from . import FOR_CHARACTERS, FOR_TOOLS, READABLE, WRITABLE, MotionFileError, read, save
from .retarget_to_character import Character
from .writing import is_same_file


@dataclass(frozen=True)
class Conversion:
    """A conversion of motion files.

    Attributes:
        source: a motion file, or a folder of them.
        target: a file, or a folder.
        suffix: the suffix of the files in a target folder.
        layout: as for `files.save`.
        up: as for `files.read`.
        fps: as for `files.read`.
        names: as for `files.read`.
        character: the character that is written with the motions, as for `files.save`.
        bones: the names of its bones, as `files.save` takes them.
    """

    source: Path
    target: Path
    suffix: str = ".npz"
    layout: str | None = None
    up: str | None = None
    fps: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    character: Path | None = None
    bones: Mapping[str, str] | None = None

    def run(self) -> Iterator[tuple[Path, str, bool]]:
        """Convert file by file. In a folder, a file that can't be read is skipped.

        Yields:
            The source, what was in it or why it was skipped, and whether it was written.

        Raises:
            ValueError: where source and target do not go together.
            MotionFileError: for a single file, or a character, that can't be read.
            OSError: for one that can't be opened.
        """
        with file_access(self.source):
            folder = self.source.is_dir()
        if not folder:
            for report in self._one(self.source, self.target):
                yield self.source, report, True
            return
        files = self._within()
        stems = [path.relative_to(self.source).with_suffix("") for path in files]
        for path, stem in zip(files, stems, strict=True):
            unique = stems.count(stem) == 1
            name = f"{stem.name if unique else path.name}{self.suffix}"
            try:
                for report in self._one(path, self.target / stem.parent / name):
                    yield path, report, True
            except (MotionFileError, FileAccessError) as error:
                yield path, str(error), False

    def _within(self) -> list[Path]:
        """The motion files of a source folder, where all is in order for them. Raises as `run`."""
        suffixes = FOR_CHARACTERS if self.character else WRITABLE + FOR_TOOLS
        if self.target.suffix.lower() in suffixes:
            raise RequestError(f"{self.target}: is one file, but {self.source} is a folder; give a folder")
        if self.suffix not in suffixes:
            raise RequestError(f"{self.suffix}: this format can't be written; use one of {', '.join(suffixes)}")
        files = sorted(path for path in self.source.rglob("*") if path.suffix.lower() in READABLE and not path.is_dir())
        if not files:
            raise RequestError(f"{self.source}: holds no motion files ({', '.join(READABLE)})")
        if self.character:
            Character(self.character, self.bones)  # refused once, not for each file
        return files

    def _one(self, source: Path, target: Path) -> Iterator[str]:
        """Convert one file, which may hold several motions; yields what was found and written."""
        with progress.shown(source.name) as began:
            readings = read(source, up=self.up, fps=self.fps, names=self.names)
        for number, reading in enumerate(readings):
            path = target
            if not target.suffix:
                path = target / f"{source.stem}{self.suffix}"
            if len(readings) > 1:
                path = path.with_stem(f"{path.stem}-{number:03d}")
            if is_same_file(path, source):
                raise RequestError(f"{path}: is the file that is read; give another name or folder for what is written")
            with progress.shown(source.name, began):
                progress.step(f"writing {path.name}")
                output = save(reading.motion, path, self.layout, character=self.character, names=self.bones)
            yield f"{reading} -> {output}"
