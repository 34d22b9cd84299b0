"""The motions that were shown last, each by a token. Motions and files are made when somebody asks for them."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from motionclip import Motion
from motionclip.errors import RequestError
from motionclip.files import WRITABLE, save

from .binary_format import between
from .result_files import results

KEPT = 128  # entries: 20 kB for a motion of two seconds, 0.5 MB for one of a minute
GONE = "this motion was made too long ago; make it again"

Maker = Callable[[float], Motion]  # gets the place of the stage's slider


class MotionStore:
    """Motions that visitors can download, each by a token."""

    def __init__(self) -> None:
        self._makers: OrderedDict[str, tuple[Maker, str]] = OrderedDict()
        self._lasting: dict[str, tuple[Maker, str]] = {}
        self._lock = threading.Lock()

    def put(self, make: Maker, name: str) -> str:
        """Keep a function that makes a motion.

        Args:
            make: the function.
            name: the name of its files, without a suffix.

        Returns:
            The token.
        """
        token = _token()
        with self._lock:
            self._makers[token] = make, name
            while len(self._makers) > KEPT:
                self._makers.popitem(last=False)
        return token

    def put_motion(self, motion: Motion, name: str) -> str:
        """Keep a motion.

        Args:
            motion: the motion.
            name: the name of its files, without a suffix.

        Returns:
            The token.
        """
        return self.put(lambda _: motion, name)

    def put_lasting(self, motion: Motion, name: str) -> str:
        """Keep a motion for as long as the app runs: the one on the page when it opens.

        Args:
            motion: the motion.
            name: the name of its files, without a suffix.

        Returns:
            The token.
        """
        token = _token()
        self._lasting[token] = (lambda _: motion), name
        return token

    def put_mix(self, motions: Sequence[Motion], at: Sequence[float], name: str) -> str:
        """Keep motions between which a slider chooses.

        Args:
            motions: the motions.
            at: the place of each on the slider, rising.
            name: the name of their files, without a suffix.

        Returns:
            The token.
        """
        kept = list(motions), list(at)
        return self.put(lambda place: between(*kept, place), name)

    def file(self, token: Any, suffix: Any, place: float = 0.0) -> str:
        """Write a motion as a file.

        Args:
            token: the motion's token.
            suffix: the kind of file, such as "bvh".
            place: the place of the slider.

        Returns:
            The file's path.

        Raises:
            RequestError: for an unknown token or kind.
        """
        make, name = self._found(token)
        if f".{suffix}" not in WRITABLE:
            raise RequestError(f"{suffix!r}: is no kind of file; there are {', '.join(WRITABLE)}")
        place = round(float(place), 4)
        path = results.folder("taken", token, place) / f"{name}.{suffix}"
        if not path.exists():
            save(make(place), path)
        return str(path)

    def motion(self, token: Any, place: float = 0.0) -> tuple[Motion, str]:
        """A motion by its token.

        Args:
            token: the token.
            place: the place of the slider.

        Returns:
            The motion, and the name of its files.

        Raises:
            RequestError: for an unknown token.
        """
        make, name = self._found(token)
        return make(round(float(place), 4)), name

    def _found(self, token: Any) -> tuple[Maker, str]:
        with self._lock:
            found = self._lasting.get(str(token)) or self._makers.get(str(token))
        if found is None:
            raise RequestError(GONE)
        return found


motion_store = MotionStore()


def _token() -> str:
    """What nobody can guess: who has it may take the motion."""
    return secrets.token_hex(16)
