"""Visitors' own characters: each in a folder that nothing serves, for its visitor alone, gone when they leave."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from motionclip.files import FOR_CHARACTERS, MotionFileError
from motionclip.files.character import Character

MAX_BYTES = 100_000_000
KEPT = 32  # visitors' characters; the one that was not used for the longest goes first


class Wardrobe:
    """One character for each visitor, by Gradio's name of the session (`request.session_hash`)."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self._files: OrderedDict[str, Path] = OrderedDict()  # the last asked for at the end
        self._lock = threading.Lock()

    def put(self, session: str, upload: Path, names: Mapping[str, str] | None = None) -> Character:
        """Take an uploaded character out of Gradio's folder, in place of the visitor's last one.

        names: part → bone, where nothing can guess it. Raises MotionFileError for what is no character; then nothing of
        it is kept.
        """
        suffix = upload.suffix.lower()
        try:
            if suffix not in FOR_CHARACTERS:
                raise MotionFileError(upload, "suffix", f"a character is a .glb or .vrm, not {suffix!r}")
            size = upload.stat().st_size
            if size > MAX_BYTES:
                raise MotionFileError(upload, "size", f"{size / 1e6:,.0f} MB; at most {MAX_BYTES // 10**6} are taken")
            character = Character(upload, names)
            self.leave(session)
            with self._lock:
                folder = self._folder(session)
                folder.mkdir(mode=0o700, exist_ok=True)
                kept = folder / f"character{suffix}"
                shutil.copyfile(upload, kept)
                self._files[session] = kept
                while len(self._files) > KEPT:
                    _, oldest = self._files.popitem(last=False)
                    shutil.rmtree(oldest.parent)
        finally:
            upload.unlink(missing_ok=True)
        return character

    def of(self, session: str) -> Path | None:
        """The visitor's character, for `Motion.save(..., character=)`; None where there is none, or no longer."""
        with self._lock:
            if session not in self._files:
                return None
            self._files.move_to_end(session)
            return self._files[session]

    def leave(self, session: str) -> None:
        """Remove what a visitor had."""
        with self._lock:
            path = self._files.pop(session, None)
            if path is not None:
                shutil.rmtree(path.parent)

    def clear(self) -> None:
        """Remove them all."""
        with self._lock:
            self._files.clear()
            if self._root is not None:
                shutil.rmtree(self._root)
                self._root = None

    def _folder(self, session: str) -> Path:
        """A visitor's folder, in one that only the server's user can look into."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="motionclip-characters-"))
        return self._root / hashlib.sha256(session.encode()).hexdigest()[:32]


wardrobe = Wardrobe()
