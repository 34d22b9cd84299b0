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
from ..motion import skeleton

# What SMPL's site, its older releases and smplx's instructions call the neutral body.
NAMES = ("SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl", "basicmodel_neutral_lbs_10_207_0_*.pkl")
NEEDED = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")


def find(place: Path) -> Path:
    """Find the file of the neutral body.

    Args:
        place: the file, or a folder that holds it under one of the usual names.

    Returns:
        The file.

    Raises:
        MissingFile: where there is none; it says what to get.
    """
    if place.is_file():
        return place
    files = sorted(place.rglob("*"))
    matches = [path for name in NAMES for path in files if fnmatch(path.name.lower(), name.lower())]
    if not matches:
        raise MissingFile(place, f"has none of {', '.join(NAMES)}; get it from smpl.is.tue.mpg.de, or give no body")
    return matches[0]


def read(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a body.

    A pickle is read with stand-ins for whatever it names, chumpy's arrays and scipy's matrices among them. It can
    import or run nothing, and needs neither chumpy nor Python 2.

    Args:
        path: the file.

    Returns:
        SMPL's name → array, dense.

    Raises:
        ModelFolderError: for a file that holds no body.
    """
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                content: dict[str, Any] = dict(archive)
        else:
            with open(path, "rb") as file:
                content = _Unpickler(file, encoding="latin1").load()
        arrays = {name: _dense(content[name]) for name in NEEDED}
        _check(arrays)
        return arrays
    except Exception as error:  # a torn or foreign file makes all of this fail in any way
        raise ModelFolderError(
            f"{path}: is no SMPL body ({error!r}); it must hold {', '.join(NEEDED)}, as SMPL_NEUTRAL from "
            "smpl.is.tue.mpg.de does"
        ) from error


def _check(arrays: dict[str, np.ndarray]) -> None:
    """Raise ValueError unless arrays fit each other and are of a body with SMPL's 24 joints."""
    vertices, joints = len(arrays["v_template"]), skeleton.NUM_JOINTS
    shapes = {
        "v_template": (vertices, 3),
        "J_regressor": (joints, vertices),
        "weights": (vertices, joints),
        "kintree_table": (2, joints),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}, not {shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds what is no number")
    if tuple(arrays["kintree_table"][0, 1:]) != skeleton.PARENTS[1:]:
        raise ValueError("kintree_table is another skeleton's")
    faces = arrays["f"]
    if (
        faces.ndim != 2
        or faces.shape[1] != 3
        or faces.dtype.kind not in "iu"
        or not ((faces >= 0) & (faces < vertices)).all()
    ):
        raise ValueError("f holds corners that are none of its vertices")
    if not (arrays["weights"].sum(1) > 0).all():
        raise ValueError("weights leaves vertices that follow no joint")


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
