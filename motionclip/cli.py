"""The command line: `motionclip COMMAND`."""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import signal
import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import click
import typer

from . import __version__, progress, project_folders
from .constants import CLOSENESS, MAX_FRAMES, MAX_SAMPLES, MAX_STEPS, MAX_STRENGTH, QUEUE
from .errors import MissingFile, MotionCLIPError, RequestError, log_fault
from .towers import clip_weights

if TYPE_CHECKING:
    from .motion.motion import Motion
    from .paper_inputs import Row

T = TypeVar("T")
_log = logging.getLogger(__name__)

# torch and the models are imported inside the commands: --help should not wait for them.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


# Packages that only an extra of the installation brings, and the extra.
EXTRAS = {
    "gradio": "app",
    "accelerate": "train",
    "smplx": "train",
    "open_clip": "clip",
    "torchvision": "clip",
}


class Split(StrEnum):
    """Which part of a labelled data folder."""

    train = "train"
    val = "val"
    test = "test"


Axis = Literal["x", "y", "z", "-x", "-y", "-z"]
Part = Literal["whole body", "upper body", "lower body"]
Course = Literal["spherical", "linear"]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", envvar="MOTIONCLIP_MODEL", help="Model folder or Hub repo (user/name); by default the project's own."
    ),
]


def _expect_clip(context: typer.Context, clip: Path | None) -> Path | None:
    """Without --clip, ask the Hub for CLIP's weights while torch is imported, if the model needs them."""
    config, model = context.params.get("config"), context.params.get("model") or project_folders.DEFAULT_MODEL
    if clip is None:
        clip_weights.expect(_tower(project_folders.config_file(config) if config else Path(model, "config.json")))
    return clip


def _tower(path: Path) -> object:
    """The text tower that a training config or a model's config names."""
    try:
        content = path.read_text(encoding="utf-8")
        settings = tomllib.loads(content)["model"] if path.suffix == ".toml" else json.loads(content)
        return settings["tower"]
    except (OSError, ValueError, LookupError, TypeError):
        return None  # the command itself will say what is wrong


ClipOption = Annotated[
    Path | None,
    typer.Option(
        "--clip",
        callback=_expect_clip,
        envvar="MOTIONCLIP_CLIP",
        help="CLIP's weights, for models in its space: OpenAI's ViT-B-32.pt, an open_clip checkpoint, or their folder.",
    ),
]
FramesOption = Annotated[int, typer.Option(min=1, max=MAX_FRAMES, help="Length; 30 frames are a second.")]
UsualFramesOption = Annotated[
    int | None,
    typer.Option(min=1, max=MAX_FRAMES, help="Length; 30 frames are a second. [default: as long as it usually takes]"),
]
SeedOption = Annotated[int, typer.Option(help="Which instance; another seed gives another motion.")]
ClosenessOption = Annotated[
    float, typer.Option(min=0, max=1, help="0 takes the words as they are; 1 takes the nearest known action.")
]
DataOption = Annotated[Path, typer.Option("--data", help="Folder with labels.csv and clips/NAME.npz (AMASS style).")]
FileOption = Annotated[Path | None, typer.Option("--file", help="The paper's input file, or one like it, instead.")]
KnownOption = Annotated[
    Path | None, typer.Option("--data", help='For --file: a folder whose clips "data" lines name; by default the bank.')
]
LicenceOption = Annotated[
    str | None, typer.Option(help='Use only clips whose terms hold this; "not CC BY-NC" for those that don\'t.')
]


CharacterOption = Annotated[
    Path | None,
    typer.Option("--character", help="Your own rigged .glb or .vrm: it is written to OUT with the motion in it."),
]
CharacterMapOption = Annotated[
    Path | None,
    typer.Option("--character-map", help="File with lines left_knee = BONE, for a character of unknown names."),
]


