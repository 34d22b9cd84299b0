"""MotionCLIP, the one object that programs and the app hold: text and motion in, motion and labels out."""

from __future__ import annotations

import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, overload

import torch
from huggingface_hub import ModelHubMixin
from torch.nn import functional

from . import composition, counting, hub, prompt_parsing, storyboard
from .bank import CONTRAST, Bank, Entry, Traits, Waypoint
from .completions import COUNT, Completion, Completions
from .constants import CLOSENESS, FPS, MAX_FRAMES, MAX_SAMPLES, MAX_STEPS, MAX_STRENGTH, MAX_TEXT
from .errors import RequestError, TowerMismatch
from .evenness import even_steps
from .files.writing import write_atomically
from .labels import BABEL_60, NORMAL, phrase
from .models import storage
from .models.interface import Edit, Known
from .motion import features
from .motion.body_parts import BODY_PARTS, BodyPart
from .motion.motion import Motion
from .motion.windows import cut_windows, window_starts, windows_at
from .prompt_parsing import swap_sides
from .reader import Reader, Reading, naming_stems, stems, unity
from .recognition import Segment, cosines
from .storyboard import Block, Story
from .takes import TakeLabel
from .towers.interface import TextTower
from .towers.loading import fits, load_tower
from .verdict import Verdict, decide

MODEL_CARD = """---
{{ card_data }}
---
# A MotionCLIP model

Text to human motion and back, in the latent space of a language model: a model folder of
[MotionCLIP for everyone]({{ repo_url | default("https://arxiv.org/abs/2203.08063", true) }}).

```python
from motionclip import MotionCLIP

mc = MotionCLIP.from_pretrained("USER/THIS-REPO")
mc.generate("a person walks").save("walk.bvh")
```
{% if metrics %}
| what | figure |
|---|---|
{% for f in metrics %}| {{ f.group }}: {{ f.name }} | {{ "%.4g" | format(f.value) }} {{ f.unit }} |
{% endfor %}
{% else %}
It has not been measured: `motionclip evaluate --model FOLDER --data DATA`.
{% endif %}"""
SAMPLE_SEEDS = 7919  # between the seeds of the samples of one text
DRAW_SEEDS = 104_729  # between the draws of one sample
SIDED_DRAWS = 6  # of what is to be done with one side
GAP_COST = 5.0  # of a metre between the end of a step and the start of the next, in nats
# Of the whole's confidence: up to which the second of two things done at once may be left out, and of two that are only
# joined by "and".
LEFT_OUT, LEFT_OUT_JOINED = 0.38, 0.8
ONE_BEFORE = 3.0  # logarithm of how much likelier it is, before any reading, that a text means one action
USUAL_FRAMES = 60  # of what no known motion says how long it takes
COUNTED_FRAMES = 90  # in which what is counted is done at least once
JOIN = 20  # frames over which a step that is not decoded as it comes becomes the next
UNDESCRIBED, DESCRIBED = 0.2, 0.5  # cosines of a motion and a text that says nothing of it, and one that names it

# What a latent can be asked for by: a text, a motion, an entry of the bank, or itself.
End = str | Motion | Entry | torch.Tensor
Course = Literal["spherical", "linear"]


@dataclass(frozen=True)
class Step:
    """One thing that a prompt asks for: its words, what they are taken for, and the latents to decode.

    Attributes:
        clause: its words and their details.
        readings: of the body's action, and of the arms' where they do another; none for a model without a reader.
        z: (D,) the latent; with arms, the body's.
        arms: (D,) the arms' latent; None where they do the same as the body.
        closeness: how much it is taken as the nearest known action, 0–1.
        takes: the known motions of the body's action and of the arms', in the style of the words, where the model has
            some.
    """

    clause: prompt_parsing.Clause
    readings: tuple[Reading, ...]
    z: torch.Tensor
    arms: torch.Tensor | None = None
    closeness: float = CLOSENESS
    takes: tuple[TakeLabel, ...] = ()

    @property
    def usual(self) -> int:
        """The frames that it usually takes; of a body that goes on for long, those of the arms."""
        return max((take.frames for take in self.takes), default=USUAL_FRAMES)

    @property
    def plain(self) -> bool:
        """Whether it is decoded as it comes."""
        clause = self.clause
        plain = clause.side is None and clause.count is None and clause.tempo == 1 and clause.lasts is None
        return self.arms is None and plain

    @property
    def styles(self) -> tuple[str, ...]:
        """The style that each of its actions is shown in."""
        return tuple(take.style for take in self.takes) or (NORMAL,) * len(self.readings)

    @property
    def shown(self) -> tuple[str, ...]:
        """Its actions in the words for these styles."""
        return tuple(phrase(reading.action, style) for reading, style in zip(self.readings, self.styles, strict=True))

    def frames(self, asked: int | None) -> int:
        """Say how many frames it takes: as long as its words say, as asked, or as usual.

        Args:
            asked: the frames of a step whose words name no length; None for the usual ones.

        Returns:
            Frames, 30 per second.
        """
        return round(self.clause.lasts * FPS) if self.clause.lasts else asked or self.usual


@dataclass(frozen=True)
class Draw:
    """One of several motions of a step.

    Attributes:
        seed: of its noise.
        known: the known motion that it sets out from, if any.
        motion: (frames, 149) features.
    """

    seed: int
    known: Known | None
    motion: torch.Tensor


