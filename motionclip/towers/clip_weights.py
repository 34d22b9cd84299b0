"""Searches for CLIP's weights: in the caches of this machine, then on the Hub, in the background.

It needs no torch, so that it can ask the Hub while torch is imported.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

from ..errors import TowerUnavailable

PAPERS = ("ViT-B-32-quickgelu", "openai")
# open_clip's entry for the paper's CLIP, known without the seconds that its import takes.
PAPERS_ENTRY = {
    "hf_hub": "timm/vit_base_patch32_clip_224.openai/",
    "url": "https://openaipublic.azureedge.net/clip/models/"
    "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt",
}
PAPERS_FILE = "ViT-B-32.pt"  # as OpenAI's own package names it
HUB_NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
OPENAI_CACHE = Path("~/.cache/clip")  # where OpenAI's own package and open_clip keep what they fetch by URL
PATIENCE = 2.5  # seconds to wait for the first byte
_NOT_FOUND = 404


def cached(entry: dict[str, Any]) -> Path | None:
    """Find weights that are on this machine already.

    Args:
        entry: what open_clip knows of these weights.

    Returns:
        The file in the Hub's cache or in OpenAI's; None where there is none.
    """
    from huggingface_hub import try_to_load_from_cache

    repo, names = _on_hub(entry)
    for name in names if repo else ():
        found = try_to_load_from_cache(repo, name)
        if isinstance(found, str):
            return Path(found)
    *_, digest, name = entry.get("url", "/").split("/")
    kept = OPENAI_CACHE.expanduser() / name
    if not kept.is_file():
        return None
    with open(kept, "rb") as file:
        return kept if hashlib.file_digest(file, "sha256").hexdigest() == digest else None


class Inquiry:
    """Asks for the first byte of some weights, in a thread, since a name look-up has no time limit of its own."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self._entry, self._sent, self._refusal = entry, 0.0, ""
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def refusal(self) -> str:
        """Why the weights can't be had, or "" where they come. It waits until PATIENCE seconds after the question."""
        self._thread.join(PATIENCE - (time.monotonic() - self._sent) if self._sent else PATIENCE)
        return f"there was no answer within {PATIENCE:g} seconds" if self._thread.is_alive() else self._refusal

    def _ask(self) -> None:
        try:
            self._first_byte()
        except Exception as error:  # the client has changed its HTTP library, and so its errors, before
            self._refusal = str(error).strip() or type(error).__name__

    def _first_byte(self) -> None:
        from huggingface_hub import get_session, hf_hub_url, is_offline_mode

        if is_offline_mode():
            raise ConnectionError("HF_HUB_OFFLINE is set")
        repo, names = _on_hub(self._entry)
        addresses = [hf_hub_url(repo, name) for name in names]
        one, session = {"Range": "bytes=0-0"}, get_session()
        self._sent = time.monotonic()
        for address in addresses if repo else [self._entry["url"]]:
            with session.stream("GET", address, headers=one, timeout=PATIENCE, follow_redirects=True) as answer:
                if answer.status_code != _NOT_FOUND:
                    break
        answer.raise_for_status()


_asked_ahead: list[Inquiry] = []


def expect(tower: object) -> None:
    """Ask for the paper's CLIP in the background, if that is a model's tower and is not on this machine."""
    if tower == "clip" and cached(PAPERS_ENTRY) is None:
        _asked_ahead.append(Inquiry(PAPERS_ENTRY))


def insist() -> None:
    """Wait for the answer to the question of `expect`.

    Raises:
        TowerUnavailable: where the weights can't be had.
    """
    if _asked_ahead and _asked_ahead[-1].refusal():
        check(*PAPERS, PAPERS_ENTRY)


def check(architecture: str, pretrained: str, entry: dict[str, Any]) -> None:
    """Check that weights can be had; at once where `expect` has asked before.

    Args:
        architecture: open_clip's name of it.
        pretrained: the tag of the weights.
        entry: what open_clip knows of them.

    Raises:
        TowerUnavailable: where they can't be had.
    """
    ahead = entry is PAPERS_ENTRY and _asked_ahead
    if refusal := (_asked_ahead.pop() if ahead else Inquiry(entry)).refusal():
        raise TowerUnavailable(how_to_get(architecture, pretrained, entry, refusal))


def how_to_get(architecture: str, pretrained: str, entry: dict[str, Any], reason: str) -> str:
    """Say why there are no weights, and how to get them.

    Args:
        architecture: open_clip's name of it.
        pretrained: the tag of the weights.
        entry: what open_clip knows of them.
        reason: why there are none.

    Returns:
        The sentences.
    """
    return (
        f"CLIP's weights {architecture}/{pretrained} are not on this machine and could not be downloaded "
        f"({reason.splitlines()[0]}). With a network, once: hf download {entry.get('hf_hub', '').rstrip('/')}. "
        f"Without: --clip FILE, or the variable MOTIONCLIP_CLIP, with OpenAI's {PAPERS_FILE} or one of open_clip's. "
        "The project's own model, the default, works without CLIP"
    )


def _on_hub(entry: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """An entry's repo, or "", and the names by which its weights may be there."""
    repo, name = os.path.split(entry.get("hf_hub", ""))
    return repo, (name,) if name else HUB_NAMES