def _print_version(flag: bool) -> None:
    if flag:
        typer.echo(f"motionclip {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Text to human motion and back: MotionCLIP for everyone."""


@app.command("app")
def open_app(
    host: Annotated[
        str, typer.Option(envvar="GRADIO_SERVER_NAME", help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", help="Port to listen on.")] = 7860,
    share: Annotated[bool, typer.Option(help="Also give a public link through gradio.live.")] = False,
    model: ModelOption = None,
    clip: ClipOption = None,
    body: Annotated[
        str | None,
        typer.Option(
            envvar="MOTIONCLIP_BODY",
            help="Folder with SMPL's own files, for the stage to show that body, too; never where strangers can come.",
        ),
    ] = None,
    queue: Annotated[int, typer.Option(min=1, help="Requests that may wait; further ones are refused.")] = QUEUE,
    mcp: Annotated[
        bool, typer.Option(help="Also serve the endpoints as tools to MCP clients; on a Space the default.")
    ] = "SPACE_ID" in os.environ,  # a Space, which is tagged with it
) -> None:
    """Start the app: a page for the browser.

    motionclip app --port 8000 --model weights/open
    """
    with _plain_errors():
        clip_weights.insist()
        launch = importlib.import_module(project_folders.app_package()).launch
        # As Ctrl-C: the server closes, and the files of results are cleared away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        launch(model, host, port, share, queue, mcp, clip, body)


@app.command()
def generate(
    out: Annotated[Path, typer.Option("--out", "-o", help="File (.npz .bvh .glb .vrma .npy .mp4 .gif), or a folder.")],
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help='What to do: "a person walks like a zombie".')
    ] = None,
    file: FileOption = None,
    frames: UsualFramesOption = None,
    seed: SeedOption = 0,
    closeness: ClosenessOption = CLOSENESS,
    samples: Annotated[int, typer.Option(min=1, max=MAX_SAMPLES, help="Different motions for one text.")] = 1,
    storyboard: Annotated[
        Path | None, typer.Option(help='One motion of blocks: {"blocks": [{"text": "walk", "seconds": 2, "seed": 0}]}.')
    ] = None,
    suffix: Annotated[str | None, typer.Option("--format", help="Suffix of the files in a folder; npz.")] = None,
    character: CharacterOption = None,
    character_map: CharacterMapOption = None,
    model: ModelOption = None,
    clip: ClipOption = None,
) -> None:
    """Turn text into motion files.

    motionclip generate "a person walks like a zombie" -o zombie.mp4

    motionclip generate "walk" "jump" "bow" -o out/ --format bvh --frames 90

    motionclip generate "walk, then bow, then wave goodbye" -o steps.mp4 (each step has --frames)

    motionclip generate --storyboard FILE.json -o story.mp4 (each block with its own words, length and seed)

    motionclip generate "walk" -o me-walking.glb --character me.vrm

    motionclip generate --file paper_texts.txt -o out/ (a text a line; all of them in out/grid.mp4, too)
    """
    with _plain_errors():
        clip_weights.insist()
        from .pipeline import MotionCLIP

        suffix = "." + (suffix or ("glb" if character else "npz")).lstrip(".")
        bones = _bone_names(character, character_map)
        if storyboard is not None:
            if texts or file or samples > 1 or character:
                raise RequestError(
                    "--storyboard: can't be combined with TEXT, --file, --samples or --character; leave these out"
                )
            _write_story(storyboard, out if out.suffix else out / f"{storyboard.stem}{suffix}", closeness, model, clip)
        elif file is not None:
            if character is not None:
                raise RequestError("--character: is for TEXT, not for --file")
            from . import paper_inputs

            mc = MotionCLIP.from_pretrained(model, clip=clip)
            _write_sheet(list(paper_inputs.texts(mc, file, frames, seed, closeness)), out, suffix)
        else:
            prompts = _required(texts, "TEXT")
            _check_output(prompts, samples, out, suffix, character)
            mc = MotionCLIP.from_pretrained(model, clip=clip)
            if samples > 1:
                motions = mc.generate(prompts[0], frames=frames, seed=seed, closeness=closeness, samples=samples)
            else:
                motions = mc.generate(prompts, frames=frames, seed=seed, closeness=closeness)
            for path, motion in zip(_paths(out, suffix, prompts * samples), motions, strict=True):
                typer.echo(motion.save(path, character=character, names=bones))
                _tell_steps(motion)


@app.command()
def interpolate(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the motions along the way.")],
    start: Annotated[
        str | None, typer.Argument(metavar="A", help="Words, or a motion file (.bvh, .npz, .npy, …).")
    ] = None,
    end: Annotated[str | None, typer.Argument(metavar="B", help="Words, or a motion file.")] = None,
    file: FileOption = None,
    data: KnownOption = None,
    steps: Annotated[
        int | None, typer.Option(min=2, max=MAX_STEPS, help="How many, both ends included; 11, and 5 for --file.")
    ] = None,
    frames: FramesOption = 60,
    seed: SeedOption = 0,
    suffix: Annotated[str, typer.Option("--format", help="Suffix of the files.")] = "npz",
    blend: Annotated[Path | None, typer.Option(help="Also write one long clip that becomes the other.")] = None,
    path: Annotated[
        Course | None,
        typer.Option(
            help="The way through the latents: along the great circle, or as in the paper in a straight line; by "
            "default spherical, and for --file linear where latents aren't normalised."
        ),
    ] = None,
    model: ModelOption = None,
    clip: ClipOption = None,
) -> None:
    """Make the motions between two motions.

    motionclip interpolate "walk" "dance salsa" -o path/ --blend walk-to-salsa.mp4

    motionclip interpolate "walk" "dance salsa" -o path/ --path linear (as in the paper)

    motionclip interpolate --file paper_interps.csv -o out/ (columns start, end; all of them in out/grid.mp4, too)
    """
    with _plain_errors():
        clip_weights.insist()
        from .pipeline import MotionCLIP

        if file is not None:
            from . import paper_inputs

            mc = MotionCLIP.from_pretrained(model, clip=clip)
            known = paper_inputs.Known(mc, data)
            rows = paper_inputs.interpolations(mc, file, known, steps or paper_inputs.STOPS, frames, seed, path)
            _write_sheet(list(rows), out, "." + suffix.lstrip("."))
            return
        a, b = _end(_required(start, "A")), _end(_required(end, "B"))
        mc = MotionCLIP.from_pretrained(model, clip=clip)
        for number, motion in enumerate(mc.interpolate(a, b, steps or 11, seed, frames, path or "spherical")):
            typer.echo(motion.save(out / f"{number:03d}.{suffix.lstrip('.')}"))
        if blend:
            typer.echo(mc.blend(a, b, seed=seed).save(blend))


@app.command()
def edit(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File (.npz .bvh .glb .vrma .npy .mp4 .gif); for --file a folder.")
    ],
    base: Annotated[str | None, typer.Argument(help="What to change: words, or a motion file.")] = None,
    source: Annotated[str | None, typer.Option("--from", help="What it is like: words, or a motion file.")] = None,
    target: Annotated[str | None, typer.Option("--to", help="What it should be like: words, or a motion file.")] = None,
    file: FileOption = None,
    data: KnownOption = None,
    suffix: Annotated[str, typer.Option("--format", help="Suffix of the files of --file.")] = "npz",
    strength: Annotated[
        float, typer.Option(min=-MAX_STRENGTH, max=MAX_STRENGTH, help="How strong the change is; 0 changes nothing.")
    ] = 1.0,
    part: Annotated[Part, typer.Option(help="The part of the body that changes.")] = "whole body",
    frames: FramesOption = 60,
    seed: SeedOption = 0,
    model: ModelOption = None,
    clip: ClipOption = None,
) -> None:
    """Apply the difference between two motions, such as a style, to a third one, whose timing and path stay.

    motionclip edit my-walk.bvh --from "walk" --to "walk like an old person" -o old.bvh

    motionclip edit --file paper_edits.csv -o out/ (columns motion_source, base, v_start, v_end; also out/grid.mp4)
    """
    with _plain_errors():
        clip_weights.insist()
        from .pipeline import MotionCLIP

        if file is not None:
            from . import paper_inputs

            mc = MotionCLIP.from_pretrained(model, clip=clip)
            rows = paper_inputs.edits(mc, file, paper_inputs.Known(mc, data), strength, frames, seed)
            _write_sheet(list(rows), out, "." + suffix.lstrip("."))
            return
        arguments = {"BASE": base, "--from": source, "--to": target}
        original, before, after = (_end(_required(words, name)) for name, words in arguments.items())
        mc = MotionCLIP.from_pretrained(model, clip=clip)
        typer.echo(mc.edit(original, before, after, strength, frames, seed, part).save(out))


