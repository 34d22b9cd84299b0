"""Label sets for recognition that come with the project, and the user's own."""

from __future__ import annotations

from pathlib import Path

from .constants import MAX_LABELS
from .errors import RequestError, file_access

# The 60 classes of BABEL (Punnakkal et al. 2021), in the paper's order.
BABEL_60 = (
    "walk", "stand", "hand movements", "turn", "interact with/use object", "arm movements", "t pose", "step",
    "backwards movement", "raising body part", "look", "touch object", "leg movements", "forward movement",
    "circular movement", "stretch", "jump", "touching body part", "sit", "place something", "take/pick something up",
    "run", "bend", "throw", "foot movements", "a pose", "stand up", "lowering body part", "sideways movement",
    "move up/down incline", "action with ball", "kick", "gesture", "head movements", "jog", "grasp object",
    "waist movements", "lift something", "knee movement", "wave", "move something", "swing body part", "catch", "dance",
    "lean", "greet", "poses", "touching face", "sports move", "exercise/training", "clean something", "punch", "squat",
    "scratch", "hop", "play sport", "stumble", "crossing limbs", "perform", "martial art",
)  # fmt: skip
NORMAL = "normal"  # no style
# The styles of the default model's recordings, and how to say them behind an action.
STYLES = {
    "active": "actively", "angry": "angrily", "brisk": "briskly", "childish": "like a child", "chimpira": "like a thug",
    "feminine": "in a feminine way", "giant": "like a giant", "happy": "happily", "masculine": "in a masculine way",
    "musical": "like in a musical", "not confident": "shyly", "old": "like an old person", "proud": "proudly",
    "sad": "sadly", "slow": "slowly", "tired": "tiredly", "youthful": "youthfully",
}  # fmt: skip


def label(action: str, style: str) -> str:
    """Name an action in a style: "walk", or "walk (old)"."""
    return action if style == NORMAL else f"{action} ({style})"


def phrase(action: str, style: str) -> str:
    """Say an action in a style as people do: "walk", "walk like an old person", or "run (injured)" for a style without
    words."""
    return f"{action} {STYLES[style]}" if style in STYLES else label(action, style)


def parse_labels(text: str) -> list[str]:
    """Read one label a line; blank lines and repetitions are dropped.

    Args:
        text: the lines.

    Returns:
        The labels in order.

    Raises:
        RequestError: for no label, or more than 1,000.
    """
    labels = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not labels:
        raise RequestError("labels: there are none; write one a line")
    if len(labels) > MAX_LABELS:
        raise RequestError(f"labels: {len(labels):,} are too many; at most {MAX_LABELS:,} are taken")
    return labels


def load_labels(path: Path) -> list[str]:
    """Read a text file with one label a line.

    Args:
        path: the file.

    Returns:
        The labels in order, as by `parse_labels`.

    Raises:
        RequestError: for no label, or more than 1,000.
        OSError: where the file can't be opened.
    """
    with file_access(path):
        text = path.read_text(encoding="utf-8", errors="replace")
    return parse_labels(text)
