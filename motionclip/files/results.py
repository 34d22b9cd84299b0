"""Results of other people's models: arrays in .npy, .pt and .pkl files, read as motion; arrays of joints written."""

from __future__ import annotations

import functools
import io
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import MotionFileError
from ..motion.motion import Motion
from . import humanml, npz, pickles, positions, smpl
from .loaded_motion import LoadedMotion, Options
from .retarget_to_smpl import off_the_floor
from .up import Up, find_up_of_joints

MAX_BYTES = 500_000_000
MAX_MOTIONS = smpl.MAX_BODIES
_NO_BODY = 12.0  # degrees on average by which only what are no joints makes bones point elsewhere
_MAGIC = b"\x93NUMPY"
_BEFORE_TORCH_1_6 = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")  # the number that its files begin with
LAYOUTS = ("joints", "humanml3d")
# What arrays of joints are called, where others have their shape.
_CALLED = re.compile(r"joint|position|keypoint|xyz|skeleton", re.IGNORECASE)
# Of several sets of SMPL parameters that a result holds, those in the world before those before a camera.
_WORLD = {"pose_world": "pose", "trans_world": "trans"}  # WHAM
_GROUPS = ("smpl_params_global", "smpl_params_incam", "smplx_world")  # GVHMR, PromptHMR


def read_npy(path: Path, options: Options) -> list[LoadedMotion]:
    """Read joints (…, frames, 22 or more, 3), HumanML3D's features (…, frames, 263), Motion-X's poses (…, frames, 322),
    or MDM's results.npy.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        The motions.

    Raises:
        MotionFileError: for other shapes and values.
        OSError: for a file that can't be opened.
    """
    data = _content(path)
    if not data.startswith(_MAGIC):
        raise MotionFileError(path, "file", "is no npy file: it doesn't begin as one")
    if b"'|O'" not in data[:256]:
        values = npz.read_array(lambda: io.BytesIO(data), path, "array")
        return [_from_array(one, path, options) for one in _apart(values, path)]
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        size = 2 if version == (1, 0) else 4
        file.read(int.from_bytes(file.read(size), "little"))
    except ValueError as error:
        raise MotionFileError(path, "array", f"cannot be read ({error})") from error
    return _from_tree(pickles.read_pickle(path, file.read()), path, options)


def read_npz(path: Path, options: Options) -> list[LoadedMotion]:
    """Read SMPL parameters in any spelling, or where there are none, one array of joints or features as in .npy.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        The motions.

    Raises:
        MotionFileError: for other arrays.
        OSError: for a file that can't be opened.
    """
    shapes = npz.shapes(path)
    name = None if smpl.names_poses(shapes) else _joints_among(shapes, path)
    if name is None:
        return npz.read_smpl(path, options)
    fields = {one: npz.read_one(path, one) for one in shapes if one == name or smpl.is_rate(one)}
    return _from_fields(fields, name, path, options)


def read_pickle(path: Path, options: Options) -> list[LoadedMotion]:
    """Read the .pkl of WHAM and 4D-Humans (also joblib's) or the .pt of GVHMR: SMPL parameters within dictionaries.

    Nothing is unpickled.

    Args:
        path: the file.
        options: what overrules the file.

    Returns:
        The motions.

    Raises:
        MotionFileError: for a file with something else in it.
        OSError: for a file that can't be opened.
    """
    data = _content(path)
    if data.startswith(b"PK"):  # as torch saves
        try:
            tree = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        except pickle.UnpicklingError as error:  # torch's words say how to load it unsafely
            raise MotionFileError(
                path,
                "content",
                "holds more than tensors, lists and dictionaries; pickled Python objects are never loaded. Save the "
                "arrays of the motion as .npz",
            ) from error
        except Exception as error:  # a torn or foreign file makes it fail in any way
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise MotionFileError(path, "content", f"cannot be read as tensors only ({reason})") from error
    elif _BEFORE_TORCH_1_6 in data[:32]:
        raise MotionFileError(
            path,
            "content",
            "is as torch before 1.6 saved it, which is not read. If you trust the file, save it anew with a torch of "
            f"today: torch.save(torch.load({path.name!r}, map_location='cpu'), {path.name!r})",
        )
    else:
        tree = pickles.read_pickle(path, data)
    return _from_tree(tree, path, options)


