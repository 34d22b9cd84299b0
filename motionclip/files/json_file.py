"""JSON files from anywhere: their content, or a ValueError that says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import file_access


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Args:
        path: the file.

    Returns:
        What it holds.

    Raises:
        ValueError: where it holds no JSON.
        OSError: where it can't be opened.
    """
    try:
        with file_access(path):
            text = path.read_text(encoding="utf-8")
        return json.loads(text)
    except RecursionError as error:  # a few hundred kilobytes of "[" suffice
        raise ValueError("is nested too deep") from error
