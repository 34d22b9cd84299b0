"""Training by one command: a labelled motion folder in, a model folder out, resumable at any moment."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import nn
from tqdm import tqdm

from .. import places
from ..errors import RequestError, file_access
from ..files.labels_table import read_table
from ..files.writing import write_atomically
from ..models import storage
from ..models.flow import FlowModel
from ..motion.features import features_motions
from ..motion.windows import cut_windows
from ..recognition import cosines
from ..towers.interface import ImageTower, TextTower
from ..towers.loading import load_tower
from ..viz.bodies import load_body
from .bank_building import build_bank
from .captions import WORDS, Words
from .dataset import Batch, Clip, WindowSampler, actions_of, load_clips
from .frames import FrameTower
from .losses import ENCODED_SHARE, Alignment, flow_losses, transformer_losses
from .reader_training import train_reader
from .text_pool import TextPool

CHECKPOINT = "checkpoint.pt"
NAMED_CONFIGS = ("default", "finetune", "paper", "clip", "classes")
# A checkpoint of so many bytes, written in so many seconds, is kept in the config's rhythm.
USUAL_BYTES, USUAL_WRITING = 120e6, 1.2


@dataclass(frozen=True)
class TrainConfig:
    """How to train; what is trained stands in `model`. Read from a TOML file whose [model] table is the model's."""

    model: storage.ModelConfig
    steps: int = 20_000
    batch: int = 512
    learning_rate: float = 1e-3
    encoder_steps: int = 0  # after so many a flow model's encoder is left as it is; 0 trains it to the end
    schedule: str = "cosine"  # to zero at the end; or "constant"
    warmup: int = 200
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    average: float = 0.999  # of the weights; 0 keeps the last ones
    precision: str = "bf16"  # of matrix products; or "no" for single precision
    text_weight: float = 1.0  # of the alignment with texts
    image_weight: float = 0.0  # of the alignment with rendered frames, for towers that see
    body: str = ""  # folder of the user's SMPL files: frames and body points are of that body
    words: bool = False  # whether the data folder's words.json is used; without, only the clips' captions
    uniform: bool = False  # whether each window is drawn as often as any other; else rare ones more often
    mirror: bool = True  # whether half of the windows are mirrored, with their texts
    seed: int = 0
    validate_every: int = 1000
    checkpoint_seconds: float = 60.0  # between checkpoints of up to 120 MB; larger ones are kept as much more rarely

    @classmethod
    def load(cls, path: str | Path, **overrides: Any) -> TrainConfig:
        """Read a TOML file, or by name one of the project's (NAMED_CONFIGS).

        Raises ValueError for a setting that doesn't exist or has the wrong type.
        """
        path = places.CONFIGS / f"{path}.toml" if str(path) in NAMED_CONFIGS else Path(path)
        with file_access(path), open(path, "rb") as file:
            try:
                content = tomllib.load(file)
            except tomllib.TOMLDecodeError as error:
                raise RequestError(f"{path}: is not TOML ({error})") from error
        model = storage.parse_config(content.pop("model", {}), f"{path}: [model]")
        content |= {key: value for key, value in overrides.items() if value is not None}
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for key, value in content.items():
            if key not in fields or key == "model":
                raise RequestError(f"{path}: {key}: is not a training setting; there are {', '.join(fields)}")
            if not isinstance(
                value, (int, float) if isinstance(fields[key].default, float) else type(fields[key].default)
            ):
                raise RequestError(f"{path}: {key}: must be like {fields[key].default!r}, not {value!r}")
        return cls(model=model, **content)


LOSSES: dict[str, Callable[..., dict[str, torch.Tensor]]] = {
    "flow": flow_losses,
    "transformer": transformer_losses,
}