def save_npy(motion: Motion, path: Path, layout: str = LAYOUTS[0]) -> None:
    """Write HumanML3D's joints (frames, 22, 3) or features (frames − 1, 263), at 20 frames per second.

    Args:
        motion: the motion.
        path: the file.
        layout: "joints" or "humanml3d".

    Raises:
        RequestError: for features of fewer than two frames.
    """
    joints = humanml.to_joints(motion)
    with open(path, "wb") as file:
        np.save(file, joints if layout == "joints" else humanml.to_features(joints))


def from_joints(
    joints: np.ndarray,
    path: Path,
    options: Options,
    fps: float,
    family: str,
    notes: Sequence[str] = (),
    scale: float | None = None,
) -> LoadedMotion:
    """Make motion on the floor of positions of SMPL's joints.

    Args:
        joints: (frames, 22, 3), any axis up.
        path: the file, for errors.
        options: what overrules the file.
        fps: the frame rate.
        family: the name of the format.
        notes: what was skipped or assumed, in sentences.
        scale: metres for a unit of the path, if it is known.

    Returns:
        The motion.

    Raises:
        MotionFileError: for positions that are no body's.
    """
    if not np.isfinite(joints).all() or np.abs(joints).max(initial=0) > 1e6:
        raise MotionFileError(path, "array", "holds NaN, infinite values, or some over 1,000,000")
    points = torch.from_numpy(joints[:, : positions.JOINTS].astype(np.float64))
    leg = positions.leg_length(points)
    if leg < 1e-6:
        raise MotionFileError(
            path,
            "array",
            "the legs have no length: hip, knee and ankle are at one point. Joints are read in SMPL's order",
        )
    up = Up(options.up) if options.up else find_up_of_joints(points, "y")
    fit = positions.fit(points @ up.turn().T, scale)
    if fit.degrees[0] > _NO_BODY:
        raise MotionFileError(
            path,
            "array",
            f"these are no joints of a body: bones would point {fit.degrees[0]:.0f}° from where they do on average. "
            "Poses go into an npz, as `poses` with `trans`; features have to be as they were before normalisation",
        )
    pelvis = fit.pelvis.clone()
    pelvis[:, 1] -= off_the_floor(fit.rotations, pelvis)
    motion = Motion.from_rotations(fit.rotations.float(), pelvis.float(), path.stem)
    all_notes = [*notes, str(fit), *([up.assumed] if up.assumed else [])]
    return LoadedMotion(motion.resampled(fps), family, len(motion), fps, up.axis, fit.scale, tuple(all_notes))


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise MotionFileError(path, "size", f"{size / 1e6:,.0f} MB is too large; at most {MAX_BYTES // 10**6} are read")
    return path.read_bytes()


def _apart(values: np.ndarray, path: Path) -> list[np.ndarray]:
    """One array for each motion: (frames, 22 or more, 3), or (frames, 263)."""
    frames = _frame_axis(values.shape)
    if frames is not None and values.size:
        motions = values.reshape(-1, *values.shape[frames:])
        if len(motions) <= MAX_MOTIONS:
            return [*motions]
    raise MotionFileError(path, "array", _wanted(values.shape))


def _frame_axis(shape: tuple[int, ...]) -> int | None:
    """Which axis of an array is the frames, those before it being motions; None where it is no motion."""
    joints = shape[-1:] == (3,) and shape[-2:-1] >= (positions.JOINTS,)
    axis = len(shape) - (3 if joints else 2)
    known = joints or (shape[-1:] in ((humanml.FEATURES,), (smpl.MOTION_X,)))
    return axis if known and axis >= 0 and len(shape) <= 4 else None