class MotionCLIP(
    ModelHubMixin,
    library_name="motionclip",
    pipeline_tag="text-to-3d",
    tags=["motion", "text-to-motion", "motion-capture", "smpl"],
    model_card_template=MODEL_CARD,
):
    """A motion model, the text tower that it is aligned with, and its bank of known motions.

    Args:
        model: encodes motions and decodes latents.
        tower: the text tower; by default the one that the model's config names, loaded when first needed.
        bank: the known motions.
        card: the text of the model card.
        reader: says which known action a text means.
        clip: where CLIP's weights are, as for `from_pretrained`.

    Raises:
        TowerMismatch: for a tower that the model isn't aligned with.
    """

    def __init__(
        self,
        model: storage.Model,
        tower: TextTower | None = None,
        bank: Bank | None = None,
        card: str | None = None,
        reader: Reader | None = None,
        clip: str | PathLike[str] | None = None,
    ) -> None:
        wanted = model.config.tower
        if tower is not None and not fits(tower.name, wanted):
            raise TowerMismatch(f"this model is aligned with the tower {wanted!r}, not with {tower.name!r}")
        self.model, self.bank, self.card, self.reader, self._tower, self._clip = model, bank, card, reader, tower, clip
        self._verbs = prompt_parsing.verb_stems(bank.actions if bank else ())

    @classmethod
    def from_pretrained(  # type: ignore[override]  # None is the project's own
        cls,
        source: str | PathLike[str] | None = None,
        tower: TextTower | None = None,
        revision: str | None = None,
        clip: str | PathLike[str] | None = None,
        **options: Any,
    ) -> MotionCLIP:
        """Load a model: a folder, a Hub repo ("user/name"), or by default the project's own, in weights/.

        Args:
            source: the folder or repo.
            tower: a text tower in place of the one that the model's config names.
            revision: branch, tag or commit of a Hub repo.
            clip: a file of CLIP's weights (OpenAI's ViT-B-32.pt, or a checkpoint of open_clip's), or a folder that
                holds it, for a model in a CLIP's space; by default that of MOTIONCLIP_CLIP, or what `clip_files.find`
                finds.
            options: for the Hub: token, cache_dir, force_download, local_files_only.

        Returns:
            The model with its bank and its reader, where its folder has them.

        Raises:
            FileNotFoundError: where there is no model.
            HubError: where the Hub can't give it.
            ModelFolderError: where its files can't be loaded.
            TowerMismatch: for a tower that it isn't aligned with.
        """
        folder = hub.locate(source, revision, **options)
        model = storage.load(folder)
        bank = Bank.load(folder) if (folder / storage.BANK_FILE).is_file() else None
        card = folder / hub.CARD
        reader = Reader.load(folder) if bank and (folder / storage.READER_FILE).is_file() else None
        return cls(model, tower, bank, card.read_text(encoding="utf-8") if card.is_file() else None, reader, clip)

    def save_pretrained(  # type: ignore[override]  # by the name that the rest of the class has for it
        self,
        folder: str | PathLike[str],
        *,
        repo_id: str | None = None,
        push_to_hub: bool = False,
        model_card_kwargs: dict[str, Any] | None = None,
        config: object = None,
        **push_options: Any,
    ) -> str | None:
        """Write config.json, model.safetensors, the model card and, where there is one, the bank.

        Each file is replaced as a whole or not at all.

        Args:
            folder: where to; it is made where it is missing.
            repo_id: the Hub's repo; by default the folder's name.
            push_to_hub: whether the model goes to the Hub, too, as by `push_to_hub`.
            model_card_kwargs: may hold `metrics`: the figures of `evaluate`, for the card's table.
            config: not used: the model's own is written.
            push_options: for `push_to_hub`.

        Returns:
            The commit's address with push_to_hub, else None.
        """
        folder = Path(folder)
        storage.save(self.model, folder)
        if self.bank is not None:
            self.bank.save(folder)
        if self.reader is not None:
            self.reader.save(folder)
        card = self.card or str(self.generate_model_card(**{"metrics": [], **(model_card_kwargs or {})}))
        write_atomically(folder / hub.CARD, lambda path: path.write_text(card, encoding="utf-8"))
        if push_to_hub:
            return self.push_to_hub(repo_id or folder.name, model_card_kwargs=model_card_kwargs, **push_options)
        return None

    @property
    def tower(self) -> TextTower:
        """The text tower, loaded when first needed.

        Raises:
            RequestError: where the config names an unknown tower.
            TowerMismatch: for a model that is aligned with no tower.
            TowerUnavailable: where its library or weights are missing.
        """
        if self._tower is None:
            if self.model.config.tower is None:
                raise TowerMismatch(
                    f"this model is aligned with no text tower (its latents have {self.model.config.latent} numbers, "
                    "CLIP's 512): it can encode and decode motion, but it can't take text; for text, use another "
                    "model, such as the default"
                )
            self._tower = load_tower(self.model.config.tower, self.model.config.normalised, self._clip)
        return self._tower

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Encode texts by the model's rule: to unit length (the default), or as the tower gives them.

        Args:
            texts: each up to 2,000 characters.

        Returns:
            (texts, D) latents.

        Raises:
            RequestError: for a text that is empty or over 2,000 characters.
            TowerMismatch: for a model that is aligned with no tower.
            TowerUnavailable: where the tower's library or weights are missing.
        """
        return self.tower.encode([_checked(text) for text in texts])

    def encode_motion(self, motions: Sequence[Motion]) -> torch.Tensor:
        """Encode motions into the space of the texts, by the same rule.

        A motion that is shorter than the model's window (60 frames) is held at its last pose. Of a longer one the
        windows, half a window apart, are averaged.

        Args:
            motions: of any length.

        Returns:
            (motions, D) latents.
        """
        return self.model.encode_motions(motions)

    def decode(self, z: torch.Tensor, frames: int = 60, seed: int | Sequence[int] = 0) -> list[Motion]:
        """Decode latents into motions that start at the origin, facing +z.

        Args:
            z: (N, D) latents.
            frames: the length, 30 per second, 1 to 1,800.
            seed: which instance: one for all latents, or one for each of the N.

        Returns:
            One motion for each latent.

        Raises:
            RequestError: for frames outside 1–1,800, another number of seeds, or latents of another shape.
        """
        frames = self._length(frames)
        z = torch.as_tensor(z, dtype=torch.float32)
        if z.ndim != 2 or z.shape[1] != self.model.config.latent or not torch.isfinite(z).all():
            raise RequestError(
                f"z: must be finite numbers of shape (N, {self.model.config.latent}), not {tuple(z.shape)}"
            )
        if isinstance(seed, Sequence) and len(seed) != len(z):
            raise RequestError(f"seed: must be one, or one for each of {len(z)} latents, not {len(seed)}")
        return self.model.decode_motions(z, frames, seed)

    @overload
    def generate(  # type: ignore[overload-overlap]  # a str is a sequence of str, too
        self, text: str, frames: int | None = ..., seed: int = ..., closeness: float = ...
    ) -> Motion: ...
    @overload
    def generate(
        self, text: str, frames: int | None = ..., seed: int = ..., closeness: float = ..., *, samples: int
    ) -> list[Motion]: ...
    @overload
    def generate(
        self, text: Sequence[str], frames: int | None = ..., seed: int | Sequence[int] = ..., closeness: float = ...
    ) -> list[Motion]: ...

    def generate(
        self,
        text: str | Sequence[str],
        frames: int | None = None,
        seed: int | Sequence[int] = 0,
        closeness: float = CLOSENESS,
        *,
        samples: int | None = None,
    ) -> Motion | list[Motion]:
        """Text → motion. One str gives a Motion; several give a list, decoded in one batch.

        A text of several steps ("walk, then bow, then wave goodbye") becomes one motion in which each step leads into
        the next; that takes up to a second more where a body has to get up or down. Sides, tempo and things done at
        once are followed ("kick with the left leg", "walk while waving").

        Args:
            text: what the body does, in English; up to 2,000 characters each.
            frames: the length of each step that does not name it ("walk for 5 seconds"), 30 per second; by default as
                long as what it is taken for usually takes, 2 to 5.3 s. What is counted ("jump three times") or slow
                ("bow slowly") takes as long as it takes.
            seed: which instance; one for all texts, or one for each. The same seed gives the same motion, by itself or
                in a batch.
            closeness: 0 uses the text's own latent, 1 that of the known action that it is taken for; ignored without a
                reader.
            samples: for one str: return a list of this many instances, 1 to 64. The first is the motion without
                `samples`.

        Returns:
            One motion for one str, else a list: one motion for each text, or `samples` of the one text. A motion's
            `steps` say where each step is in it.

        Raises:
            RequestError: for an empty or overlong text, one that says what not to do, frames outside 1–1,800 in all, a
                closeness outside 0–1, another number of seeds than texts, or samples outside 1–64 or for several texts.
        """
        if not 0 <= closeness <= 1:
            raise RequestError(f"closeness: must be from 0 to 1, not {closeness}")
        _check_samples(samples, text)
        texts = [text] if isinstance(text, str) else list(text)
        seeds = _seeds(seed, len(texts))
        plans = self.plan(texts, closeness)
        asked = None if frames is None else self._length(frames)
        _check_frames(plans, asked)
        found = self._plain(plans, asked, seeds, samples or 1)
        for number, steps in enumerate(plans):
            if number not in found:
                found[number] = self._composed(steps, asked, seeds[number], samples or 1)
        named = [[replace(one, name=words) for one in found[number]] for number, words in enumerate(texts)]
        if samples is not None:
            return named[0]
        return named[0][0] if isinstance(text, str) else [one for (one,) in named]

    def _plain(
        self, plans: Sequence[Sequence[Step]], asked: int | None, seeds: Sequence[int], samples: int
    ) -> dict[int, list[Motion]]:
        """By its number, `samples` motions of each text that is one step without details: all are decoded together."""
        simple = [number for number, steps in enumerate(plans) if len(steps) == 1 and steps[0].plain]
        if not simple:
            return {}
        steps = [plans[number][0] for number in simple for _ in range(samples)]
        several = [seeds[number] + of * SAMPLE_SEEDS for number in simple for of in range(samples)]
        best = self._best(steps, [step.frames(asked) for step in steps], several)
        made = features.motions_of(best)
        return {number: made[place * samples : (place + 1) * samples] for place, number in enumerate(simple)}

    def plan(self, texts: Sequence[str], closeness: float = CLOSENESS) -> list[list[Step]]:
        """Plan what `generate` does for each text.

        Args:
            texts: as for `generate`.
            closeness: as for `generate`.

        Returns:
            For each text its steps in order, with their readings and latents.

        Raises:
            RequestError: for a text that is empty or overlong, or that says what not to do.
        """
        asked = [self._clauses(_checked(text)) for text in texts]
        words = list(dict.fromkeys(part for of in asked for clause in of for part in _parts(clause)))
        z = dict(zip(words, self.tower.encode(words), strict=True))
        readings = self._readings(words, z)
        plans = []
        for of in asked:
            steps: list[Step] = []
            for clause in self._merged(of, readings):
                steps += self._steps(clause, z, readings, closeness)
            plans.append(steps)
        return plans

    def steps(self, text: str) -> list[str]:
        """Split a text into the steps that `generate` makes of it: "jump twice, then bow" → two.

        Args:
            text: as for `generate`.

        Returns:
            The words of each step, with their details.

        Raises:
            RequestError: as by `plan`.
        """
        (steps,) = self.plan([text])
        return [step.clause.words for step in steps]

    def decode_step(self, step: Step, frames: int, seed: int) -> torch.Tensor:
        """Decode one step of a plan. What is slow is done as far as it comes in this time.

        Args:
            step: one of `plan`.
            frames: the length, 30 per second. What is counted takes as long as it takes.
            seed: which instance.

        Returns:
            (frames, 149) features.
        """
        return self._within(step, frames, seed, [None])[0]

    def going_on(self, before: torch.Tensor | None, step: Step, motion: torch.Tensor) -> torch.Tensor:
        """Let who sits or kneels stay so while only the arms act, unless told to stand; and who stands, stand.

        Args:
            before: (any, 149) features of what the step follows; None for nothing.
            step: one of `plan`.
            motion: (frames, 149) features of the step by itself.

        Returns:
            (frames, 149) features of the step; the motion as it is where the body does not stay as it was.
        """
        traits = [self._banked().traits[reading.action] for reading in step.readings]
        arms = bool(traits) and all(trait.arms for trait in traits) and "stand" not in stems(step.clause.text)
        if before is not None and arms and composition.sits(before) and composition.moves_only_arms(motion):
            return composition.in_posture(before, motion)
        if before is not None and arms and composition.stands(before) and composition.sits(motion):
            ((stand,),) = self.plan([prompt_parsing.STANDS])
            return composition.with_arms(self.decode_step(stand, len(motion), seed=0), motion)
        return motion

    def blocks(self, text: str, seconds: float | None = None, seed: int = 0) -> list[Block]:
        """Split a prompt into a storyboard's blocks: "walk for 3 seconds, then sit down" → two blocks.

        Args:
            text: as for `generate`.
            seconds: the length of each step that names none; by default as long as it usually takes.
            seed: the first block's; the others have the next ones.

        Returns:
            A block for each step.

        Raises:
            RequestError: for a text that `generate` does not take, and lengths outside the limits.
        """
        return storyboard.from_text(self, text, seconds, seed)

    def storyboard(self, blocks: Sequence[Block], closeness: float = CLOSENESS, kept: Story | None = None) -> Story:
        """Make one motion of up to 60 s of blocks, each with its own words, length and seed.

        Each block leads into the next over the next one's first second, or half of it. A block's motion depends on that
        block only, but for its join, where the body stands, and whether it sits while its arms act: change one block's
        seed, and the others stay.

        Args:
            blocks: in order. What is counted ("jump three times") takes as long as it takes.
            closeness: as for `generate`.
            kept: a story made before; those of its blocks that are asked for again are not decoded again. The result is
                the same without it.

        Returns:
            The motion, and where each block is in it.

        Raises:
            StoryboardError: names the block and the field.
        """
        return storyboard.make(self, blocks, closeness, kept)

    def map_position(self, end: End) -> tuple[float, float]:
        """Find a place on the map of known motions.

        The map itself is `bank.atlas`: points, families and which action belongs to which.

        Args:
            end: a text, a Motion, an entry of the bank, or a latent.

        Returns:
            x and y, each from −1 to 1.

        Raises:
            RequestError: for a model without a map, and a text or latent that can't be used.
        """
        bank = self._banked()
        if isinstance(end, Entry):
            x, y = bank.drawn_atlas.points[end.index].tolist()
            return x, y
        return bank.map_position(self._shown(end))

    def waypoints(self, a: End, b: End, steps: int = 41) -> list[Waypoint]:
        """Find the known motions that the way from a to b passes; the ends' own are among them.

        Args:
            a: the start: a text, a Motion, an entry of the bank, or a latent.
            b: the end, likewise.
            steps: at how many points of the way to look, 2 to 101.

        Returns:
            The known motions in order, each label once, with their places on the way and on the map.

        Raises:
            RequestError: for a model without a map, and steps outside 2–101.
        """
        bank = self._banked()
        share = torch.linspace(0, 1, _checked_steps(steps))
        passed = bank.passed(_between(self._shown(a), self._shown(b), share, "spherical"))
        points = bank.drawn_atlas.points
        return [
            Waypoint(float(share[step]), (float(points[entry.index, 0]), float(points[entry.index, 1])), entry)
            for step, entry in passed
        ]

    def completions(self, typed: str, count: int = COUNT) -> list[Completion]:
        """Complete what was typed to known actions and captions.

        Args:
            typed: the unfinished prompt.
            count: the most completions to return.

        Returns:
            Completions, best first, as by `Completions.matching`; none for a model without a bank.

        Raises:
            RequestError: for a count below 1.
        """
        return self._completions.matching(typed, count)

    @functools.cached_property
    def _completions(self) -> Completions:
        bank = self.bank
        return Completions(bank.actions, ((e.caption, e.action) for e in bank.entries)) if bank else Completions((), ())

    def nearest(self, text: str, count: int = 5, closeness: float = CLOSENESS) -> list[Entry]:
        """Find the known motions nearest to what `generate` makes of a text and its steps.

        Args:
            text: as for `generate`.
            count: the most known motions to return.
            closeness: as for `generate`.

        Returns:
            Known motions, nearest first, each label once, with their cosines.

        Raises:
            RequestError: for a model without a bank, and a text that `generate` does not take.
        """
        bank = self._banked()
        (steps,) = self.plan([text], closeness)
        found = [entry for step in steps for entry in bank.nearest(step.z, count)]
        best = {entry.label: entry for entry in sorted(found, key=lambda entry: entry.similarity)}
        return sorted(best.values(), key=lambda entry: -entry.similarity)[:count]

    def verdict(self, text: str) -> Verdict:
        """Say what `generate` makes of a text, and whether that is a promise.

        Args:
            text: as for `generate`.

        Returns:
            The verdict: known, a guess, or not understood.

        Raises:
            RequestError: for a model without a reader, and a text that `generate` does not take.
        """
        if self.reader is None:
            raise RequestError(
                "this model can't say how sure it is, as it has no reader; make one with "
                "`motionclip index --data FOLDER --model FOLDER`"
            )
        (steps,) = self.plan([text])
        shown = tuple(step.shown for step in steps)
        verdict = decide(_checked(text), [step.readings for step in steps], shown, self.reader, self.tower)
        without = [
            phrase(reading.action, reading.style)
            for step in steps
            for reading, style in zip(step.readings, step.styles, strict=True)
            if style != reading.style and self._banked().in_styles(reading.action)
        ]
        return replace(verdict, without_style=tuple(dict.fromkeys(without)))

    def _clauses(self, text: str) -> list[prompt_parsing.Clause]:
        if self.reader is None:  # the words go to the decoder as they are, as in the paper
            return [prompt_parsing.Clause(step, step) for step in prompt_parsing.steps(text)]
        prompt_parsing.refuse_negation(text)
        return prompt_parsing.clauses(text, self._verbs)

    def _merged(
        self, clauses: Sequence[prompt_parsing.Clause], readings: dict[str, Reading]
    ) -> list[prompt_parsing.Clause]:
        """The clauses; two that were listed are one if they say one action."""
        merged: list[prompt_parsing.Clause] = []
        for listed, group in itertools.groupby(clauses, key=lambda clause: clause.listed):
            of = list(group)
            if listed and readings and len(of) == 2:  # three verbs are three steps
                parts = [readings[_all(part)] for part in of]
                of = [listed] if _one_action(listed.text, readings[listed.text], *parts) else of
            merged += of
        return merged

    def _readings(self, words: Sequence[str], z: dict[str, torch.Tensor]) -> dict[str, Reading]:
        if self.reader is None or self.bank is None or not words:
            return {}
        unit = functional.normalize(torch.stack([z[word] for word in words]), dim=-1)
        bank = self.bank
        return {
            text: replace(
                reading,
                known=reading.known
                or naming_stems(text) == naming_stems(reading.action)
                or bank.says(z[text], reading.action),
            )
            for text, reading in zip(words, self.reader.read(words, unit), strict=True)
        }

    def _steps(
        self, clause: prompt_parsing.Clause, z: dict[str, torch.Tensor], readings: dict[str, Reading], closeness: float
    ) -> list[Step]:
        """What a clause comes to: one step, or two where its "and" joins what is done one after the other."""
        if self.bank is None or not readings:
            return [Step(clause, (), z[_all(clause)])]
        if clause.also is None:
            return [self._step(clause, clause.text, z, readings, _style_of_all(clause, readings), closeness)]
        return self._steps_of_two(clause, clause.also, z, readings, closeness)

    def _steps_of_two(
        self,
        clause: prompt_parsing.Clause,
        also: prompt_parsing.Clause,
        z: dict[str, torch.Tensor],
        readings: dict[str, Reading],
        closeness: float,
    ) -> list[Step]:
        """What a clause comes to beside which something else is done."""
        bank, style = self._banked(), _style_of_all(clause, readings)

        def step(part: prompt_parsing.Clause, words: str) -> Step:
            return self._step(part, words, z, readings, style, closeness)

        whole, first, second = (readings[words] for words in (clause.whole, clause.text, also.text))
        traits = [bank.traits[reading.action] for reading in (first, second)]
        carrier = 1 if traits[0].arms and not traits[1].arms else 0
        both = _carries(traits[carrier], traits[1 - carrier])
        after = clause.joined and (prompt_parsing.arrives(clause.text) or _goes_away_after(also, carrier))
        if not after and (bank.says(z[clause.whole], whole.action) or _done_as_one(clause, both, whole, first, second)):
            return [step(_with_details_of(clause, also), clause.whole)]
        if clause.joined and (after or not both):
            return [step(part, part.text) for part in (replace(clause, also=None, joined=False, whole=""), also)]
        body, arms = (clause, also) if carrier == 0 else (also, replace(clause, also=None))
        carried = step(replace(body, also=arms, whole=clause.whole), body.text)
        other = step(arms, arms.text)
        return [
            replace(
                carried, readings=carried.readings + other.readings, arms=other.z, takes=carried.takes + other.takes
            )
        ]

    def _step(
        self,
        clause: prompt_parsing.Clause,
        words: str,
        z: dict[str, torch.Tensor],
        readings: dict[str, Reading],
        style: str,
        closeness: float,
    ) -> Step:
        reading, bank = readings[words], self._banked()
        if reading.style == NORMAL:
            reading = replace(reading, style=style)
        if clause.side:
            # "wave with the left hand" names wave left hand, but "drink with the left hand" not raise left hand.
            sided = readings[clause.words]
            if clause.side in sided.action and naming_stems(sided.action) <= naming_stems(clause.words):
                reading = replace(sided, style=reading.style)
        other = swap_sides(reading.action)
        if clause.side and clause.side not in reading.action and clause.side in other and other in bank.traits:
            reading = replace(reading, action=other)
        drawn = bank.drawn(z[words][None], [reading.action], closeness)[0]
        takes = () if bank.takes is None else (bank.take_label(reading.action, reading.style),)
        return Step(clause, (reading,), drawn, closeness=closeness, takes=takes)

    def _composed(self, steps: Sequence[Step], asked: int | None, seed: int, samples: int) -> list[Motion]:
        """`samples` motions of steps, at least one of which is not decoded as it comes, or of several."""
        if len(steps) > 1 and all(step.plain for step in steps):
            return [self._chain(steps, asked, seed + number * SAMPLE_SEEDS) for number in range(samples)]
        made: list[list[torch.Tensor]] = [[] for _ in range(samples)]
        for number, step in enumerate(steps):
            longer = JOIN if number < len(steps) - 1 else 0
            before = [motion[-1] if motion else None for motion in made]
            made_in = self._within if step.clause.lasts else self._details
            parts = made_in(step, step.frames(asked) + longer, seed + number, before)
            parts = [self.going_on(previous, step, part) for previous, part in zip(before, parts, strict=True)]
            for motion, part in zip(made, parts, strict=True):
                motion.append(part)
        overlaps = [JOIN] * (len(steps) - 1)
        return [_in_steps(steps, *composition.joined(parts, overlaps)) for parts in made]

    def _chain(self, steps: Sequence[Step], asked: int | None, seed: int) -> Motion:
        """Steps that are decoded as they come: those that go on from each other together, so that each leads into the
        next; where a body has to get up or down first, there is a link between them."""
        groups: list[list[tuple[Step, Draw]]] = []
        before, posed = None, False
        for number, step in enumerate(steps):
            (draw,) = self._chosen([step], [step.frames(asked)], [seed + number], [before])
            going_on = self.going_on(before, step, draw.motion)
            alone = going_on is not draw.motion
            if before is None or alone or posed or composition.apart(before, draw.motion):
                groups.append([])
            groups[-1].append((step, replace(draw, motion=going_on)))
            before, posed = going_on, alone
        # What is alone in its group is as it was drawn.
        parts = [
            group[0][1].motion if len(group) == 1 else self._linked([s for s, _ in group], [d for _, d in group])
            for group in groups
        ]
        whole, links = composition.linked(parts)
        starts: list[int] = []
        for group, link, end in zip(groups, links, [*links[1:], len(whole)], strict=True):
            lengths = [len(draw.motion) for _, draw in group]
            starts += [link, *(end - sum(lengths[number:]) for number in range(1, len(lengths)))]
        return _in_steps(steps, whole, starts)

    def _linked(self, steps: Sequence[Step], draws: Sequence[Draw]) -> torch.Tensor:
        """(all frames, 149): what was drawn for each step again, each leading into the next."""
        known = [draw.known for draw in draws if draw.known is not None]
        z, lengths = torch.stack([step.z for step in steps]), [len(draw.motion) for draw in draws]
        return self.model.decode_chain(z, lengths, [draw.seed for draw in draws], known or None)

    def _within(self, step: Step, frames: int, seed: int, before: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
        """As `_details`, but (frames, 149) of what is slow, too: it is done as far as it comes."""
        if step.clause.count:
            return self._details(step, frames, seed, before)
        done = self._details(step, math.ceil(frames * min(step.clause.tempo, 1)), seed, before)
        return [motion[:frames] for motion in done]

    def _details(self, step: Step, frames: int, seed: int, before: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
        """(frames, 149) of one step for each of what it follows; of what is counted or slow, more: it is done whole."""
        clause = step.clause
        length = max(round(frames * max(clause.tempo, 1)), 2)
        if clause.count:
            length = max(length, COUNTED_FRAMES)
        samples = len(before)
        seeds = [seed + number * SAMPLE_SEEDS for number in range(samples)]
        arms: list[torch.Tensor] | None = None
        if step.arms is not None:
            aside = clause.also if clause.also and clause.also.side else clause
            other = replace(step, z=step.arms, readings=step.readings[1:], takes=step.takes[1:])
            sided = aside.side is not None
            arms = (
                self._one_sided(other, length, seeds, aside)
                if sided
                else self._best([other] * samples, [length] * samples, seeds)
            )
        if clause.side is not None and arms is None:
            bodies = self._one_sided(step, length, seeds, clause)
        else:
            bodies = self._best([step] * samples, [length] * samples, seeds, before)
        found = []
        for index, motion in enumerate(bodies):
            if arms is not None:
                motion = composition.with_arms(motion, arms[index])
            if clause.count:
                motion = counting.repeated(motion, clause.count, counting.counted_part(stems(clause.text)))
            found.append(composition.at_tempo(motion, round(len(motion) / clause.tempo)))
        return found

    def _best(
        self,
        steps: Sequence[Step],
        frames: Sequence[int],
        seeds: Sequence[int],
        before: Sequence[torch.Tensor | None] | None = None,
    ) -> list[torch.Tensor]:
        """(frames, 149) of each step's body: the motion that `_chosen` gives."""
        return [draw.motion for draw in self._chosen(steps, frames, seeds, before or [None] * len(steps))]

    def _chosen(
        self,
        steps: Sequence[Step],
        frames: Sequence[int],
        seeds: Sequence[int],
        before: Sequence[torch.Tensor | None],
    ) -> list[Draw]:
        """Of several draws of each step's body the one that the encoder reads best; steps of one length are decoded
        together.

        before: for each step what it follows, (any, 149), which it should go on from.
        """
        alike: dict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
        for number, (step, length) in enumerate(zip(steps, frames, strict=True)):
            whole = step.takes[0].starts if step.takes and step.takes[0].frames <= length else ()
            alike[length, whole].append(number)
        found: dict[int, Draw] = {}
        for (length, _), numbers in alike.items():
            chosen = self._chosen_together(
                [steps[n] for n in numbers], length, [seeds[n] for n in numbers], [before[n] for n in numbers]
            )
            found |= dict(zip(numbers, chosen, strict=True))
        return [found[number] for number in range(len(steps))]

    def _chosen_together(
        self, steps: Sequence[Step], frames: int, seeds: Sequence[int], before: Sequence[torch.Tensor | None]
    ) -> list[Draw]:
        count = self._draws
        draws = [[seed + number * DRAW_SEEDS for number in range(count)] for seed in seeds]
        z = torch.stack([step.z for step in steps]).repeat_interleave(count, dim=0)
        # What follows a step sets out from the take that goes on best from it.
        known = self._known(steps, count, seeds, frames, [previous is not None for previous in before])
        decoded = self.model.decode_features(z, frames, [seed for own in draws for seed in own], known=known)
        found = []
        for number, (own, group, step, previous) in enumerate(
            zip(draws, decoded.split(count), steps, before, strict=True)
        ):
            best = self._likeliest(group, step, previous)
            place = number * count + best
            found.append(Draw(own[best], known and known.part(slice(place, place + 1)), group[best]))
        return found

    def _known(
        self, steps: Sequence[Step], count: int, seeds: Sequence[int], frames: int, several: Sequence[bool]
    ) -> Known | None:
        """What `count` draws of each step set out from: whole takes, or of what has less time a window of one; None
        where that is noise alone. several: for each step, whether its draws have takes of their own."""
        bank, share = self.bank, self.model.config.known_share * steps[0].closeness
        if not share or bank is None or bank.takes is None or not steps[0].takes:
            return None
        return Known.stacked(
            [
                bank.takes.known(step.takes[0], count, seed, frames, bank.traits[step.takes[0].action].arms, share, own)
                for step, seed, own in zip(steps, seeds, several, strict=True)
            ]
        )

    def _likeliest(self, motions: torch.Tensor, step: Step, before: torch.Tensor | None = None) -> int:
        """Which of (N, frames, 149) the encoder reads best, as the action and by all words of the step, its style among
        them; and goes on best from what is before."""
        if len(motions) == 1:
            return 0
        z = self._encoded(motions)
        likely = self._likeness(z, step.readings[0]).log() + functional.cosine_similarity(z, step.z, dim=-1) / CONTRAST
        if before is not None:
            likely = likely - GAP_COST * composition.gap(before, motions)
        return int(likely.argmax())

    @property
    def _draws(self) -> int:
        """How many motions of one text are drawn: several only where there is a reader to say what each should show."""
        return self.model.config.draws if self.reader is not None else 1

    def _encoded(self, motions: torch.Tensor) -> torch.Tensor:
        """(N, frames, 149) → (N, D) latents: the mean over windows half a window apart."""
        window = self.model.config.window
        starts = window_starts(motions.shape[1], window, window // 2)
        held = torch.cat([motions, motions[:, -1:].expand(-1, max(window - motions.shape[1], 0), -1)], dim=1)
        cuts = windows_at(held, starts, window, self.model.config.keeps_heading)
        return self.model.encode_windows(cuts.flatten(0, 1)).unflatten(0, cuts.shape[:2]).mean(1)

    def _likeness(self, z: torch.Tensor, reading: Reading) -> torch.Tensor:
        """Latents of motions (N, D) → (N,) how likely each shows what a text was taken for."""
        near = self.reader.near[reading.action] if self.reader is not None else ()
        return self._banked().likeness(z, reading.action, near)

    def _one_sided(
        self, step: Step, frames: int, seeds: Sequence[int], clause: prompt_parsing.Clause
    ) -> list[torch.Tensor]:
        """(frames, 149) of a step for each seed, on the clause's side: the action itself may be done with either side,
        or both, so that of several draws the most one-sided of the likelier half is taken."""
        assert clause.side is not None
        found = []
        for seed in seeds:
            draws = [seed + number * DRAW_SEEDS for number in range(SIDED_DRAWS)]
            known = self._known([step], SIDED_DRAWS, [seed], frames, [False])
            decoded = self.model.decode_features(step.z.expand(SIDED_DRAWS, -1), frames, draws, known=known)
            likely = self._likeness(self._encoded(decoded), step.readings[0]).topk(SIDED_DRAWS // 2).indices
            best = composition.most_one_sided(decoded[likely], clause.limb)
            found.append(composition.on_side(best, clause.side, clause.limb))
        return found

    def reconstruct(self, motion: Motion, seed: int = 0) -> Motion:
        """Encode a motion and decode it again: what its latent by itself keeps of it.

        Args:
            motion: 1 to 1,800 frames.
            seed: which instance.

        Returns:
            A motion of the same length that starts at the origin, facing +z.

        Raises:
            RequestError: for a motion of over 1,800 frames.
        """
        return self.decode(self.encode_motion([motion]), len(motion), seed)[0]

    def latent(self, end: End) -> torch.Tensor:
        """Give the latent of an end. A text's is that of its words; nothing draws it to known actions.

        Args:
            end: a text, a Motion, an entry of the bank, or a latent, which comes back as float32.

        Returns:
            (D,) the latent.

        Raises:
            RequestError: for a text that is empty or overlong, an entry where the model has no bank, or a latent that
                is not D finite numbers.
        """
        if isinstance(end, str):
            return self.encode_text([end])[0]
        if isinstance(end, Motion):
            return self.encode_motion([end])[0]
        if isinstance(end, Entry):
            return self._banked().latents[end.index]
        z = torch.as_tensor(end, dtype=torch.float32)
        if z.shape != (self.model.config.latent,) or not torch.isfinite(z).all():
            raise RequestError(f"a latent must be {self.model.config.latent} finite numbers, not {tuple(z.shape)}")
        return z

    def as_motion(self, end: End, frames: int = 60, seed: int = 0) -> Motion:
        """Make a motion of an end. A Motion comes back as it is, a text is generated, the rest is decoded.

        Args:
            end: a text, a Motion, an entry of the bank, or a latent.
            frames: the length of what is no Motion, 1 to 1,800, 30 per second; of a text, as for `generate`.
            seed: the instance of what is no Motion.

        Returns:
            The motion; that of an entry has its label as its name.

        Raises:
            RequestError: for frames outside 1–1,800, or a text or latent that can't be used.
        """
        if isinstance(end, Motion):
            return end
        if isinstance(end, str):
            return self.generate(end, frames, seed)
        motion = self.decode(self.latent(end)[None], frames, seed)[0]
        return replace(motion, name=end.label if isinstance(end, Entry) else "")

    def interpolate(
        self,
        a: End,
        b: End,
        steps: int = 11,
        seed: int = 0,
        frames: int = 60,
        path: Course = "spherical",
        even: bool | None = None,
    ) -> list[Motion]:
        """Make `steps` motions from a to b, both included.

        The noise of all of them is the seed's. If a and b are both Motions, it is found by running the flow backwards
        from each, and interpolated, too, so that the ends come back as they were. `benchmarks/interpolation.py`
        compares the ways: the largest of ten steps is 14 % of the way on average, 29 % with even=False.

        Args:
            a: the start: a text, a Motion, an entry of the bank, or a latent.
            b: the end, likewise.
            steps: how many motions, 2 to 101.
            seed: which instance.
            frames: the length of each, 1 to 1,800, 30 per second; if a and b are Motions, the shorter one's counts.
            path: "spherical" goes along the great circle: all latents that this model learned from have unit length.
                "linear" is the paper's (1 − α)·a + α·b, which in the middle is shorter than anything the decoder has
                seen.
            even: True spaces the motions by how much the body changes, for which 17 to 39 more are decoded. False
                spaces the latents evenly; then most of the change may fall into one step. By default True for
                "spherical", False for "linear".

        Returns:
            The motions in order, named by their share of the way ("0%" to "100%").

        Raises:
            RequestError: for steps, frames or a path outside of these.
        """
        if path not in ("spherical", "linear"):
            raise RequestError(f'path: must be "spherical" or "linear", not {path!r}')
        steps = _checked_steps(steps)
        from_a = from_b = None
        both = isinstance(a, Motion) and isinstance(b, Motion)
        if isinstance(a, Motion) and isinstance(b, Motion):
            frames = self._length(min(len(a), len(b)))
            (za, from_a), (zb, from_b) = self.model.invert(a.crop(0, frames)), self.model.invert(b.crop(0, frames))
        else:
            za, zb = self._shown(a), self._shown(b)
        frames = self._length(frames)

        def decode(share: torch.Tensor) -> torch.Tensor:
            z = _between(za, zb, share, path)
            noise = None if from_a is None or from_b is None else _between(from_a[0], from_b[0], share, "spherical")
            return self.model.decode_features(z, frames, seed, noise, z if both else None)

        if even is None:
            even = path == "spherical"
        equal = torch.linspace(0, 1, steps)
        decoded = even_steps(decode, steps) if even and steps > 2 else decode(equal)
        motions = zip(features.features_motions(decoded), equal, strict=True)
        return [replace(motion, name=f"{percent:.0%}") for motion, percent in motions]

    def blend(self, a: End, b: End, frames: int = 240, seed: int = 0) -> Motion:
        """Make one motion that begins as a and becomes b: the latent moves from window to window.

        Args:
            a: the start: a text, a Motion, an entry of the bank, or a latent.
            b: the end, likewise.
            frames: the length, 1 to 1,800, 30 per second.
            seed: which instance.

        Returns:
            One motion of `frames` frames.

        Raises:
            RequestError: for frames outside 1–1,800, or a text or latent that can't be used.
        """
        windows = len(self.model.window_starts(self._length(frames)))
        ramp = torch.linspace(0, 1, windows) if windows > 1 else torch.tensor([0.5])
        # It stays a while with either end.
        z = _between(self._shown(a), self._shown(b), features.eased(ramp), "spherical")
        return features.features_motion(self.model.decode_features(z[None], frames, seed)[0], "blend")

    def edit(
        self,
        base: End,
        source: End,
        target: End,
        strength: float = 1.0,
        frames: int = 60,
        seed: int = 0,
        part: BodyPart = "whole body",
    ) -> Motion:
        """Change what a motion is like: decode base + strength · (target − source), at unit length if that is the rule.

        The base's instance (timing, path, body) is kept: the flow run backwards from it gives the noise to decode with,
        and what changes is added to it, so that strength 0 gives the base back.

        Args:
            base: what is changed: a text, a Motion, an entry of the bank, or a latent.
            source: what the base is like, likewise.
            target: what it should be like, likewise.
            strength: how far, −5 to 5; 1 goes from source to target.
            frames: the length of a base that is no Motion, 1 to 1,800, 30 per second.
            seed: the instance of a base that is no Motion.
            part: "upper body" or "lower body" limits the change to it.

        Returns:
            The changed motion, as long as the base, starting where it starts.

        Raises:
            RequestError: for a strength, frames or a part outside of these.
        """
        return self.edit_towards(base, source, [target], strength, frames, seed, part)[0]

    def edit_towards(
        self,
        base: End,
        source: End,
        targets: Sequence[End],
        strength: float = 1.0,
        frames: int = 60,
        seed: int = 0,
        part: BodyPart = "whole body",
    ) -> list[Motion]:
        """Edit as `edit` does, towards each of several targets, decoded in one batch.

        Args:
            base: as for `edit`.
            source: as for `edit`.
            targets: at least one, each as for `edit`.
            strength: as for `edit`.
            frames: as for `edit`.
            seed: as for `edit`.
            part: as for `edit`.

        Returns:
            A motion for each target, all as long as the base.

        Raises:
            RequestError: as by `edit`.
        """
        changes = torch.stack([self.latent(target) for target in targets]) - self.latent(source)
        return self._edited(base, source, changes, [strength] * len(targets), frames, seed, part)

    def edit_strengths(
        self,
        base: End,
        source: End,
        target: End,
        strengths: Sequence[float],
        frames: int = 60,
        seed: int = 0,
        part: BodyPart = "whole body",
    ) -> list[Motion]:
        """Edit as `edit` does, with each of several strengths, decoded in one batch: for a slider that moves a figure.

        Args:
            base: as for `edit`.
            source: as for `edit`.
            target: as for `edit`.
            strengths: at least one, each −5 to 5.
            frames: as for `edit`.
            seed: as for `edit`.
            part: as for `edit`.

        Returns:
            A motion for each strength, all as long as the base.

        Raises:
            RequestError: as by `edit`, and for no strengths.
        """
        changes = (self.latent(target) - self.latent(source)).expand(len(strengths), -1)
        return self._edited(base, source, changes, strengths, frames, seed, part)

    def _edited(
        self,
        base: End,
        source: End,
        changes: torch.Tensor,
        strengths: Sequence[float],
        frames: int,
        seed: int,
        part: BodyPart,
    ) -> list[Motion]:
        """changes: (N, D), of latents, each with its strength."""
        if not strengths:
            raise RequestError("strengths: there are none; give at least one")
        for strength in strengths:
            if not abs(strength) <= MAX_STRENGTH:
                raise RequestError(f"strength: must be from {-MAX_STRENGTH:g} to {MAX_STRENGTH:g}, not {strength}")
        if part not in BODY_PARTS:
            raise RequestError(f"part: must be one of {', '.join(BODY_PARTS)}, not {part!r}")
        start_z = self.latent(source)
        plain = not self.model.config.normalised and not isinstance(base, Motion)  # the paper's: a text's own latent
        motion = self.as_motion(self.latent(base) if plain else base, self._length(frames), seed)
        z, noise = self.model.invert(motion)
        z = self.latent(base)[None] if plain else z
        before = features.motion_features(motion)
        start, facing = motion.translation[0] * [1, 0, 1], features.facing(before)
        before = features.canonical(before)
        # As far as the source describes the base, its word is taken for it: what else the base's latent says
        # ("not in any style") would hold the edit back, and its instance is in the noise anyway.
        likeness = functional.cosine_similarity(z, start_z, dim=-1)
        described = ((likeness - UNDESCRIBED) / (DESCRIBED - UNDESCRIBED)).clamp(0, 1)
        described = described * self.model.config.normalised  # else, as in the paper, the base stays the base
        far = torch.tensor(strengths, dtype=torch.float32)[:, None]
        taken = described * far.abs().clamp(max=1)  # (N, windows)
        changed = torch.lerp(z, start_z.expand_as(z), taken[..., None]) + (far * changes)[:, None]
        if self.model.config.normalised:
            changed = functional.normalize(changed, dim=-1)
        alike = [
            changes[:0].new_zeros(0, 2, z.shape[-1]) if self.bank is None else self.bank.changes_like(change)
            for change in changes
        ]
        asked = Edit(changed, start_z, taken.mean(1).tolist(), alike, strengths)
        decoded = self.model.edit_features(z, noise, self._length(len(motion)), asked)
        edited = []
        for after in decoded[1:]:
            change = (after - decoded[0]) * BODY_PARTS[part]
            motion = features.features_motion(features.turn(before + change, facing), "edited")
            edited.append(replace(motion, translation=motion.translation + start))
        return edited

    def recognize(self, motion: Motion, labels: Sequence[str] | None = None, top: int = 5) -> list[tuple[str, float]]:
        """Find the labels that fit a motion best.

        Args:
            motion: of any length.
            labels: as for `label_scores`.
            top: how many labels to return.

        Returns:
            (label, score from −1 to 1), at most `top` of them, best first.

        Raises:
            RequestError: for an empty list of labels, or `top` under 1.
        """
        if top < 1:
            raise RequestError(f"top: must be at least 1, not {top}")
        names, scores = self.label_scores(self.encode_motion([motion]), labels)
        best = scores[0].topk(min(top, len(names)))
        return [(names[i], float(score)) for score, i in zip(best.values, best.indices.tolist(), strict=True)]

    def label_scores(self, z: torch.Tensor, labels: Sequence[str] | None = None) -> tuple[list[str], torch.Tensor]:
        """Score how well labels fit motions.

        Args:
            z: (N, D) latents of the motions.
            labels: any texts, such as labels.BABEL_60 or your own; by default the actions that the bank knows, or
                BABEL's 60 for a model without a bank.

        Returns:
            The labels, and (N, labels) scores from −1 to 1: the cosine to the label. For all actions that the bank
            knows, in any order, its mean with the cosine to the nearest known motion of the action.

        Raises:
            RequestError: for an empty list of labels.
        """
        known = self.bank.numbers if self.bank else {}
        names = list(labels) if labels is not None else list(known or BABEL_60)
        if not names:
            raise RequestError("labels: there are none to choose from")
        if self.bank is None or set(names) != set(known):
            return names, cosines(z, self.encode_text(names))
        fit = self.bank.fit(z, self.encode_text(self.bank.actions))
        return names, fit[:, [known[name] for name in names]]

    def timeline(self, motion: Motion, labels: Sequence[str] | None = None) -> list[Segment]:
        """Say what a long motion shows from when to when.

        Every half second, the window (60 frames) around it gets the label that fits it and its neighbours best. Equal
        neighbours become one segment.

        Args:
            motion: of any length.
            labels: as for `label_scores`.

        Returns:
            Segments in the order of time, in seconds, without gaps from 0 to the motion's end.

        Raises:
            RequestError: for an empty list of labels.
        """
        window, stride = self.model.config.window, 15
        windows = cut_windows(motion, window, stride, self.model.config.keeps_heading)
        names, scores = self.label_scores(self.model.encode_windows(windows), labels)
        # Neighbouring windows vote, so that one odd window makes no segment of its own.
        smooth = functional.avg_pool1d(scores.T[None], 3, 1, padding=1, count_include_pad=False)[0].T
        starts = window_starts(len(motion), window, stride)
        edges = [0.0] + [(a + b + window) / 2 / FPS for a, b in zip(starts, starts[1:], strict=False)]
        edges.append(motion.duration)
        segments: list[Segment] = []
        for number, (score, index) in enumerate(zip(*smooth.max(dim=1), strict=True)):
            label = names[int(index)]
            if segments and segments[-1].label == label:
                last = segments[-1]
                segments[-1] = Segment(label, last.start, edges[number + 1], max(last.score, float(score)))
            else:
                segments.append(Segment(label, edges[number], edges[number + 1], float(score)))
        return segments

    def drawn(self, texts: Sequence[str], closeness: float = CLOSENESS) -> torch.Tensor:
        """Encode texts as one action each, drawn to what the decoder knows of it.

        Args:
            texts: each up to 2,000 characters.
            closeness: as for `generate`; ignored without a bank or a reader.

        Returns:
            (texts, D) latents.

        Raises:
            RequestError: for a text that is empty or over 2,000 characters.
        """
        z = self.encode_text(texts)
        if self.bank is None or self.reader is None:
            return z
        readings = self.reader.read(texts, functional.normalize(z, dim=-1))
        return self.bank.drawn(z, [reading.action for reading in readings], closeness)

    def _shown(self, end: End) -> torch.Tensor:
        """The latent (D,) that shows an end: of a text what `generate` makes of it."""
        return self.drawn([end])[0] if isinstance(end, str) else self.latent(end)

    def _banked(self) -> Bank:
        if self.bank is None:
            raise RequestError(
                "this model has no bank of known motions; make one with `motionclip index --data FOLDER --model FOLDER`"
            )
        return self.bank

    def _length(self, frames: int) -> int:
        if not 1 <= frames <= MAX_FRAMES:
            raise RequestError(f"frames: must be from 1 to {MAX_FRAMES:,}, not {frames}")
        return frames


def _in_steps(steps: Sequence[Step], whole: torch.Tensor, starts: Sequence[int]) -> Motion:
    """(frames, 149) as a motion of at most MAX_FRAMES, which tells where its steps are."""
    spans = composition.step_spans([step.clause.words for step in steps], starts, len(whole))
    return replace(features.features_motion(whole), steps=spans).crop(0, MAX_FRAMES)


def _checked_steps(steps: int) -> int:
    if not 2 <= steps <= MAX_STEPS:
        raise RequestError(f"steps: must be from 2 to {MAX_STEPS}, not {steps}")
    return steps


def _check_frames(plans: Sequence[Sequence[Step]], asked: int | None) -> None:
    """Raises RequestError for steps that take more than a minute together."""
    for steps in plans:
        if (total := sum(step.frames(asked) for step in steps)) > MAX_FRAMES:
            raise RequestError(
                f"frames: {len(steps)} steps take {total / FPS:g} s ({total:,} frames), more than "
                f"{MAX_FRAMES / FPS:g} s; ask for fewer or shorter steps"
            )


def _check_samples(samples: int | None, text: str | Sequence[str]) -> None:
    if samples is not None and not (isinstance(text, str) and 1 <= samples <= MAX_SAMPLES):
        raise RequestError(f"samples: must be from 1 to {MAX_SAMPLES}, and for one text")


def _seeds(seed: int | Sequence[int], texts: int) -> list[int]:
    """One for each text."""
    seeds = list(seed) if isinstance(seed, Sequence) else [seed] * texts
    if len(seeds) != texts:
        raise RequestError(f"seed: must be one, or one for each of {texts} texts, not {len(seeds)}")
    return seeds


def _one_action(text: str, whole: Reading, *parts: Reading) -> bool:
    """Whether the parts of a text are one action ("slips and falls"), not two known ones ("punch and kick")."""
    named = _names_all(whole, parts) or naming_stems(text) == naming_stems(whole.action)
    if named or all(part.action == parts[0].action for part in parts):
        return True
    return not all(part.known for part in parts) and unity(whole, parts) > -ONE_BEFORE


def _names_all(whole: Reading, parts: Sequence[Reading]) -> bool:
    """Whether an action's name says all that the parts are read as: "run and jump" for run and jump."""
    name = naming_stems(whole.action)
    return all(naming_stems(part.action) <= name for part in parts)


def _goes_away_after(also: prompt_parsing.Clause, carrier: int) -> bool:
    """Whether somebody then leaves, or goes away when the arms have acted, as in "shrugs and walks away"."""
    return also.text == prompt_parsing.LEAVES or (carrier == 1 and prompt_parsing.goes_away(also.text))


def _done_as_one(clause: prompt_parsing.Clause, both: bool, whole: Reading, first: Reading, second: Reading) -> bool:
    """Whether a clause and what is said to be done at the same time are one action.

    Where a body can do both, neither is left out for the other, unless hardly anything can be read in it; nor are both
    left out for a third that is less sure.
    """
    if _names_all(whole, (first, second)):
        return True
    other = first if whole.action == second.action else second
    at_once = both and not clause.joined
    if at_once and min(first.confidence, second.confidence) > whole.confidence:
        return False
    left_out = both and whole.action in (first.action, second.action)
    most = LEFT_OUT if at_once else LEFT_OUT_JOINED
    return not (left_out and other.confidence > most * whole.confidence) and _one_action(
        clause.whole, whole, first, second
    )


def _with_details_of(clause: prompt_parsing.Clause, also: prompt_parsing.Clause) -> prompt_parsing.Clause:
    """The clause with the side and the count that either says."""
    sided = clause if clause.side else also
    return replace(clause, side=sided.side, limb=sided.limb, count=clause.count or also.count)


def _carries(body: Traits, other: Traits) -> bool:
    """Whether a body that does the one thing can do the other with its arms at once, as it goes on for long."""
    return other.arms and not body.arms and body.steady


def _style_of_all(clause: prompt_parsing.Clause, readings: dict[str, Reading]) -> str:
    """The style of a clause with what it belongs to: "walk and turn left like an old man", "an old man walks, sits down
    and waves"."""
    if clause.listed:
        return readings[clause.listed.text].style
    return readings[_all(clause)].style


def _all(clause: prompt_parsing.Clause) -> str:
    """The words of a clause with what is done at the same time."""
    return clause.whole or clause.text


def _parts(clause: prompt_parsing.Clause) -> list[str]:
    """All texts of a clause that may have to be read."""
    texts = [clause.text]
    if clause.side:
        texts += [clause.words, clause.original]  # with what is done at the same time, and without
    if clause.also:
        texts += [*_parts(clause.also), clause.whole]
    if clause.listed:
        texts += _parts(clause.listed)
    return texts


def _unit(z: torch.Tensor) -> torch.Tensor:
    return functional.normalize(z, dim=-1)


def _between(a: torch.Tensor, b: torch.Tensor, share: torch.Tensor, path: str) -> torch.Tensor:
    """(…, D) and (…, D) → (steps, …, D) from a to b, in a straight line or along the great circle."""
    share = share.reshape(-1, *[1] * a.ndim)
    if path == "linear":
        return torch.lerp(a, b, share)
    norm_a, norm_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    angle = ((a / norm_a) * (b / norm_b)).sum(-1, keepdim=True).clamp(-1, 1).acos()
    sine = angle.sin().clamp(min=1e-6)
    direction = (((1 - share) * angle).sin() * a / norm_a + (share * angle).sin() * b / norm_b) / sine
    straight = torch.lerp(a / norm_a, b / norm_b, share)
    direction = torch.where(angle < 1e-3, straight, direction)
    return direction * torch.lerp(norm_a, norm_b, share)


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise RequestError(f"text: must be a string, not {type(text).__name__}")
    # Lone surrogates can't be encoded, and control characters say nothing.
    printable = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(printable.encode("utf-8", "ignore").decode().split())
    if not clean:
        raise RequestError('text: is empty; describe a motion, as in "a person walks like a zombie"')
    if len(clean) > MAX_TEXT:
        raise RequestError(f"text: has {len(clean):,} characters; at most {MAX_TEXT:,} are taken")
    return clean