class Objective(nn.Module):
    """The model with its losses, as one module, so that gradients are shared between processes."""

    def __init__(self, model: storage.Model, alignment: Alignment) -> None:
        super().__init__()
        self.model, self.alignment = model, alignment
        self.losses = LOSSES[model.config.architecture]

    def forward(self, batch: Batch, generator: torch.Generator, part: tuple[int, int]) -> dict[str, torch.Tensor]:
        return self.losses(self.model, batch, self.alignment, generator, part)


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    licence: str | None = None,
    resume: bool = True,
    start_from: Path | None = None,
    clip: Path | None = None,
) -> Path:
    """Train on DATA's train split and leave the model folder in OUT; returns OUT.

    start_from: a model folder of the same sizes whose weights are where the training begins.

    A checkpoint in OUT is picked up where it stopped. Every step's randomness follows from the seed and the
    step's number, so that a resumed run does what an unbroken one would. clip: as for `load_tower`. Raises ValueError
    where OUT holds the checkpoint of another config or of other data, or the data does not suffice.
    """
    tower = load_tower(config.model.tower or "", config.model.normalised, clip)  # first: reading data takes longer
    clips = load_clips(data, "train", licence)
    validation = load_clips(data, "val", licence)
    accelerator = Accelerator(
        mixed_precision=config.precision, kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)]
    )
    say = tqdm.write if accelerator.is_main_process else (lambda *_: None)
    actions = actions_of(clips)
    say(f"{len(clips)} clips, {sum(len(clip.motion) for clip in clips) / 30 / 60:.0f} minutes, {len(actions)} actions")
    words = Words.load(data, {row["action"] for row in read_table(data)}) if config.words else Words.none()
    pool = TextPool(clips, actions, words, tower)
    sampler = WindowSampler(clips, config.model.window, config.uniform, config.mirror)
    body = load_body(config.body)
    frames = None
    if config.image_weight:
        if not isinstance(tower, ImageTower):
            raise RequestError(f"image_weight: the tower {tower.name} reads texts only; choose a CLIP tower, or 0")
        frames = FrameTower(tower, body)
    surface = body if config.body else None
    alignment = Alignment(pool, frames, config.text_weight, config.image_weight, surface)

    torch.manual_seed(config.seed)
    model = storage.build(config.model)
    checkpoint = out / CHECKPOINT
    found = torch.load(checkpoint, weights_only=True, map_location="cpu") if resume and checkpoint.exists() else None
    if found and found["config"] != dataclasses.asdict(config):
        raise RequestError(f"{checkpoint} was made with another config; choose another folder or delete it")
    source = _fingerprint(data, licence)
    if found and found["data"]["hash"] != source["hash"]:
        raise RequestError(
            f"{checkpoint} was made with the data of {found['data']['name']}, not with {source['name']}; "
            "choose another folder or delete it"
        )
    if start_from is not None and not found:
        begun = storage.load(start_from)
        if dataclasses.asdict(begun.config) != dataclasses.asdict(config.model):
            raise RequestError(f"{start_from}: config: its sizes are not those of the config that is trained")
        model.load_state_dict(begun.state_dict())
    elif model.has_basis and not found:
        say("fitting the motion basis …")
        cast(FlowModel, model).basis.fit(sampler.spread(most=30_000), config.seed)
    model.to(accelerator.device)
    average = (
        torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average), use_buffers=False
        )
        if config.average
        else None
    )
    optimizer = torch.optim.AdamW(_groups(model, config), lr=config.learning_rate, fused=True)
    start = 0
    if found:
        model.load_state_dict(found["model"])
        if average is not None:
            average.load_state_dict(found["average"])
        optimizer.load_state_dict(found["optimizer"])
        start = found["step"]
        say(f"resumed at step {start}")
    kept = model if average is None else cast(storage.Model, average.module)
    objective, optimizer = accelerator.prepare(Objective(model, alignment), optimizer)
    part = (accelerator.process_index, accelerator.num_processes)

    def keep(step: int) -> float:
        """Write a checkpoint; returns after how many seconds the next one is due."""
        began = time.monotonic()
        state = {
            "config": dataclasses.asdict(config),
            "data": source,
            "step": step,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
        if average is not None:
            state["average"] = average.state_dict()
        write_atomically(checkpoint, lambda path: torch.save(state, path))
        return pause(config, checkpoint.stat().st_size, time.monotonic() - began)

    wait = config.checkpoint_seconds
    last_kept = time.monotonic()
    progress = tqdm(
        range(start, config.steps),
        initial=start,
        total=config.steps,
        unit="step",
        disable=not accelerator.is_main_process,
        mininterval=2,
        dynamic_ncols=True,
    )
    for step in progress:
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _rate(step, group["steps"], config)
        if model.has_basis and config.encoder_steps and step >= config.encoder_steps:
            if step == config.encoder_steps:  # its averaged weights generalise best
                model.encoder.load_state_dict(kept.encoder.state_dict())
            model.encoder.requires_grad_(False)
        model.train()
        # What the encoder learns from is played faster and slower, too.
        aligning = model.has_basis and next(model.encoder.parameters()).requires_grad
        warped = config.batch // ENCODED_SHARE if aligning and frames is None else 0
        batch = sampler.draw(config.batch, generator, warped).to(accelerator.device)
        with accelerator.autocast():
            losses = objective(batch, generator, part)
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            raise RequestError(f"the loss is {total.item()} at step {step}; try a lower learning_rate")
        accelerator.backward(total)
        accelerator.clip_grad_norm_(objective.parameters(), config.gradient_norm)
        optimizer.step()
        optimizer.zero_grad()
        if average is not None:
            average.update_parameters(model)
        done = step + 1
        if accelerator.is_main_process:
            if step % 20 == 0:
                progress.set_postfix({name: f"{value.item():.3f}" for name, value in losses.items()})
            if done % config.validate_every == 0 or done == config.steps:
                say(
                    f"step {done}: "
                    + ", ".join(f"{k} {v:.3f}" for k, v in losses.items())
                    + "; on val "
                    + validate(kept, validation, actions, tower)
                )
            if time.monotonic() - last_kept > wait or done == config.steps:
                wait = keep(done)
                last_kept = time.monotonic()
    if accelerator.is_main_process:
        storage.save(kept.cpu(), out, half=True)
        index(data, out, licence, config.words, clip)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return out


def index(
    data: Path, model: Path, licence: str | None = None, with_words: bool = True, clip: Path | None = None
) -> None:
    """Write what a model knows into its folder: the bank of DATA's training clips and, with words, the reader.

    It is read from the saved file, so that the bank belongs to the half-precision weights that users load.
    """
    clips = load_clips(data, "train", licence)
    loaded = storage.load(model)
    tower = load_tower(loaded.config.tower or "", loaded.config.normalised, clip)
    words = Words.load(data, {row["action"] for row in read_table(data)}) if with_words else Words.none()
    build_bank(loaded, clips, words, tower).save(model)
    if with_words:
        styles = {(clip.action, clip.style) for clip in clips if clip.style != "normal"}
        train_reader(words, actions_of(clips), tower, styles).save(model)


def pause(config: TrainConfig, size: int, spent: float) -> float:
    """Seconds until the next checkpoint, after one of `size` bytes that took `spent` seconds to write."""
    return config.checkpoint_seconds * max(1.0, size / USUAL_BYTES, spent / USUAL_WRITING)


@torch.inference_mode()
def validate(model: storage.Model, clips: list[Clip], actions: list[str], tower: TextTower) -> str:
    """Figures to watch while training: recognition of the action, and how fast generated bodies move."""
    model = copy.deepcopy(model).cpu().eval()
    names = tower.encode(actions)
    windows = [(clip, window) for clip in clips for window in cut_windows(clip.motion, model.config.window, 60)]
    z = model.encode_motions(features_motions(torch.stack([window for _, window in windows])))
    wanted = torch.tensor([actions.index(clip.action) if clip.action in actions else -1 for clip, _ in windows])
    ranks = cosines(z, names).argsort(dim=1, descending=True) == wanted[:, None]
    drawn = model.decode_motions(tower.encode([clip.captions[0] for clip in clips]), model.config.window)
    real = [clip.motion.padded(model.config.window) for clip in clips]
    speed = sum(_speed(motion) for motion in drawn) / sum(_speed(motion) for motion in real)
    return f"top-1 {ranks[:, 0].float().mean():.3f}, top-5 {ranks[:, :5].any(1).float().mean():.3f}, speed {speed:.2f}"


def _speed(motion: Any) -> float:
    joints = torch.from_numpy(motion.joints())
    return float((joints - joints[:, :1]).diff(dim=0).norm(dim=-1).mean())


def _groups(model: storage.Model, config: TrainConfig) -> list[dict[str, Any]]:
    """Parameters that decay and those that don't; an encoder that ends earlier has a schedule of its own."""
    groups = []
    encoder = {id(p) for p in model.encoder.parameters()} if config.encoder_steps else set()
    for part, steps in ((True, config.encoder_steps), (False, config.steps)):
        for decay, wanted in ((config.weight_decay, True), (0.0, False)):
            members = [p for p in model.parameters() if (id(p) in encoder) == part and (p.ndim > 1) == wanted]
            if members:
                groups.append({"params": members, "weight_decay": decay, "steps": steps})
    return groups


def _rate(step: int, steps: int, config: TrainConfig) -> float:
    warm = min(1.0, (step + 1) / max(config.warmup, 1))
    if config.schedule == "constant":
        return warm
    return warm * (0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1)))


def _fingerprint(data: Path, licence: str | None) -> dict[str, str]:
    """What a run learns from: the folder's name with the terms that were asked for, and a hash of its tables."""
    tables = [path for name in ("labels.csv", WORDS) if (path := data / name).is_file()]
    content = b"".join(path.read_bytes() for path in tables) + (licence or "").encode()
    name = f"{data}, {licence}" if licence else str(data)
    return {"name": name, "hash": hashlib.sha256(content).hexdigest()}
