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

from .. import project_folders
from ..errors import RequestError, file_access
from ..files.labels_table import read_table
from ..files.writing import write_atomically
from ..labels import NORMAL
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
# A checkpoint of at most this many bytes, written in at most this many seconds, is kept in the config's rhythm.
USUAL_BYTES, USUAL_WRITING = 120e6, 1.2


@dataclass(frozen=True)
class TrainConfig:
    """How to train `model`. It is read from a TOML file whose [model] table is the model's; a comment explains each
    setting.
    """

    model: storage.ModelConfig
    steps: int = 20_000
    batch: int = 512  # windows in a step
    learning_rate: float = 1e-3  # at its highest
    encoder_steps: int = 0  # after which a flow model's encoder is frozen; 0 trains it to the end
    schedule: str = "cosine"  # to zero at the end; or "constant"
    warmup: int = 200  # steps in which the learning rate rises from zero
    weight_decay: float = 0.01  # AdamW's
    gradient_norm: float = 1.0  # at most; larger gradients are scaled down
    average: float = 0.999  # decay of the weights' moving average; 0 keeps the last weights
    precision: str = "bf16"  # of matrix products; or "no" for single precision
    text_weight: float = 1.0  # of the alignment with texts
    image_weight: float = 0.0  # of the alignment with rendered frames, for towers that see
    body: str = ""  # folder of the user's SMPL files: frames and body points are of that body
    words: bool = False  # whether the data folder's words.json is used; without, only the clips' captions
    uniform: bool = False  # whether each window is drawn as often as any other; else rare ones more often
    mirror: bool = True  # whether half of the windows are mirrored, with their texts
    seed: int = 0
    validate_every: int = 1000  # steps
    checkpoint_seconds: float = 60.0  # between checkpoints of up to 120 MB; larger ones are kept as much more rarely

    @classmethod
    def load(cls, path: str | Path, **overrides: Any) -> TrainConfig:
        """Read a TOML file.

        Args:
            path: the file, or the name of one of the project's (project_folders.NAMED_CONFIGS).
            overrides: settings that replace the file's; None keeps the file's.

        Returns:
            The config.

        Raises:
            RequestError: for an unknown setting, or one of a wrong type.
            OSError: where the file can't be opened.
        """
        path = project_folders.config_file(path)
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
    """The model with its losses, as one module, so that gradients are shared between processes.

    Args:
        model: the model.
        alignment: what its latents are aligned with.
    """

    def __init__(self, model: storage.Model, alignment: Alignment) -> None:
        super().__init__()
        self.model, self.alignment = model, alignment
        self.losses = LOSSES[model.config.architecture]

    def forward(self, batch: Batch, generator: torch.Generator, part: tuple[int, int]) -> dict[str, torch.Tensor]:
        """Compute the losses of one batch.

        Args:
            batch: the windows of all processes.
            generator: of everything random.
            part: rank and number of the processes.

        Returns:
            Name → loss.
        """
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
    """Train on DATA's train split.

    Training goes on from a checkpoint in OUT. Everything random in a step follows from the seed and the step's number,
    so that a resumed run gives what an unbroken one would.

    Args:
        data: the data folder.
        out: gets the checkpoints and the finished model.
        config: the settings.
        licence: as for `load_clips`.
        resume: whether a checkpoint in OUT is used.
        start_from: a model folder of the same sizes, with whose weights the training begins.
        clip: as for `load_tower`.

    Returns:
        OUT.

    Raises:
        ValueError: where OUT holds the checkpoint of another config or of other data, or where the data does not
            suffice.
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
    sampler = WindowSampler(
        clips,
        config.model.window,
        config.uniform,
        config.mirror,
        accelerator.device,
        config.model.keeps_heading,
    )
    alignment = _alignment(config, TextPool(clips, actions, words, tower, accelerator.device), tower)

    torch.manual_seed(config.seed)
    model = storage.build(config.model).to(accelerator.device)
    checkpoint, source = out / CHECKPOINT, _fingerprint(data, licence)
    found = _found(checkpoint, config, source) if resume and checkpoint.exists() else None
    if not found:
        _begin(model, start_from, sampler, config, say)
    run = _Run(model, alignment, sampler, config, accelerator, found)
    if found:
        say(f"resumed at step {run.step}")
    _finish(run, say, lambda: validate(run.kept, validation, actions, tower), checkpoint, source)
    if accelerator.is_main_process:
        storage.save(run.kept.cpu(), out, half=True)
        index(data, out, licence, config.words, clip)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return out


class _Run:
    """A model in training: its optimizer, the average of its weights, and how many steps it has done.

    found: the checkpoint that it goes on from. kept: the model that is worth keeping, of averaged weights if the config
    asks for an average. main: whether this process is the one that reports and writes.
    """

    def __init__(
        self,
        model: storage.Model,
        alignment: Alignment,
        sampler: WindowSampler,
        config: TrainConfig,
        accelerator: Accelerator,
        found: dict[str, Any] | None,
    ) -> None:
        self.model, self.config, self.step = model, config, 0
        self.main = accelerator.is_main_process
        self._sampler, self._accelerator = sampler, accelerator
        self._tempo_varies = alignment.frames is None
        self._average = _average(model, config)
        optimizer = torch.optim.AdamW(_groups(model, config), lr=config.learning_rate, fused=True)
        if found:
            model.load_state_dict(found["model"])
            if self._average is not None:
                self._average.load_state_dict(found["average"])
            optimizer.load_state_dict(found["optimizer"])
            self.step = found["step"]
        self.kept = model if self._average is None else cast(storage.Model, self._average.module)
        self._objective, self._optimizer = accelerator.prepare(Objective(model, alignment), optimizer)
        self._part = (accelerator.process_index, accelerator.num_processes)

    def advance(self) -> dict[str, torch.Tensor]:
        """Do one step; returns its losses. Raises RequestError where they are not finite."""
        config, accelerator, step = self.config, self._accelerator, self.step
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout, and large tensors of noise
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * _rate(step, group["steps"], config)
        aligning = self._aligning()
        self.model.train()
        # What the encoder learns from is played faster and slower, too.
        warped = config.batch // ENCODED_SHARE if aligning and self._tempo_varies else 0
        batch = self._sampler.draw(config.batch, generator, warped)
        with accelerator.autocast():
            losses: dict[str, torch.Tensor] = self._objective(batch, generator, self._part)
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            raise RequestError(f"the loss is {total.item()} at step {step}; try a lower learning_rate")
        accelerator.backward(total)
        accelerator.clip_grad_norm_(self._objective.parameters(), config.gradient_norm)
        self._optimizer.step()
        self._optimizer.zero_grad()
        if self._average is not None:
            self._average.update_parameters(self.model)
        self.step += 1
        return losses

    def _aligning(self) -> bool:
        """Whether the encoder learns in this step; from `encoder_steps` on it doesn't."""
        model, last = self.model, self.config.encoder_steps
        if not model.has_basis:
            return False
        if last and self.step >= last:
            if self.step == last:  # its averaged weights generalise best
                model.encoder.load_state_dict(self.kept.encoder.state_dict())
            model.encoder.requires_grad_(False)
        return next(model.encoder.parameters()).requires_grad

    def keep(self, checkpoint: Path, source: dict[str, str]) -> float:
        """Write a checkpoint; returns after how many seconds the next one is due. source: what the run learns from."""
        began = time.monotonic()
        state = {
            "config": dataclasses.asdict(self.config),
            "data": source,
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        if self._average is not None:
            state["average"] = self._average.state_dict()
        write_atomically(checkpoint, lambda path: torch.save(state, path))
        return pause(self.config, checkpoint.stat().st_size, time.monotonic() - began)


def _finish(
    run: _Run, say: Callable[[str], object], figures: Callable[[], str], checkpoint: Path, source: dict[str, str]
) -> None:
    """Do the steps that are left, with progress, figures on val and checkpoints."""
    config, main = run.config, run.main
    wait, last_kept = config.checkpoint_seconds, time.monotonic()
    progress = tqdm(
        range(run.step, config.steps),
        initial=run.step,
        total=config.steps,
        unit="step",
        disable=not main,
        mininterval=2,
        dynamic_ncols=True,
    )
    for step in progress:
        losses = run.advance()
        if not main:
            continue
        last = run.step == config.steps
        if step % 20 == 0:
            progress.set_postfix({name: f"{value.item():.3f}" for name, value in losses.items()})
        if run.step % config.validate_every == 0 or last:
            now = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
            say(f"step {run.step}: {now}; on val {figures()}")
        if time.monotonic() - last_kept > wait or last:
            wait, last_kept = run.keep(checkpoint, source), time.monotonic()


def _average(model: storage.Model, config: TrainConfig) -> torch.optim.swa_utils.AveragedModel | None:
    """The exponential moving average of the weights, if the config asks for one."""
    if not config.average:
        return None
    moving = torch.optim.swa_utils.get_ema_multi_avg_fn(config.average)
    return torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=moving, use_buffers=False)


