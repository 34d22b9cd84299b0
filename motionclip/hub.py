"""Finds the folder that holds a model's weights: on this machine, or on the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import re
from os import PathLike
from pathlib import Path
from typing import Any

from . import project_folders
from .errors import HubError, MissingFile
from .models.storage import BANK_FILE, CONFIG_FILE, READER_FILE, WEIGHTS_FILE

DEFAULT = project_folders.DEFAULT_MODEL
CARD = "README.md"
FILES = (CONFIG_FILE, WEIGHTS_FILE, BANK_FILE, READER_FILE, CARD)
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


def locate(source: str | PathLike[str] | None = None, revision: str | None = None, **options: Any) -> Path:
    """Find a model's folder.

    Args:
        source: a folder, or a Hub repo ("user/name"); None for the project's default weights.
        revision: branch, tag or commit of a Hub repo.
        options: for `download`: token, cache_dir, force_download, local_files_only.

    Returns:
        The folder.

    Raises:
        MissingFile: where there is no model.
        HubError: where the Hub can't give it.
    """
    folder = DEFAULT if source is None else Path(source)
    if (folder / CONFIG_FILE).is_file():
        return folder
    if isinstance(source, str) and _REPO.fullmatch(source) and not folder.exists():
        return download(source, revision, **options)
    raise MissingFile(folder, f"holds no model: there is no {CONFIG_FILE} in it")


def download(repo: str, revision: str | None = None, **options: Any) -> Path:
    """Fetch a model's files into the standard cache.

    Files that are there already are not fetched again. A download that breaks off goes on where it stopped. Each file
    is checked against the hash that the Hub gives for it. HF_HUB_OFFLINE, HF_TOKEN, HF_ENDPOINT and HF_HUB_CACHE are
    respected.

    Args:
        repo: the Hub repo, "user/name".
        revision: branch, tag or commit; by default the newest.
        options: token, cache_dir, force_download, local_files_only.

    Returns:
        The folder of the files.

    Raises:
        HubError: where the model can't be had; it says what to do.
    """
    from huggingface_hub import errors, snapshot_download

    # The client has changed its HTTP library before; its own errors tell which one it uses.
    http_error: type[BaseException] = next(
        kind for kind in errors.HfHubHTTPError.__mro__ if kind.__name__ == "HTTPError"
    )
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=list(FILES), **options))
    except errors.GatedRepoError as error:
        raise HubError(f"{repo}: is gated; ask for access on its page, then set HF_TOKEN") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(
            f"{repo}: the Hub has no such repository, or it is private; check the name, and for a private one set "
            "HF_TOKEN or run `hf auth login`"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(
            f"{repo}: has no branch, tag or commit {revision!r}; see its page on the Hub, or leave out the revision"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        reason = _first_line(error.__cause__ or error)
        raise HubError(
            f"{repo}: is not in this machine's cache, and the Hub can't be reached ({reason}); "
            "connect, or unset HF_HUB_OFFLINE, and try again. The default model needs no network"
        ) from error
    except errors.HfHubHTTPError as error:
        raise HubError(f"{repo}: the Hub answered with an error ({_first_line(error)}); try again later") from error
    except (http_error, errors.OfflineModeIsEnabled) as error:
        raise HubError(
            f"{repo}: the download broke off ({_first_line(error)}); try again: files that arrived whole are kept"
        ) from error
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.strerror else _first_line(error)
        raise HubError(f"{repo}: could not be stored ({what}); make room or choose another HF_HUB_CACHE") from error
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise HubError(f"{repo}: has no {name}; is it a MotionCLIP model?")
    for name in FILES:
        _check(repo, folder / name)
    return folder


def local_models() -> dict[str, Path]:
    """List the models on this machine: the default, others in its folder, and those in the Hub's cache.

    Returns:
        The name that --model takes → the model's folder.
    """
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    models = {"default": DEFAULT} if (DEFAULT / WEIGHTS_FILE).is_file() else {}
    for config in sorted(DEFAULT.glob(f"*/{CONFIG_FILE}")):
        if _is_model(config.parent):
            models[str(config.parent)] = config.parent
    try:
        repos = scan_cache_dir().repos
    except CacheNotFound:
        return models
    for repo in sorted(repos, key=lambda repo: repo.repo_id):
        for revision in repo.revisions:
            if _is_model(revision.snapshot_path):
                models[repo.repo_id] = revision.snapshot_path
    return models


def _is_model(folder: Path) -> bool:
    from .errors import ModelFolderError
    from .models.storage import read_config

    try:
        read_config(folder)
    except (ModelFolderError, OSError):
        return False
    return (folder / WEIGHTS_FILE).is_file()


def _check(repo: str, path: Path) -> None:
    """The cache names a file's content by the Hub's hash of it: SHA-256 for large files, git's SHA-1 for small."""
    if not path.is_file():
        return
    content = path.resolve()
    expected = content.name
    if re.fullmatch(r"[0-9a-f]{64}", expected):
        with open(content, "rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    elif re.fullmatch(r"[0-9a-f]{40}", expected):
        data = content.read_bytes()
        actual = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    else:
        return
    if actual != expected:
        content.unlink()
        path.unlink(missing_ok=True)
        raise HubError(
            f"{repo}: {path.name}: what arrived is not what the Hub has (hash {actual[:12]}…, not {expected[:12]}…); "
            "it was deleted; try again"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
