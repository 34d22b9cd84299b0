"""Files of results: each made once, served by Gradio, and cleared away when there are many or the app stops."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

KEPT = 200  # results; the oldest go first


class ResultFiles:
    """Folders for results, from which Gradio serves.

    Each run has folders of its own, since another run may serve another model.
    """

    def __init__(self) -> None:
        self.root = Path(get_upload_folder()) / f"motionclip-{secrets.token_hex(8)}"
        self._folders: OrderedDict[Path, None] = OrderedDict()  # the last asked for at the end
        self._lock = threading.Lock()

    def folder(self, *key: Any) -> Path:
        """The folder for the result of a key. The same key always has the same folder."""
        folder = self.root / hashlib.sha256(repr(key).encode()).hexdigest()[:32]
        with self._lock:  # none is made while it is cleared away
            folder.mkdir(parents=True, exist_ok=True)
            self._folders[folder] = None
            self._folders.move_to_end(folder)
            if len(self._folders) > KEPT:
                shutil.rmtree(self._folders.popitem(last=False)[0], ignore_errors=True)
        return folder

    def clear(self) -> None:
        """Remove them all."""
        with self._lock:
            self._folders.clear()
            shutil.rmtree(self.root, ignore_errors=True)


results = ResultFiles()