def _alignment(config: TrainConfig, pool: TextPool, tower: TextTower) -> Alignment:
    body = load_body(config.body) if config.body or config.image_weight else None
    frames = None
    if body is not None and config.image_weight:
        if not isinstance(tower, ImageTower):
            raise RequestError(f"image_weight: the tower {tower.name} reads texts only; choose a CLIP tower, or 0")
        frames = FrameTower(tower, body)
    return Alignment(pool, frames, config.text_weight, config.image_weight, body if config.body else None)


def _found(checkpoint: Path, config: TrainConfig, source: dict[str, str]) -> dict[str, Any]:
    """A checkpoint's content. Raises RequestError for one of another config or of other data."""
    found = cast(dict[str, Any], torch.load(checkpoint, weights_only=True, map_location="cpu"))
    if found["config"] != dataclasses.asdict(config):
        raise RequestError(f"{checkpoint} was made with another config; choose another folder or delete it")
    if found["data"]["hash"] != source["hash"]:
        raise RequestError(
            f"{checkpoint} was made with the data of {found['data']['name']}, not with {source['name']}; "
            "choose another folder or delete it"
        )
    return found


def _begin(
    model: storage.Model,
    start_from: Path | None,
    sampler: WindowSampler,
    config: TrainConfig,
    say: Callable[[str], object],
) -> None:
    """Give a new model the weights of another one, or fit its basis to the data."""
    if start_from is not None:
        begun = storage.load(start_from)
        if dataclasses.asdict(begun.config) != dataclasses.asdict(config.model):
            raise RequestError(f"{start_from}: config: its sizes are not those of the config that is trained")
        model.load_state_dict(begun.state_dict())
    elif model.has_basis:
        say("fitting the motion basis …")
        cast(FlowModel, model).basis.fit(sampler.spread(most=30_000), config.seed)