@app.command()
def recognize(
    motions: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Motion files (.bvh, .npz, .npy, …).")],
    labels: Annotated[
        str | None,
        typer.Option(
            help='A text file, a label a line, or "babel" for BABEL\'s 60; by default what the model learned.'
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels to show.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the timeline.")] = False,
    model: ModelOption = None,
    clip: ClipOption = None,
) -> None:
    """Read what motions show; for long ones, from when to when.

    motionclip recognize clip.bvh --labels my-labels.txt
    """
    with _plain_errors():
        clip_weights.insist()
        from .labels import BABEL_60, load_labels
        from .motion.motion import Motion
        from .pipeline import MotionCLIP

        inputs = [(path, Motion.load(path)) for path in motions]
        names = None if labels is None else list(BABEL_60) if labels == "babel" else load_labels(Path(labels))
        mc = MotionCLIP.from_pretrained(model, clip=clip)
        answers = []
        for path, motion in inputs:
            best, segments = mc.recognize(motion, names, top), mc.timeline(motion, names)
            answers.append(
                {
                    "file": str(path),
                    "labels": [{"label": label, "score": round(score, 4)} for label, score in best],
                    "timeline": [vars(segment) for segment in segments],
                }
            )
            if not as_json:
                typer.echo(f"{path}  " + ", ".join(f"{label} {score:.2f}" for label, score in best))
                if len(segments) > 1:
                    for segment in segments:
                        typer.echo(f"  {segment.start:6.1f} – {segment.end:6.1f} s  {segment.label}")
        if as_json:
            typer.echo(json.dumps(answers, indent=1))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Motion file, or a folder of them.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="File (.npz .bvh .glb .vrma .npy .mp4 .gif), or a folder.")
    ],
    suffix: Annotated[str | None, typer.Option("--format", help="Suffix of the files in a folder; npz.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="Of npz: smpl, amass (156 columns), smplx (165); of npy: joints, humanml3d.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=1, max=10_000, help="The frame rate, if the file's is wrong.")
    ] = None,
    up: Annotated[Axis | None, typer.Option(help="The axis that points up, if the guess is wrong.")] = None,
    names: Annotated[
        Path | None,
        typer.Option("--map", help="File with lines left_knee = JOINT, for unknown names."),
    ] = None,
    character: CharacterOption = None,
    character_map: CharacterMapOption = None,
) -> None:
    """Convert motion files to the SMPL body and to another format, and print what each file holds.

    motionclip convert mixamo.bvh amass.npz

    motionclip convert mocap/ out/ --format npy --layout humanml3d

    motionclip convert walk.bvh me-walking.glb --character me.vrm
    """
    with _plain_errors():
        with progress.shown(source.name, delay=0):
            progress.step("starting")  # importing torch takes a while
            from .files import read_map
            from .files.conversion import Conversion

        if suffix and target.suffix and not source.is_dir():
            raise RequestError(f"--format: {target.name} says it already; leave --format out, or give a folder")
        joint_map = read_map(names) if names else {}
        bones = _bone_names(character, character_map)
        suffix = "." + (suffix or ("glb" if character else "npz")).lstrip(".")
        conversion = Conversion(source, target, suffix, layout, up, fps, joint_map, character, bones)
        refusals = 0
        for path, report, success in conversion.run():
            typer.echo(f"{path.name}: {report}" if success else f"refused: {report}", err=not success)
            refusals += not success
        if refusals:
            raise RequestError(f"{source}: {refusals} file{'s were' if refusals > 1 else ' was'} refused")


