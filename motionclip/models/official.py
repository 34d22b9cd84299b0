"""Imports the authors' checkpoints (GuyTevet/MotionCLIP) into a model folder."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from ..errors import MissingFile, ModelFolderError
from . import storage
from .transformer import ALIGNED, ANKLE, OWN, ROWS, MotionTransformer, TransformerConfig

CLIP_WIDTH = 512
OPTIONS = "opt.yaml"  # what the authors' training writes beside its checkpoints, a line for each option
# In the files, but nothing reads them; positions are computed.
_LEFT_OUT = ("decoder.actionBiases", "encoder.sequence_pos_encoder.pe", "decoder.sequence_pos_encoder.pe")


def import_official(checkpoint: Path, out: Path, heads: int = 4, up: str | None = None) -> TransformerConfig:
    """Turn a checkpoint of the authors' code (a state dict by torch.save) into a model folder.

    Sizes are read from the shapes of the tensors. The 25th row is the right ankle's, see `TransformerConfig`. Nothing
    is unpickled but tensors.

    Args:
        checkpoint: the file.
        out: the model folder.
        heads: the number of attention heads, which the file does not hold.
        up: the axis that points up in its motions: "z" for models that were trained as the paper's, whose motions keep
            their heading, or "y" for those trained with --align_pose_frontview. By default what `opt.yaml` beside the
            checkpoint says, or "z" without that file.

    Returns:
        The model's config.

    Raises:
        MissingFile: where there is no checkpoint.
        ModelFolderError: for a file without a state dict, with other things than tensors in it, with missing or unknown
            keys, or with wrong shapes; it names the file and the key.
    """
    if not checkpoint.is_file():
        raise MissingFile(checkpoint)
    try:
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except Exception as error:  # a torn or foreign file makes it fail in any way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFolderError(f"{checkpoint}: is not a checkpoint of tensors only ({reason})") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ModelFolderError(f"{checkpoint}: must hold a state dict: names and tensors")
    state = {key: value for key, value in state.items() if not key.startswith("clip_model.") and key not in _LEFT_OUT}
    config = _config(checkpoint, state, heads, up or ("y" if _is_aligned(checkpoint.parent / OPTIONS) else "z"))
    model = MotionTransformer(config)
    wanted = model.state_dict()
    for what, keys in (("is missing", wanted.keys() - state.keys()), ("is unknown", state.keys() - wanted.keys())):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise ModelFolderError(f"{checkpoint}: {min(keys)}{more}: {what} in an official MotionCLIP checkpoint")
    for key, value in state.items():
        if value.shape != wanted[key].shape:
            raise ModelFolderError(
                f"{checkpoint}: {key}: has shape {tuple(value.shape)}, not {tuple(wanted[key].shape)}"
            )
        if not torch.isfinite(value).all():
            raise ModelFolderError(f"{checkpoint}: {key}: holds numbers that are not finite")
    model.load_state_dict({key: value.float() for key, value in state.items()})
    storage.save(model, out)
    return config


def _is_aligned(options: Path) -> bool:
    """Whether the authors' options say that the model was trained with --align_pose_frontview; else it was not."""
    return options.is_file() and bool(
        re.search("^align_pose_frontview: true$", options.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    )


def _config(checkpoint: Path, state: dict[str, torch.Tensor], heads: int, up: str) -> TransformerConfig:
    def shape(key: str) -> tuple[int, int]:
        if key not in state or state[key].ndim != 2:
            raise ModelFolderError(
                f"{checkpoint}: {key}: is missing in an official MotionCLIP checkpoint, or no matrix"
            )
        return state[key].shape[0], state[key].shape[1]

    latent, inputs = shape("encoder.skelEmbedding.weight")
    if inputs != 6 * ROWS:
        raise ModelFolderError(
            f"{checkpoint}: encoder.skelEmbedding.weight: takes {inputs} numbers per frame, not {6 * ROWS}; "
            "only models of 24 joints as 6D and a 25th row are known"
        )
    layers = {key.split(".")[3] for key in state if key.startswith("encoder.seqTransEncoder.layers.")}
    try:
        return TransformerConfig(
            tower="clip" if latent == CLIP_WIDTH else None,
            latent=latent,
            feedforward=shape("encoder.seqTransEncoder.layers.0.linear1.weight")[0],
            layers=len(layers),
            heads=heads,
            normalised=False,
            up=up,
            rows=True,
            row_25=ANKLE,
            heading=ALIGNED if up == "y" else OWN,
        )
    except ValueError as error:
        raise ModelFolderError(f"{checkpoint}: {error}") from error
