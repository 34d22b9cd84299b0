"""labels.csv, the table of a labelled data folder: a line for each clip."""

from __future__ import annotations

import csv
from pathlib import Path

from ..errors import MotionFileError, file_access

COLUMNS = ("clip", "split", "action", "captions")


def read_table(folder: str | Path) -> list[dict[str, str]]:
    """Read the lines of FOLDER/labels.csv.

    Args:
        folder: the data folder.

    Returns:
        Column → value, for each line.

    Raises:
        MotionFileError: for a missing column or value, or what is no CSV in UTF-8.
        OSError: where the file can't be opened.
    """
    table = Path(folder) / "labels.csv"
    with file_access(table), open(table, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        try:
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            rows = list(reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise MotionFileError(table, f"line {reader.line_num + 1}", f"is no CSV in UTF-8 ({error})") from error
        if missing:
            raise MotionFileError(table, missing[0], "this column is missing from the first line")
    for line, row in enumerate(rows, start=2):
        if any(row[column] is None or not row[column].strip() for column in COLUMNS):
            raise MotionFileError(table, f"line {line}", f"needs a value for each of {', '.join(COLUMNS)}")
    return rows
