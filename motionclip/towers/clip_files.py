"""Imports CLIP's library, open_clip; downloads and reads the weights that `clip_weights` found."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from ..errors import RequestError, TowerUnavailable
from . import clip_weights

_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")  # in OpenAI's archives, too
_OPERATORS = ("nms", "qnms")  # what torchvision's import asks its compiled part for; CLIP uses neither


def library(architecture: str) -> Any:
    """Import open_clip when it is first needed.

    It imports torchvision, whose compiled part must fit the build of torch. PyPI's torchvision does not fit torch's CPU
    build. CLIP needs nothing of that part, so that it is enough to declare its operators.

    Args:
        architecture: the one that is needed.

    Returns:
        The module.

    Raises:
        TowerUnavailable: where open_clip is not installed.
        RequestError: where it has no such architecture.
    """
    if importlib.util.find_spec("open_clip") is None:
        raise TowerUnavailable(
            "CLIP needs open_clip: pip install -r requirements.txt; the project's own model, the default, does without"
        )
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in _OPERATORS:
            if not hasattr(torch.ops.torchvision, operator):
                torch.library.define(f"torchvision::{operator}", "(Tensor boxes, Tensor scores, float most) -> Tensor")
    import open_clip

    if architecture not in open_clip.list_models():
        architectures = ", ".join(open_clip.list_models())
        raise RequestError(f"tower: open_clip knows no architecture {architecture!r}; there are {architectures}")
    return open_clip


def find(architecture: str, pretrained: str, weights: str | os.PathLike[str] | None = None) -> Path:
    """Find the file of a CLIP's weights.

    Args:
        architecture: open_clip's name of it.
        pretrained: a file, or a tag of open_clip's. The weights of a tag are looked for in the Hub's cache and in
            ~/.cache/clip. They are fetched from the Hub if their first byte comes within a few seconds.
        weights: a file, or a folder to look in, in place of `pretrained`.

    Returns:
        The file.

    Raises:
        TowerUnavailable: where there are none; it says what to do.
    """
    if weights is not None or Path(pretrained).suffix:
        return _in(Path(weights or pretrained))
    papers = (architecture, pretrained) == clip_weights.PAPERS
    entry = clip_weights.PAPERS_ENTRY if papers else _entry(architecture, pretrained)
    if (found := clip_weights.cached(entry)) is not None:
        return found
    clip_weights.check(architecture, pretrained, entry)
    try:
        return Path(library(architecture).download_pretrained(_entry(architecture, pretrained)))
    except Exception as error:  # the Hub's client fails in many ways
        raise TowerUnavailable(clip_weights.how_to_get(architecture, pretrained, entry, str(error))) from error


def untrained(architecture: str, device: str) -> Any:
    """Make a model of open_clip's with random weights.

    Args:
        architecture: open_clip's name of it.
        device: "cpu", or "cuda", where it is in half precision.

    Returns:
        The model.
    """

    def heeded(record: logging.LogRecord) -> bool:
        return "No pretrained weights" not in str(record.msg)  # as is meant

    log = logging.getLogger()
    log.addFilter(heeded)
    try:
        return library(architecture).create_model(
            architecture, pretrained=None, precision="fp16" if device == "cuda" else "fp32", device=device
        )
    finally:
        log.removeFilter(heeded)


def load(model: torch.nn.Module, architecture: str, path: Path) -> None:
    """Put the weights of a file into a model of open_clip's. Nothing is unpickled but tensors.

    Args:
        model: the model.
        architecture: open_clip's name of it, for the error.
        path: OpenAI's archive, a checkpoint, or safetensors.

    Raises:
        TowerUnavailable: for a file that holds other weights or none.
    """
    try:
        if _is_archive(path):
            model.load_state_dict(_archive(path))
        else:
            library(architecture).load_checkpoint(model, str(path))
    except Exception as error:  # a torn or foreign file makes both fail in any way
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise TowerUnavailable(
            f"{path}: no weights of {architecture} could be loaded from it ({reason}); give OpenAI's "
            f"{clip_weights.PAPERS_FILE}, or a checkpoint of open_clip's for the architecture that the model's config "
            "names"
        ) from error


def _in(path: Path) -> Path:
    """The file itself, or the one in a folder that has a name by which weights are known."""
    path = path.expanduser()
    if path.is_dir():
        names = (clip_weights.PAPERS_FILE, *clip_weights.HUB_NAMES)
        files = [file for name in names for file in sorted(path.rglob(name))]
        if not files:
            raise TowerUnavailable(
                f"{path}: has none of {', '.join(names)} in it; give the file of CLIP's weights itself"
            )
        return files[0]
    if not path.is_file():
        raise TowerUnavailable(f"{path}: is not there; give the file of CLIP's weights, or a folder that holds it")
    return path


def _is_archive(path: Path) -> bool:
    """Whether it is TorchScript: a zip with code in it."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def _archive(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a TorchScript archive, which is read and not run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of all TorchScript; these files will not change
        state = torch.jit.load(path, map_location="cpu").state_dict()
    return {name: value for name, value in state.items() if name not in _NOT_WEIGHTS}


def _entry(architecture: str, pretrained: str) -> dict[str, Any]:
    open_clip = library(architecture)
    entry: dict[str, Any] = open_clip.get_pretrained_cfg(architecture, pretrained)
    if not entry:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture))
        raise TowerUnavailable(f"open_clip knows no weights {pretrained!r} for {architecture}; there are {tags}")
    return entry
