"""Visitors' own characters: each in a folder that nothing serves, for its visitor only, gone when they leave."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from motionclip import Motion
from motionclip.errors import MotionFileError, RequestError
from motionclip.files import FOR_CHARACTERS
from motionclip.files.retarget_to_character import Character
from motionclip.files.writing import write_atomically

from .result_files import results

MAX_BYTES = 50_000_000
KEPT = 32  # visitors' characters; the one that was not used for the longest goes first
GONE = "your character is no longer on the server; choose its file again"


class Own:
    """A visitor's character. Its own file is never served; the files made from it are.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, names: Mapping[str, str]) -> None:
        self.path = path
        self._names = dict(names)
        self._served = results.root / secrets.token_hex(16)  # nobody can guess it
        self._gone = False
        self._lock = threading.Lock()  # nothing is made of what is being removed

    def open(self) -> Character:
        """Read the character.

        Raises:
            RequestError: where it was removed.
        """
        with self._lock:
            return self._opened()

    def save(self, motion: Motion, name: str) -> Path:
        """Write the character with a motion, in place of the last such file.

        Args:
            motion: the motion.
            name: the file's name without a suffix.

        Returns:
            The file.

        Raises:
            RequestError: where the character was removed.
        """
        with self._lock:
            character = self._opened()
            shutil.rmtree(self._served, ignore_errors=True)
            # Browsers keep what they got under one address.
            path = self._served / secrets.token_hex(4) / f"{name}-on-my-character{self.path.suffix}"
            path.parent.mkdir(parents=True)
            write_atomically(path, lambda temporary: character.save(motion, temporary))
        return path

    def remove(self) -> None:
        """Remove it, and the files made from it."""
        with self._lock:
            self._gone = True
            for folder in (self.path.parent, self._served):
                shutil.rmtree(folder, ignore_errors=True)

    def _opened(self) -> Character:
        if self._gone:
            raise RequestError(GONE)
        return Character(self.path, self._names)


class CharacterStore:
    """One character for each visitor, by Gradio's name of the session (`request.session_hash`)."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self._own: OrderedDict[str, Own] = OrderedDict()  # the last asked for at the end
        self._lock = threading.Lock()

    def put(self, session: str, name: str, content: bytes, names: Mapping[str, str] | None = None) -> Character:
        """Keep a character in place of the visitor's last one.

        Args:
            session: the visitor.
            name: the file's name on the visitor's machine.
            content: the file.
            names: part of the body → bone, where its names are unknown.

        Returns:
            The character.

        Raises:
            MotionFileError: for a file that is no character. Nothing of it is kept, and the last one stays.
        """
        called = Path(re.sub(r"[^\w.() -]", "_", name)[-60:])
        suffix = called.suffix.lower()
        if suffix not in FOR_CHARACTERS:
            raise MotionFileError(called, "suffix", f"a character is a .glb or .vrm, not {suffix!r}: export it as one")
        if len(content) > MAX_BYTES:
            raise MotionFileError(
                called,
                "size",
                f"{len(content) / 1e6:,.1f} MB; at most {MAX_BYTES // 10**6} are taken: make its textures smaller",
            )
        own = Own(self._folder() / called.name, names or {})
        try:
            own.path.write_bytes(content)
            character = own.open()
        except BaseException:
            own.remove()
            raise
        with self._lock:
            gone = [self._own.pop(session)] if session in self._own else []
            self._own[session] = own
            while len(self._own) > KEPT:
                gone.append(self._own.popitem(last=False)[1])
        for other in gone:
            other.remove()
        return character

    def of(self, session: str) -> Own | None:
        """The visitor's character; None where there is none, or no longer."""
        with self._lock:
            if session not in self._own:
                return None
            self._own.move_to_end(session)
            return self._own[session]

    def leave(self, session: str) -> None:
        """Remove what a visitor had."""
        with self._lock:
            own = self._own.pop(session, None)
        if own is not None:
            own.remove()

    def clear(self) -> None:
        """Remove them all."""
        with self._lock:
            every = [*self._own.values()]
            self._own.clear()
            root, self._root = self._root, None
        for own in every:
            own.remove()
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)

    def _folder(self) -> Path:
        """A new folder, in one that only the server's user can look into."""
        with self._lock:
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="motionclip-characters-"))
            return Path(tempfile.mkdtemp(dir=self._root))


own_characters = CharacterStore()
