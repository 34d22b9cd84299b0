"""Puts every command with its options into docs/cli.md when the site is built, as Typer itself describes them."""

import re
import subprocess
import sys
from html import unescape
from typing import Any

PAGE = "cli.md"
DESCRIBE = ("-m", "typer", "motionclip.cli", "utils", "docs", "--name", "motionclip", "--title", "All commands")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """MkDocs calls this for each page: `markdown`, with the commands after it where it is the page of commands."""
    if page.file.src_uri != PAGE:
        return markdown
    commands = subprocess.run([sys.executable, *DESCRIBE], check=True, capture_output=True, text=True).stdout
    # One level below the page's title, and examples as code.
    commands = re.sub(r"^#", "##", commands, flags=re.MULTILINE)
    commands = re.sub(r"^(motionclip .*)$", r"```bash\n\1\n```", commands, flags=re.MULTILINE)
    return f"{markdown}\n{unescape(commands)}"