@app.command()
def download(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="As in user/name.")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit; by default the newest.")] = None,
) -> None:
    """Fetch a model from the Hugging Face Hub into the standard cache, checked, once for all commands.

    HF_TOKEN opens private repos, HF_HUB_CACHE chooses the place, HF_HUB_OFFLINE=1 uses only what is there.
    """
    with _plain_errors():
        from . import hub

        typer.echo(hub.download(repo, revision))
        typer.echo(f'try: motionclip generate "a person walks" -o walk.mp4 --model {repo}')


@app.command()
def push(
    repo: Annotated[str, typer.Argument(metavar="REPO", help="As in user/name; made if it isn't there.")],
    model: ModelOption = None,
    metrics: Annotated[Path | None, typer.Option(help="What `evaluate --json` wrote, for the model card.")] = None,
    private: Annotated[bool, typer.Option(help="Make a new repo private.")] = False,
) -> None:
    """Put a model on the Hugging Face Hub, with its card. Needs `hf auth login` or HF_TOKEN."""
    with _plain_errors():
        from .evaluation.table import as_json, from_json
        from .pipeline import MotionCLIP

        mc = MotionCLIP.from_pretrained(model)
        figures = as_json(from_json(metrics)) if metrics else []
        if figures:
            mc.card = None  # written again, with the figures
        typer.echo(mc.push_to_hub(repo, private=private or None, model_card_kwargs={"metrics": figures}))


