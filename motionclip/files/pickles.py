"""Pickles read without unpickling: plain containers, numbers, text and numpy arrays, and nothing is ever called.

Python's own pickle machine runs, but every class that a file names is looked up in a table of stand-ins here; a name
that isn't in the table ends the reading. joblib's files, plain or by zlib, are read, too.
"""

from __future__ import annotations

import collections
import functools
import io
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MotionFileError

MAX_BYTES = 1_000_000_000
_KINDS = "fiub"


def read_pickle(path: Path, data: bytes) -> Any:
    """Read a pickle of plain containers and arrays. Nothing that it names is imported or run.

    Args:
        path: the file, for errors.
        data: its content.

    Returns:
        The value.

    Raises:
        MotionFileError: for a pickle that is damaged or holds anything else.
    """
    try:
        if data[:1] == b"x":  # zlib's mark, and no pickle's
            data = _inflated(data)
        return plain(_Reader(io.BytesIO(data)).load())
    except _Refused as error:
        raise MotionFileError(path, "content", f"holds {error}; pickled Python objects are never loaded") from error
    except Exception as error:  # a damaged pickle makes the machine fail in any way
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise MotionFileError(
            path, "content", f"is damaged, or no pickle ({reason}); save the arrays as .npz"
        ) from error


def _inflated(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    result = unpacker.decompress(data, MAX_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"more than {MAX_BYTES // 10**6} MB when unpacked")
    return result


class _Refused(Exception):
    """A class or function that isn't in the table."""


class _Dtype:
    """Stands for numpy.dtype while the file says what it is."""

    def __init__(self, name: str, *_: object) -> None:
        self._name, self._order = name, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._order = state[1]

    def known(self) -> np.dtype[Any]:
        dtype = np.dtype(self._name)
        if dtype.kind not in _KINDS:
            raise _Refused(f"an array of {dtype}")
        return dtype.newbyteorder(">") if self._order == ">" else dtype


class _Array:
    """Stands for numpy.ndarray while the file says what it holds; `values` is the array, or a list of objects."""

    def __init__(self, *_: object) -> None:
        self.values: Any = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, content = state
        if isinstance(content, list):  # an array of objects: its items, which were read like all else
            self.values = content
            return
        self.values = _array(content, dtype, shape, bool(fortran))


class _Wrapper:
    """Stands for joblib's NumpyArrayWrapper: the array's bytes follow in the file."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._shape, self._dtype, self._order = state["shape"], state["dtype"], state["order"]
        self._aligned = state.get("numpy_array_alignment_bytes") is not None

    def read(self, file: Callable[[int], bytes]) -> np.ndarray:
        """The array, from what follows; file reads a number of bytes."""
        if self._aligned:
            file(file(1)[0])
        size = int(np.prod(self._shape, dtype=object)) * self._dtype.known().itemsize
        return _array(file(size), self._dtype, self._shape, self._order == "F")


def _array(content: bytes | str, dtype: _Dtype, shape: tuple[int, ...], fortran: bool) -> np.ndarray:
    raw = content.encode("latin-1") if isinstance(content, str) else bytes(content)
    return np.frombuffer(raw, dtype.known()).reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _scalar(dtype: _Dtype, content: bytes | str = b"") -> Any:
    return _array(content, dtype, (), False)[()]


def _from_buffer(content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    return _array(content, dtype, shape, order == "F")


def _encode(text: str, _: str = "latin1") -> bytes:
    return text.encode("latin-1")


def _dictionary(*_: object) -> dict[Any, Any]:
    return {}


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_TABLE: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    **{(module, "_reconstruct"): _reconstruct for module in _NUMPY},
    **{(module, "scalar"): _scalar for module in _NUMPY},
    **{(module, "_frombuffer"): _from_buffer for module in _NUMERIC},
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): _dictionary,
    ("builtins", "dict"): dict,
    ("__builtin__", "dict"): dict,
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _Wrapper,
}


_Machine: Any = pickle._Unpickler  # Python's own in Python: the one in C can't be taught joblib's arrays


class _Reader(_Machine):  # type: ignore[misc]
    """Python's pickle machine with the table for its only classes, and with joblib's arrays."""

    dispatch = dict(_Machine.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _TABLE:
            raise _Refused(f"{module}.{name}")
        return _TABLE[module, name]

    def load_build(self) -> None:
        state, stand_in = self.stack.pop(), self.stack[-1]
        if type(stand_in) not in (_Array, _Dtype, _Wrapper):
            raise _Refused(f"a state for {type(stand_in).__name__}")
        stand_in.__setstate__(state)
        if type(stand_in) is _Wrapper:
            self.stack[-1] = stand_in.read(self.read)

    dispatch[pickle.BUILD[0]] = load_build


@functools.singledispatch
def plain(value: Any) -> Any:
    """The value with arrays in place of their stand-ins, in all of its containers."""
    return value


@plain.register
def _(value: _Array) -> Any:
    return plain(value.values)


@plain.register
def _(value: dict) -> dict[Any, Any]:  # type: ignore[type-arg]
    return {key: plain(item) for key, item in value.items()}


@plain.register(list)
@plain.register(tuple)
def _(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [plain(item) for item in value]