def index(
    data: Path, model: Path, licence: str | None = None, with_words: bool = True, clip: Path | None = None
) -> None:
    """Write what a model knows into its folder: the bank of DATA's training clips and, with words, the reader.

    The model is read from its file, so that the bank belongs to the half-precision weights that users load.

    Args:
        data: the data folder.
        model: the model folder.
        licence: as for `load_clips`.
        with_words: whether the reader is trained, too.
        clip: as for `load_tower`.
    """
    clips = load_clips(data, "train", licence)
    loaded = storage.load(model)
    tower = load_tower(loaded.config.tower or "", loaded.config.normalised, clip)
    words = Words.load(data, {row["action"] for row in read_table(data)}) if with_words else Words.none()
    build_bank(loaded, clips, words, tower).save(model)
    if with_words:
        styles = {(clip.action, clip.style) for clip in clips if clip.style != NORMAL}
        train_reader(words, actions_of(clips), tower, styles).save(model)


def pause(config: TrainConfig, size: int, spent: float) -> float:
    """Choose when the next checkpoint is written.

    Args:
        config: the settings.
        size: the bytes of the last checkpoint.
        spent: the seconds that writing it took.

    Returns:
        Seconds until then.
    """
    return config.checkpoint_seconds * max(1.0, size / USUAL_BYTES, spent / USUAL_WRITING)


@torch.inference_mode()
def validate(model: storage.Model, clips: list[Clip], actions: list[str], tower: TextTower) -> str:
    """Compute figures to watch while training: recognition of the action, and the speed of generated bodies.

    Args:
        model: the model.
        clips: clips of the val split.
        actions: the actions.
        tower: the text tower.

    Returns:
        The figures as text.
    """
    model = copy.deepcopy(model).cpu().eval()
    names = tower.encode(actions)
    size, keep_heading = model.config.window, model.config.keeps_heading
    windows = [(clip, window) for clip in clips for window in cut_windows(clip.motion, size, 60, keep_heading)]
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
    """What a run learns from: the folder's name with the terms in the request, and a hash of its tables."""
    tables = [path for name in ("labels.csv", WORDS) if (path := data / name).is_file()]
    content = b"".join(path.read_bytes() for path in tables) + (licence or "").encode()
    name = f"{data}, {licence}" if licence else str(data)
    return {"name": name, "hash": hashlib.sha256(content).hexdigest()}