@app.command()
def models() -> None:
    """List the models on this machine, by the name that --model takes."""
    from . import hub

    for name, folder in hub.local_models().items():
        typer.echo(f"{name}  {folder}")


@app.command()
def import_official(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="As in checkpoint_0100.pth.tar.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the model.")],
    heads: Annotated[int, typer.Option(min=1, help="Attention heads; the file doesn't hold their number.")] = 4,
    up: Annotated[
        str | None,
        typer.Option(
            help="The axis that points up in its motions: z, or y if trained with --align_pose_frontview; "
            "by default as opt.yaml beside it says, else z."
        ),
    ] = None,
) -> None:
    """Import a checkpoint of the authors' code: every command then takes it as --model.

    motionclip import-official exps/paper-model/checkpoint_0100.pth.tar paper-model/
    """
    with _plain_errors():
        from .models.official import import_official as run
        from .models.transformer import ALIGNED

        config = run(checkpoint, out, heads, up)
        typer.echo(f"{out}: {config.layers} layers, {config.heads} heads, latents of {config.latent} numbers")
        typer.echo(
            "trained on motions that were turned to the front, as by --align_pose_frontview"
            if config.heading == ALIGNED
            else "trained on motions that keep their heading, the authors' default; for others add --up y"
        )
        if config.tower is None:
            typer.echo("CLIP's latents have 512: this model encodes and decodes motion, but it can't take text")
        else:
            typer.echo(f'try: motionclip generate "a person walks" -o walk.mp4 --model {out}')


