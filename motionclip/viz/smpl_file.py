"""SMPL's own files, as they are distributed: their arrays, read without running what is pickled in them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

import numpy as np
import scipy.sparse

from ..errors import MissingFile, ModelFolderError

# What SMPL's site, its older releases and smplx's instructions call the neutral body.
NAMES = ("SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl", "basicmodel_neutral_lbs_10_207_0_*.pkl")
NEEDED = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")


def find(place: Path) -> Path:
    """The file of the neutral body: `place` itself, or the first in that folder by one of the usual names.

    Raises FileNotFoundError, which says what to get.
    """
    if place.is_file():
        return place
    files = sorted(place.rglob("*"))
    matches = [path for name in NAMES for path in files if fnmatch(path.name.lower(), name.lower())]
    if not matches:
        raise MissingFile(place, f"has none of {', '.join(NAMES)}; get it from smpl.is.tue.mpg.de, or leave body empty")
    return matches[0]


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a body, dense, by SMPL's names for them.

    A pickle is read with stand-ins for whatever it names, chumpy's arrays and scipy's matrices among them: nothing of
    its choosing is imported or run, and neither chumpy nor Python 2 is needed. Raises ValueError, which names the file,
    for one that holds no body.
    """
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                content: dict[str, Any] = dict(archive)
        else:
            with open(path, "rb") as file:
                content = _Unpickler(file, encoding="latin1").load()
        return {name: _dense(content[name]) for name in NEEDED}
    except Exception as error:  # a torn or foreign file makes all of this fail in any way
        raise ModelFolderError(
            f"{path}: is no SMPL body ({error!r}); it must hold {', '.join(NEEDED)}, as SMPL_NEUTRAL from "
            "smpl.is.tue.mpg.de does"
        ) from error


class _Kept:
    """A stand-in for an object of a pickle: what it was made of."""

    def __init__(self, *arguments: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = dict(state)


class _Unpickler(pickle.Unpickler):
    """Knows numpy's arrays, and keeps the parts of all else."""

    def find_class(self, module: str, name: str) -> Any:
        return _KNOWN.get((module.replace("numpy._core", "numpy.core"), name), _Kept)


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 pickles bytes for older readers."""
    return text.encode(encoding)


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): cast(Callable[..., Any], np.empty(0).__reduce__()[0]),
    ("numpy.core.multiarray", "scalar"): cast(Callable[..., Any], np.float64(0).__reduce__()[0]),
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}


def _dense(value: Any) -> np.ndarray:
    """An array as it is, or what a stand-in for chumpy's or scipy's kept of one."""
    state = getattr(value, "state", None)
    if state is None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise ValueError(f"it holds {array.dtype} where numbers should be")
        return array
    if "indptr" in state:
        parts = (state["data"], state["indices"], state["indptr"])
        return np.asarray(scipy.sparse.csc_matrix(parts, shape=state.get("_shape", state.get("shape"))).todense())
    if "idxs" in state:  # of chumpy's arrays: a choice of another's numbers
        return _dense(state["a"]).ravel()[_dense(state["idxs"])].reshape(state["preferred_shape"])
    return _dense(state["x"])
