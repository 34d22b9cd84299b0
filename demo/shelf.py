"""The motions last shown, by a token: their files are made when somebody asks for them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

from motionclip import Motion
from motionclip.files import WRITABLE, save

from .outbox import results
from .packed import motion_bytes

KEPT = 128  # motions, 20 kB each for two seconds, 0.5 MB for a minute
GONE = "this motion was made too long ago; make it again"


class Shelf:
    """Motions that can be taken home."""

    def __init__(self) -> None:
        self._motions: OrderedDict[str, tuple[Motion, str]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, motion: Motion, name: str) -> str:
        """Keep a motion; its token, the same for the same motion. name: of its files, without a suffix."""
        token = hashlib.sha256(motion_bytes(motion) + name.encode()).hexdigest()[:32]
        with self._lock:
            self._motions[token] = motion, name
            self._motions.move_to_end(token)
            while len(self._motions) > KEPT:
                self._motions.popitem(last=False)
        return token

    def get(self, token: str) -> Motion:
        """A motion by its token. Raises ValueError for one that is not, or no longer, here."""
        return self._found(token)[0]

    def file(self, token: Any, suffix: Any) -> str:
        """The path of its file of one kind, such as "bvh". Raises ValueError for what is not here, or not written."""
        motion, name = self._found(token)
        if f".{suffix}" not in WRITABLE:
            raise ValueError(f"{suffix!r}: is no kind of file; there are {', '.join(WRITABLE)}")
        path = results.folder("taken", token) / f"{name}.{suffix}"
        if not path.exists():
            save(motion, path)
        return str(path)

    def _found(self, token: Any) -> tuple[Motion, str]:
        with self._lock:
            found = self._motions.get(str(token))
        if found is None:
            raise ValueError(GONE)
        return found


shelf = Shelf()