def _from_array(values: np.ndarray, path: Path, options: Options) -> LoadedMotion:
    if values.ndim == 2 and values.shape[-1] == smpl.MOTION_X:
        return replace(smpl.to_reading(smpl.of_motion_x(values), path, options), family="Motion-X")
    fps = options.fps or humanml.FPS_THERE
    notes = [] if options.fps else [f"{fps:g} frames per second, as HumanML3D has; --fps overrules"]
    if values.ndim == 2 and values.shape[-1] == humanml.FEATURES:
        if not np.isfinite(values).all() or np.abs(values).max() > 1e4:
            raise MotionFileError(path, "array", "holds NaN, infinite values, or some over 10,000")
        joints = humanml.from_features(values)
        if not humanml.has_their_bones(joints):
            raise MotionFileError(
                path,
                "array",
                "the bones of these features are not as long as HumanML3D's: they were normalised, or are others. Take "
                "them as they were before (features * Std + Mean, with the data set's Std.npy and Mean.npy)",
            )
        return from_joints(joints, path, options, fps, "HumanML3D's features", notes, humanml.SCALE)
    if _frame_axis(values.shape) != 0:
        raise MotionFileError(path, "array", _wanted(values.shape))
    return from_joints(values, path, options, fps, "joints in SMPL's order", notes)


def _joints_among(shapes: Mapping[str, tuple[int, ...]], path: Path) -> str | None:
    """Which array is joints or features; None if none is. Raises MotionFileError where it may be several."""
    arrays = [name for name, shape in shapes.items() if _frame_axis(shape) is not None]
    named = [name for name in arrays if _CALLED.search(name)]
    if len(arrays) > 1 and len(named) != 1:
        reason = f"each may be joints: {', '.join(sorted(named or arrays)[:8])}; save one of them as .npy"
        raise MotionFileError(path, "joints", reason)
    return next(iter(named or arrays), None)


def _from_fields(fields: Mapping[str, np.ndarray], name: str, path: Path, options: Options) -> list[LoadedMotion]:
    """The motions in one of a file's arrays, at the rate that another says."""
    options = replace(options, fps=options.fps or smpl.find_rate(fields, path))
    return [_from_array(one, path, options) for one in _apart(fields[name].astype(np.float64), path)]


def _wanted(shape: tuple[int, ...]) -> str:
    return (
        "the shape must be (frames, 22, 3) for joints, (frames, 263) for HumanML3D's features or (frames, 322) for "
        f"Motion-X's poses, not {shape}"
    )


@functools.singledispatch
def _arrays(value: Any) -> Any:
    """Tensors as arrays, all through dictionaries and lists."""
    return value


@_arrays.register
def _(value: torch.Tensor) -> np.ndarray:
    return value.detach().double().numpy() if value.is_floating_point() else value.detach().numpy()


@_arrays.register
def _(value: dict) -> dict[str, Any]:  # type: ignore[type-arg]
    return {str(key): _arrays(item) for key, item in value.items()}