@app.command()
def prepare(
    amass: Annotated[Path, typer.Option(help="Folder of AMASS's subsets (CMU/, KIT/, …), SMPL+H, as downloaded.")],
    babel: Annotated[Path, typer.Option(help="Folder of BABEL's release, with train.json and val.json.")],
    out: Annotated[Path, typer.Option(help="Folder for clips/ and labels.csv.")],
    split: Annotated[str, typer.Option(help='"amass" as in the paper, "babel" for its recognition.')] = "amass",
    cut: Annotated[str, typer.Option(help='"labels", a clip for each; or "chunks", as the paper\'s code.')] = "labels",
    hands: Annotated[bool, typer.Option(help="Turn the hands as SMPL+H's first fingers, as the paper's code.")] = False,
    texts: Annotated[str, typer.Option(help='"labels", or "classes" for only BABEL\'s 60 class names.')] = "labels",
    others: Annotated[
        str, typer.Option(help='Subsets that AMASS\'s split doesn\'t name: "leave out", "train", "val" or "test".')
    ] = "leave out",
) -> None:
    """Cut AMASS recordings into clips by BABEL's labels, for `train` and `evaluate`.

    Both are free for research after registering: amass.is.tue.mpg.de and babel.is.tue.mpg.de.

    motionclip prepare --amass AMASS --babel BABEL --out paper-data --cut chunks --hands   (for --config clip)
    """
    with _plain_errors():
        from .training.prepare import Choices, prepare_babel

        summary = prepare_babel(amass, babel, out, Choices(split, cut, hands, texts, others))
        typer.echo(f"{summary.clips} clips in {out}")
        for count, why in (
            (summary.missing, f"that BABEL labels: not in {amass}"),
            (summary.odd_rates, "left out: their frame rate is no multiple of about 30 per second"),
            *(
                (n, f"of {subset} left out: its split is not known; choose one with --others")
                for subset, n in summary.unknown.items()
            ),
        ):
            if count:
                typer.echo(f"{count} recording{'s' * (count != 1)} {why}")


@app.command()
def train(
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for checkpoints and the finished model.")],
    config: Annotated[
        str, typer.Option(help="TOML file, or one of configs/: default, finetune, paper, clip, classes.")
    ] = "default",
    steps: Annotated[int | None, typer.Option(min=1, help="Number of steps; by default the config's.")] = None,
    seed: Annotated[int | None, typer.Option(help="By default the config's.")] = None,
    licence: LicenceOption = None,
    resume: Annotated[bool, typer.Option(help="Go on from a checkpoint in OUT.")] = True,
    start_from: Annotated[
        Path | None,
        typer.Option(
            help="Begin with the weights of this model folder, which has the same sizes; for example weights/open."
        ),
    ] = None,
    clip: ClipOption = None,
) -> None:
    """Train a model on labelled motion. Stop it at any time: the same command goes on from the last checkpoint.

    Several processes or GPUs: accelerate launch -m motionclip train ...
    """
    with _plain_errors():
        clip_weights.insist()
        from .training.train import TrainConfig
        from .training.train import train as run

        run(data, out, TrainConfig.load(config, steps=steps, seed=seed), licence, resume, start_from, clip)
        typer.echo(f'the model is in {out}; try: motionclip generate "walk" -o walk.mp4 --model {out}')


@app.command()
def index(
    data: DataOption,
    model: Annotated[Path, typer.Option(help="The model's folder; its bank and reader are replaced.")],
    licence: LicenceOption = None,
    reader: Annotated[
        bool | None,
        typer.Option(help="Whether the reader of texts is made, too; by default where DATA has a words.json."),
    ] = None,
    clip: ClipOption = None,
) -> None:
    """Make a model's bank of known motions and its reader of texts again, as `train` does at its end.

    A model with a reader follows sides, counts and tempo, and draws texts to known ones. Without, it decodes a text's
    own latent, as in the paper.
    """
    with _plain_errors():
        clip_weights.insist()
        from .training.captions import WORDS
        from .training.train import index as run

        reads = (data / WORDS).is_file() if reader is None else reader
        run(data, model, licence, reads, clip)
        typer.echo(f"the bank{' and the reader are' if reads else ' is'} in {model}")


@app.command()
def draw_map(
    model: Annotated[Path, typer.Option(help="The model's folder; its bank's map is replaced, all else stays.")],
    clip: ClipOption = None,
) -> None:
    """Draw the map of a model's known motions again, as `train` and `index` do with the bank. Needs scikit-learn."""
    with _plain_errors():
        clip_weights.insist()
        from .models.storage import BANK_FILE, read_config
        from .towers.loading import load_tower
        from .training.map_drawing import draw_map as run

        if not (model / BANK_FILE).is_file():
            raise MissingFile(model, f"holds no bank of known motions ({BANK_FILE}); make one with `motionclip index`")
        config = read_config(model)
        atlas = run(model, load_tower(config.tower or "", config.normalised, clip))
        typer.echo(f"{len(atlas.points)} motions in {len(atlas.families)} families are on the map in {model}")


