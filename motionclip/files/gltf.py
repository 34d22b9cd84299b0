"""glTF 2.0 as a container: documents and arrays, out of and into .glb, .gltf, .vrm and .vrma files."""

from __future__ import annotations

import base64
import json
import struct
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MotionFileError

Json = dict[str, Any]

MAX_BYTES = 500_000_000
MAX_NUMBERS = 50_000_000  # in an accessor
# glTF 2.0's own numbers and names (sections 3.6.2.2 and 4.4)
_COMPONENT = {np.dtype(np.float32): 5126, np.dtype(np.uint8): 5121, np.dtype(np.uint16): 5123}
_READ: dict[int, Any] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_TYPE = {0: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_WIDTH = {name: max(width, 1) for width, name in _TYPE.items()}
PACKED = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression")
_UNPACK = (
    "packs its arrays, and is not read: export the file without compression (Blender: glTF 2.0, Data, Compression off; "
    "gltfpack: without -c), or unpack a .glb with: npx @gltf-transform/cli copy IN.glb OUT.glb"
)
CUT_OFF = "is cut off; export it or copy it again"
GLB, _JSON_CHUNK, _BIN_CHUNK = b"glTF", b"JSON", b"BIN\0"


class Document:
    """A glTF file that was opened: its JSON, and its accessors as arrays.

    Attributes:
        content: the JSON.
        binary: whether it is a .glb.
        chunk: the bytes that a .glb holds after its JSON.

    Raises:
        MotionFileError: for whatever is wrong in the file; it names the part of the document.
    """

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise MotionFileError(path, "size", f"{size / 1e6:,.0f} MB is too large; at most {MAX_BYTES // 10**6} are")
        self.path = path
        data = path.read_bytes()
        self.binary = data[:4] == GLB
        text, self.chunk = self._split(data) if self.binary else (data, b"")
        try:
            content = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise MotionFileError(path, "JSON", f"cannot be read ({error})") from error
        if not isinstance(content, dict) or not isinstance(content.get("asset"), dict):
            raise MotionFileError(path, "asset", "is missing: this is no glTF file")
        version = str(content["asset"].get("version", ""))
        if not version.startswith("2"):
            raise MotionFileError(
                path, "asset.version", f"is {version or 'missing'}; glTF 2.0 is read: export it as that"
            )
        self.content: Json = content
        self._buffers: dict[int, bytes] = {}

    def wrong(self, field: str, reason: str) -> MotionFileError:
        """Make the error for a part of this document.

        Args:
            field: the part.
            reason: what is wrong with it, and how to mend it.

        Returns:
            The error, to be raised.
        """
        return MotionFileError(self.path, field, reason)

    def refuse_packed(self) -> None:
        """Refuse a document with arrays that only a decoder can read.

        Raises:
            MotionFileError: for such a document.
        """
        required = self.content.get("extensionsRequired", [])
        for name in PACKED:
            if isinstance(required, list) and name in required:
                raise self.wrong(name, _UNPACK)

    def items(self, field: str) -> list[Json]:
        """Read one of the document's lists.

        Args:
            field: the list.

        Returns:
            Its objects; [] if there is none.

        Raises:
            MotionFileError: for something else than a list of objects.
        """
        items = self.content.get(field, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.wrong(field, "must be a list of objects")
        return items

    def item(self, field: str, index: Any) -> Json:
        """Read one object of a list.

        Args:
            field: the list.
            index: the reference to the object.

        Returns:
            The object.

        Raises:
            MotionFileError: for a reference to nothing.
        """
        items = self.items(field)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(items):
            raise self.wrong(field, f"there is no {index!r} among {len(items)}")
        return items[index]

    def array(self, index: Any) -> np.ndarray:
        """Read an accessor. Integers that stand for fractions are divided.

        Args:
            index: the reference to the accessor.

        Returns:
            (count,) or (count, n) doubles.

        Raises:
            MotionFileError: for an accessor that is wrong, too large, or of another kind.
        """
        accessor = self.item("accessors", index)
        field = f"accessors[{index}]"
        kind, width = self._kind(accessor, field), _WIDTH.get(str(accessor.get("type")))
        count = self._size(accessor, "count", field)
        if width is None:
            raise self.wrong(field, "is of a kind that is not read")
        if not 1 <= count * width <= MAX_NUMBERS:
            raise self.wrong(field, f"must have from 1 to {MAX_NUMBERS:,} numbers")
        stored = "bufferView" in accessor  # else all are zero, but for those that sparse lists
        rows = self._rows(accessor, kind, count, width, field) if stored else np.zeros((count, width), kind)
        if "sparse" in accessor:
            rows = self._with_sparse(rows, accessor["sparse"], kind, field)
        values = np.asarray(rows, np.float64)
        if accessor.get("normalized") and kind is not np.float32:
            values = np.maximum(values / np.iinfo(kind).max, -1)
        if not np.isfinite(values).all() or np.abs(values).max() > 1e9:
            raise self.wrong(field, "holds NaN, infinite values, or some over 1,000,000,000")
        return values[:, 0] if width == 1 else values

    def _kind(self, item: Json, field: str) -> Any:
        """The type of an item's numbers."""
        kind = _READ.get(self._size(item, "componentType", field))
        if kind is None:
            raise self.wrong(field, "is of a kind that is not read")
        return kind

    def _rows(self, item: Json, kind: Any, count: int, width: int, field: str) -> np.ndarray:
        """(count, width) numbers from the view of an accessor, or of a part of one."""
        view = self.item("bufferViews", item.get("bufferView"))
        start = self._size(item, "byteOffset", field)
        places = ("byteOffset", "byteLength", "byteStride")
        begin, length, step = (self._size(view, key, "bufferViews") for key in places)
        data = self._buffer(view.get("buffer"))[begin : begin + length]
        row = width * np.dtype(kind).itemsize
        step = step or row
        if step < row or count < 1 or start + step * (count - 1) + row > len(data):
            raise self.wrong(field, "reaches beyond its buffer")
        rows = np.lib.stride_tricks.as_strided(
            np.frombuffer(data, np.uint8, offset=start), (count, row), (step, 1), writeable=False
        )
        return np.ascontiguousarray(rows).view(kind).reshape(count, width)

    def _with_sparse(self, rows: np.ndarray, sparse: Any, kind: Any, field: str) -> np.ndarray:
        """(count, width) rows, with those in their place that the accessor lists one by one."""
        field = f"{field}.sparse"
        indices, values = (sparse.get(name) if isinstance(sparse, dict) else None for name in ("indices", "values"))
        if not isinstance(indices, dict) or not isinstance(values, dict):
            raise self.wrong(field, "needs indices and values")
        few = self._size(sparse, "count", field)
        places = self._rows(indices, self._kind(indices, field), few, 1, field)[:, 0]
        if not 0 <= places.min() <= places.max() < len(rows):
            raise self.wrong(field, f"places must be from 0 to {len(rows) - 1}")
        result = rows.copy()
        result[places.astype(np.int64)] = self._rows(values, kind, few, rows.shape[1], field)
        return result

    def _size(self, item: Json, key: str, field: str) -> int:
        value = item.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_BYTES:
            raise self.wrong(field, f"{key} must be a whole number, not {value!r:.60}")
        return value

    def _buffer(self, index: Any) -> bytes:
        buffer = self.item("buffers", index)
        if index not in self._buffers:
            if "uri" not in buffer and (index or not self.binary):
                self.refuse_packed()
                raise self.wrong(f"buffers[{index}]", "has no data: neither in the file nor beside it")
            self._buffers[index] = self.chunk if "uri" not in buffer else self._fetched(str(buffer["uri"]))
        return self._buffers[index]

    def _fetched(self, uri: str) -> bytes:
        """A buffer that is in the document as base64, or in a file next to it; from nowhere else."""
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except ValueError as error:  # binascii.Error is one; text that is not ASCII gives another
                raise self.wrong("buffers", f"the data cannot be read ({error})") from error
        name = urllib.parse.unquote(uri)
        if any(part in name for part in ("/", "\\", ":", "\0")) or name in ("", ".", "..") or len(name) > 200:
            raise self.wrong("buffers", f"{uri[:60]!r} is no plain name of a file next to this one")
        beside = self.path.parent / name
        if not beside.is_file() or beside.stat().st_size > MAX_BYTES:
            raise self.wrong("buffers", f"{uri[:60]} is not next to the file, or too large")
        return beside.read_bytes()

    def _split(self, data: bytes) -> tuple[bytes, bytes]:
        """The JSON and the binary chunk of a .glb."""
        chunks: dict[bytes, bytes] = {}
        at = 12
        while at + 8 <= len(data):
            length, kind = struct.unpack_from("<I4s", data, at)
            if at + 8 + length > len(data):
                raise self.wrong("file", CUT_OFF)
            chunks.setdefault(kind, data[at + 8 : at + 8 + length])
            at += 8 + length
        if _JSON_CHUNK not in chunks:
            raise self.wrong("file", CUT_OFF)
        return chunks[_JSON_CHUNK], chunks.get(_BIN_CHUNK, b"")


class Arrays:
    """Arrays in one binary buffer, with an accessor and a view for each.

    Args:
        first: arrays that they follow, if any.
    """

    @classmethod
    def after(cls, document: Document) -> Arrays:
        """Take the arrays of a .glb, whose bytes stay as they are, for more to be added.

        Args:
            document: the .glb.

        Returns:
            Its arrays.
        """
        result = cls()
        result.accessors, result.views = [*document.items("accessors")], [*document.items("bufferViews")]
        result.parts = [document.chunk + bytes(-len(document.chunk) % 4)]
        result.size = len(result.parts[0])
        return result

    def __init__(self, first: Arrays | None = None) -> None:
        self.accessors: list[Json] = [*first.accessors] if first else []
        self.views: list[Json] = [*first.views] if first else []
        self.parts: list[bytes] = [*first.parts] if first else []
        self.size: int = first.size if first else 0

    def add(self, values: np.ndarray, bounds: bool = False, target: int | None = None, normalised: bool = False) -> int:
        """Append an array.

        Args:
            values: (count,) or (count, n).
            bounds: whether its least and greatest values are written, which glTF requires for some arrays.
            target: the kind of buffer, as glTF numbers it.
            normalised: whether integers stand for fractions.

        Returns:
            The index of its accessor.
        """
        data = values.tobytes()
        view: Json = {"buffer": 0, "byteOffset": self.size, "byteLength": len(data)}
        accessor: Json = {
            "bufferView": len(self.views),
            "componentType": _COMPONENT[values.dtype],
            "count": len(values),
            "type": _TYPE[0 if values.ndim == 1 else values.shape[1]],
        }
        if target:
            view["target"] = target
        if normalised:
            accessor["normalized"] = True
        if bounds:
            columns = values.reshape(len(values), -1)
            accessor |= {"min": columns.min(0).tolist(), "max": columns.max(0).tolist()}
        self.views.append(view)
        self.accessors.append(accessor)
        padding = -len(data) % 4
        self.parts.append(data + bytes(padding))
        self.size += len(data) + padding
        return len(self.accessors) - 1

    def animation(self, name: str, times: np.ndarray, tracks: Sequence[tuple[int, str, np.ndarray]]) -> Json:
        """Make an animation.

        Two quaternions mean the same rotation. The one nearer to the frame before is written, for players that
        interpolate without a check.

        Args:
            name: its name.
            times: (times,) seconds, shared by all tracks.
            tracks: node, "rotation" or "translation", and (times, 4 or 3) values of each.

        Returns:
            The animation's JSON.
        """
        moments = self.add(times.astype(np.float32), bounds=True)
        keys = [_steady(values) if path == "rotation" else values for _, path, values in tracks]
        return {
            "name": name,
            "samplers": [{"input": moments, "output": self.add(values.astype(np.float32))} for values in keys],
            "channels": [
                {"sampler": number, "target": {"node": node, "path": path}}
                for number, (node, path, _) in enumerate(tracks)
            ],
        }


def _steady(quaternions: np.ndarray) -> np.ndarray:
    """(times, 4) with signs by which each is near the one before."""
    flipped = (quaternions[1:] * quaternions[:-1]).sum(-1) < 0
    signs = np.cumprod(np.where(np.append(False, flipped), -1.0, 1.0))
    return quaternions * signs[:, None]


def packed(document: Json, arrays: Arrays) -> bytes:
    """Make a binary glTF file (glTF 2.0, section 4.4).

    Args:
        document: the document.
        arrays: its arrays, as the file's buffer.

    Returns:
        The content of the file.
    """
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    header = struct.pack("<4sII", GLB, 2, 12 + 8 + len(text) + 8 + arrays.size)
    binary = struct.pack("<I4s", arrays.size, _BIN_CHUNK)
    return b"".join([header, struct.pack("<I4s", len(text), _JSON_CHUNK), text, binary, *arrays.parts])