@_arrays.register(list)
@_arrays.register(tuple)
def _(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [_arrays(item) for item in value]


def _from_tree(tree: Any, path: Path, options: Options) -> list[LoadedMotion]:
    """Motions in dictionaries within dictionaries, as they come out of MDM, GVHMR, WHAM and 4D-Humans."""
    content = _arrays(tree)
    while isinstance(content, list) and len(content) == 1:
        content = content[0]
    if isinstance(content, dict) and _is_numbers(content.get("motion")) and content["motion"].ndim == 4:
        return list(_from_mdm(content, path, options))
    if isinstance(content, list) and all(_is_numbers(one) for one in content):
        return [_from_array(one.astype(np.float64), path, options) for one in content]
    people: list[Mapping[str, np.ndarray]] = list(_people(content))
    if not people:
        return _from_dictionary(content, path, options)
    people = [body for fields in people for body in smpl.apart(fields)]
    return [smpl.to_reading(fields, path, options) for fields in people[:MAX_MOTIONS]]


def _from_dictionary(content: Any, path: Path, options: Options) -> list[LoadedMotion]:
    """The motions in a dictionary that holds joints or features, and no SMPL parameters."""
    fields = _numbers_of(content) if isinstance(content, dict) else {}
    joints = _joints_among({name: value.shape for name, value in fields.items()}, path)
    if joints is None:
        raise MotionFileError(
            path,
            "content",
            "holds no motion: there must be SMPL's global_orient and body_pose, or pose, or joints (frames, 22, 3)",
        )
    return _from_fields(fields, joints, path, options)


def _from_mdm(content: Mapping[str, Any], path: Path, options: Options) -> Iterator[LoadedMotion]:
    """MDM's results.npy: motion (motions, 22, 3, frames), lengths."""
    motions: np.ndarray = content["motion"]
    lengths: Any = content.get("lengths")
    if motions.shape[2] != 3 or len(motions) > MAX_MOTIONS:
        raise MotionFileError(path, "motion", f"the shape must be (motions, 22, 3, frames), not {motions.shape}")
    if not _is_numbers(lengths) or np.shape(lengths) != (len(motions),):
        lengths = np.full(len(motions), motions.shape[-1])
    for motion, length in zip(motions, lengths, strict=True):
        frames = int(min(max(length, 1), motion.shape[-1]))
        yield _from_array(motion.transpose(2, 0, 1)[:frames].astype(np.float64), path, options)


def _people(content: Any) -> Iterator[dict[str, np.ndarray]]:
    """The arrays of each person: of the whole file, or one for each that it numbers."""
    if not isinstance(content, dict):
        return
    group = next((content[name] for name in _GROUPS if isinstance(content.get(name), dict)), None)
    if group is not None:
        yield from _people(group)
        return
    fields = {_WORLD.get(name, name): value for name, value in _world_last(_numbers_of(content))}
    parameters = {name: value for name, value in fields.items() if smpl.is_field(name)}
    if set(smpl.WHOLE) & set(parameters) or (set(smpl.ROOTS) & set(parameters) and set(smpl.BODIES) & set(parameters)):
        yield parameters
        return
    frames = [value for value in content.values() if isinstance(value, dict) and isinstance(value.get("smpl"), list)]
    if frames:
        yield from _tracks(frames)
        return
    for value in content.values():
        yield from _people(value)


def _world_last(content: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(content.items(), key=lambda item: item[0] in _WORLD)


def _tracks(frames: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, np.ndarray]]:
    """4D-Humans: of each frame a list of people with SMPL matrices, and which track each belongs to."""
    tracks: dict[int, list[dict[str, np.ndarray]]] = {}
    for frame in frames:
        numbers = frame.get("tid")
        names = numbers if isinstance(numbers, list) and len(numbers) == len(frame["smpl"]) else range(1000)
        for name, person in zip(names, frame["smpl"], strict=False):
            if isinstance(person, dict) and all(_is_numbers(person.get(key)) for key in ("global_orient", "body_pose")):
                tracks.setdefault(int(name), []).append(person)
    for track in sorted(tracks.values(), key=len, reverse=True):
        shapes = {key: track[0][key].shape for key in ("global_orient", "body_pose")}
        matching = [person for person in track if all(person[key].shape == shape for key, shape in shapes.items())]
        yield {key: np.stack([np.atleast_2d(person[key]) for person in matching]) for key in shapes}


def _numbers_of(content: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A dictionary's arrays and numbers, as arrays."""
    alone = {name: np.array(value) for name, value in content.items() if isinstance(value, int | float)}
    return {name: value for name, value in content.items() if _is_numbers(value)} | alone


def _is_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