@app.command()
def train_evaluator(
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder for the evaluator.")],
    steps: Annotated[int, typer.Option(min=1)] = 8000,
    seed: Annotated[int, typer.Option()] = 1234,
) -> None:
    """Train the independent evaluator that `evaluate` uses, on real motion only."""
    with _plain_errors():
        from .evaluation.evaluator import train_evaluator as run
        from .training.dataset import load_clips

        run(load_clips(data, "train"), steps, seed=seed).save(out)
        typer.echo(f"the evaluator is in {out}")


@app.command()
def evaluate(
    data: DataOption,
    split: Annotated[Split, typer.Option(help="Tune on val; report test.")] = Split.test,
    model: ModelOption = None,
    clip: ClipOption = None,
    evaluator: Annotated[Path | None, typer.Option(help="The evaluator; by default weights/evaluator.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Draws with other seeds, for the spread.")] = 3,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures as JSON.")] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(help="Figures of another model, as --json wrote them; another column. Repeatable."),
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Also write an HTML page with the table and pictures.")] = None,
) -> None:
    """Measure a model: reconstruction, recognition, text-to-motion, unseen prompts, edits, interpolation.

    motionclip evaluate --data FOLDER --model runs/mine --compare theirs.json --json mine.json --page mine.html
    """
    with _plain_errors():
        clip_weights.insist()
        from . import hub
        from .evaluation.evaluator import Evaluator
        from .evaluation.protocol import evaluate as run
        from .evaluation.report import write_page
        from .evaluation.table import as_json, from_json, table
        from .files.writing import write_atomically
        from .pipeline import MotionCLIP

        others = {path.stem: from_json(path) for path in compare or []}
        mc = MotionCLIP.from_pretrained(model, clip=clip)
        classifier = Evaluator.load(evaluator or hub.DEFAULT / "evaluator")
        figures = run(mc, data, split.value, classifier, repeats=repeats)
        models = {Path(model or "default").name: figures} | others
        typer.echo(table(models))
        if json_file:
            content = json.dumps(as_json(figures), indent=1) + "\n"
            write_atomically(json_file, lambda path: path.write_text(content, encoding="utf-8"))
        if page:
            typer.echo(write_page(page, mc, data, split.value, models))


@app.command()
def space(
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    hardware: Annotated[str, typer.Option(help='What the Space runs on: "cpu", or "gpu" (ZeroGPU, too).')] = "cpu",
) -> None:
    """Put what a Hugging Face Space needs into a folder; then: hf upload USER/SPACE FOLDER --repo-type space"""
    with _plain_errors():
        from .space import make_space

        files = make_space(out, hardware)
        size = sum((out / path).stat().st_size for path in files) / 1e6
        typer.echo(f"{len(files)} files, {size:.0f} MB, in {out}")
        typer.echo(f"now: hf upload USER/SPACE {out} --repo-type space   (which makes the Space if there is none)")


