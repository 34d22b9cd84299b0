"""A model folder: config.json, model.safetensors (half precision), and for some models the bank of known motions and
the reader of texts."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import MissingFile, ModelFolderError
from ..files.json_file import read_json
from ..files.writing import write_atomically
from ..motion.features import FEATURES
from .byte_vectors import from_bytes, to_bytes
from .flow import FlowConfig, FlowModel
from .half_precision import pack
from .interface import MotionModel
from .transformer import PATH, MotionTransformer, TransformerConfig

ARCHITECTURES: dict[str, tuple[type[Any], type[Any]]] = {
    "flow": (FlowConfig, FlowModel),
    "transformer": (TransformerConfig, MotionTransformer),
}
INTERFACE: tuple[type[MotionModel], ...] = (FlowModel, MotionTransformer)  # which mypy checks
ModelConfig = FlowConfig | TransformerConfig
Model = FlowModel | MotionTransformer
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
# The motion basis' first components move the body by metres. The others, by centimetres, are bytes in a file of half
# precision, with a scale for each cosine over time: off by 0.3 mm on average.
BASIS, FINE, COARSE = "basis.directions", "basis.directions.fine", 192
BANK_FILE, READER_FILE = "bank.safetensors", "reader.safetensors"


def build(config: ModelConfig) -> Model:
    """A model of this config, untrained."""
    model: Model = ARCHITECTURES[config.architecture][1](config)
    return model


def parse_config(content: dict[str, Any], source: str) -> ModelConfig:
    """Make a model's config from its settings.

    Args:
        content: {"architecture": …, …}.
        source: where the settings come from, for errors.

    Returns:
        The config of this architecture.

    Raises:
        ModelFolderError: for an unknown architecture or setting, or a value that can't be.
    """
    architecture = content.get("architecture")
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ModelFolderError(f"{source}: architecture: must be one of {known}, not {architecture!r}")
    kind = ARCHITECTURES[architecture][0]
    defaults = kind()
    for key, value in content.items():
        if key not in {field.name for field in dataclasses.fields(kind)}:
            raise ModelFolderError(f"{source}: {key}: is not a setting of the {architecture} architecture")
        wanted = getattr(defaults, key)
        good = (
            isinstance(value, (int, float)) and not isinstance(value, bool)
            if isinstance(wanted, float)
            else (value is None and key == "tower" or type(value) is type(wanted))
        )
        if not good:
            raise ModelFolderError(f"{source}: {key}: must be like {wanted!r}, not {value!r}")
        most = 64 if key.endswith(("layers", "blocks", "heads")) else 100_000
        least = 1 if type(wanted) is int else 0
        if type(value) in (int, float) and not least <= value <= most:
            raise ModelFolderError(f"{source}: {key}: must lie between {least} and {most:,}, not {value!r}")
    try:
        return kind(**content)
    except ValueError as error:
        raise ModelFolderError(f"{source}: {error}") from error


def read_config(folder: Path) -> ModelConfig:
    """Read the config of the model in a folder.

    Args:
        folder: the model folder.

    Returns:
        The config.

    Raises:
        ModelFolderError: for a file that holds no config.
        OSError: where it can't be opened.
    """
    path = folder / CONFIG_FILE
    try:
        content = read_json(path)
    except ValueError as error:
        raise ModelFolderError(f"{path}: is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ModelFolderError(f"{path}: must hold one JSON object")
    config = parse_config(content, str(path))
    if config.architecture == "transformer" and "row_25" not in content:
        raise ModelFolderError(
            f"{path}: row_25: is missing, as an earlier version wrote it; import an official checkpoint again, and for "
            f'a model that was trained here add "row_25": "{PATH}"'
        )
    return config


def load(folder: Path) -> Model:
    """Load the model in a folder, ready for inference.

    Args:
        folder: the model folder.

    Returns:
        The model.

    Raises:
        ModelFolderError: where its files don't hold a model, or don't fit together.
        OSError: where one can't be opened.
    """
    config = read_config(folder)
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise MissingFile(path)
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
            _check_shapes(config, _whole_basis(shapes), path)
            state = {key: file.get_tensor(key).float() for key in shapes if not key.startswith(FINE)}
            if FINE in shapes:
                state[BASIS] = torch.cat([state[BASIS], from_bytes(FINE, file).reshape(-1, state[BASIS].shape[1])])
    except SafetensorError as error:
        raise ModelFolderError(f"{path}: is not a safetensors file ({error})") from error
    model = build(config)
    model.load_state_dict(state)
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise ModelFolderError(f"{path}: holds numbers that are not finite")
    model.eval().requires_grad_(False)
    pack(model)
    return model


def _whole_basis(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes of a file's tensors, as if its motion basis were one."""
    whole = {key: shape for key, shape in shapes.items() if not key.startswith(FINE)}
    if FINE in shapes and len(shapes.get(BASIS, ())) == 2 and shapes[BASIS][1]:
        rows, numbers = shapes[BASIS]
        whole[BASIS] = (rows + math.prod(shapes[FINE]) // numbers, numbers)
    return whole


def _check_shapes(config: ModelConfig, shapes: dict[str, tuple[int, ...]], path: Path) -> None:
    """Refuse a config that the weights don't fit, before any memory is taken for what it asks for."""
    try:
        with torch.device("meta"):
            wanted = {key: tuple(value.shape) for key, value in build(config).state_dict().items()}
    except (RuntimeError, ValueError, AssertionError, ArithmeticError) as error:
        raise ModelFolderError(
            f"{path.parent / CONFIG_FILE}: the settings don't fit together ({error}); download or train the model again"
        ) from error
    for key in sorted(wanted.keys() | shapes.keys()):
        if wanted.get(key) != shapes.get(key):
            there, asked = (f"is {found[key]}" if key in found else "is missing" for found in (shapes, wanted))
            raise ModelFolderError(
                f"{path}: does not fit {CONFIG_FILE}: {key} {there} in the one and {asked} in the other; "
                "a model that an earlier version wrote has to be trained again"
            )


def save(model: Model, folder: Path, half: bool = False) -> None:
    """Write config.json and model.safetensors; each file is replaced as a whole or not at all.

    Numbers are written in half precision where that loses nothing.

    Args:
        model: the model.
        folder: where to; it is made where it is missing.
        half: whether all numbers are in half precision, and the motion basis' finer components bytes.

    Raises:
        OSError: where a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        key: (value.half() if half or torch.equal(value.half().float(), value) else value).contiguous()
        for key, value in model.state_dict().items()
    }
    if half and BASIS in state:
        fine = model.state_dict()[BASIS][COARSE:].reshape(-1, FEATURES)
        state |= to_bytes(FINE, fine) | {BASIS: state[BASIS][:COARSE].contiguous()}
    write_atomically(folder / WEIGHTS_FILE, lambda path: save_file(state, path, metadata={"format": "pt"}))
    config = json.dumps(dataclasses.asdict(model.config), indent=1) + "\n"
    write_atomically(folder / CONFIG_FILE, lambda path: path.write_text(config, encoding="utf-8"))