class _plain_errors:
    """Ends the command with a message: what the user can fix in a line, a bug with its traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
            extra = EXTRAS[error.name]
            typer.secho(f"error: this needs {error.name}; pip install 'motionclip[{extra}]'", fg="red", err=True)
            raise typer.Exit(1) from error
        if isinstance(error, MotionCLIPError):
            typer.secho(f"error: {error}", fg="red", err=True)
            raise typer.Exit(1) from error
        if isinstance(error, Exception) and not isinstance(error, (click.ClickException, click.exceptions.Exit)):
            number = log_fault(_log, error)
            typer.secho(
                "error: this is a bug, not your mistake. Please report it with the traceback above and the number "
                f"{number}",
                fg="red",
                err=True,
            )
            raise typer.Exit(70) from error


def _end(words: str) -> Any:
    """A motion file where the words name one, else the words."""
    from .files import READABLE
    from .motion.motion import Motion

    return Motion.load(words) if Path(words).suffix.lower() in READABLE else words


def _bone_names(character: Path | None, character_map: Path | None) -> dict[str, str] | None:
    if character_map is None:
        return None
    if character is None:
        raise RequestError("--character-map: names the bones of a character; give it with --character FILE")
    from .files import read_map

    return read_map(character_map)


def _required(value: T | None, name: str) -> T:
    """The value of what must be given where there is no --file."""
    if not value:
        raise RequestError(f"{name}: is missing; give it, or a --file of lines")
    return value


def _check_suffix(suffix: str, known: Sequence[str]) -> None:
    if suffix not in known:
        raise RequestError(f"{suffix}: this format can't be written; use one of {', '.join(known)}")


def _check_output(texts: Sequence[str], samples: int, out: Path, suffix: str, character: Path | None) -> None:
    """Refuse what can't be written to OUT, before anything is generated."""
    from .files import FOR_CHARACTERS, FOR_TOOLS, WRITABLE

    if samples > 1 and len(texts) > 1:
        raise RequestError("--samples: works with one TEXT only; give one, or leave out --samples")
    count = max(len(texts), samples)
    if out.suffix and count > 1:
        raise RequestError(f"{out}: is one file, but there are {count} motions; give a folder, as in -o out/")
    _check_suffix(out.suffix.lower() or suffix, FOR_CHARACTERS if character else WRITABLE + FOR_TOOLS)


def _write_story(path: Path, out: Path, closeness: float, model: str | None, clip: Path | None) -> None:
    """Write the motion of a storyboard file, and print where its blocks are."""
    from . import storyboard
    from .files import FOR_TOOLS, WRITABLE
    from .pipeline import MotionCLIP

    _check_suffix(out.suffix.lower(), WRITABLE + FOR_TOOLS)
    blocks = storyboard.load(path)
    story = MotionCLIP.from_pretrained(model, clip=clip).storyboard(blocks, closeness)
    typer.echo(story.motion.save(out))
    _tell_steps(story.motion)


def _tell_steps(motion: Motion) -> None:
    """Print where the steps of a motion are."""
    for step in motion.steps:
        start, end = step.seconds
        typer.echo(f"  {start:6.1f} – {end:6.1f} s  {step.words}")


def _write_sheet(rows: list[Row], out: Path, suffix: str) -> None:
    """Write the motions of a --file and their grid. Print each line's notes, and why a line could not be done."""
    from . import paper_inputs
    from .files.writing import write_atomically
    from .viz import grid
    from .viz.render import write_video

    for path in paper_inputs.save(rows, out, suffix):
        typer.echo(path)
    for row in rows:
        for note in row.notes:
            typer.echo(f"line {row.line}: {note}")
        if row.impossible:
            typer.secho(f"line {row.line}: skipped: {row.impossible}", fg="red", err=True)
    if not rows:
        raise RequestError("--file: holds no lines")
    successes = [row for row in rows if row.motions]
    if not successes:
        raise RequestError("--file: no line could be processed; the messages above say why")
    motions, titles = [list(row.motions) for row in successes], [list(row.titles) for row in successes]
    if all(len(row) == 1 for row in motions):
        motions, titles = grid.wrapped([one for (one,) in motions]), grid.wrapped([one for (one,) in titles])
    write_atomically(out / "grid.mp4", lambda path: write_video(grid.grid(motions, titles), path))
    typer.echo(out / "grid.mp4")


def _paths(out: Path, suffix: str, texts: Sequence[str]) -> list[Path]:
    """OUT for a single file, else a file in OUT for each text, named after it, with a number where names repeat."""
    if out.suffix:
        return [out]
    names = [re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:60] or "motion" for text in texts]
    return [
        out / f"{name}{'' if names.count(name) == 1 else f'-{number}'}{suffix}"
        for number, name in enumerate(names, start=1)
    ]
