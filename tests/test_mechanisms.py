"""What makes the model good, a mechanism at a time: each of these tests fails when its mechanism is taken out."""

import importlib
import sys
import types
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import synthetic_motion

from motionclip import MotionCLIP, composition, pipeline
from motionclip.bank import Bank, Entry, Traits
from motionclip.evaluation.metrics import leaps, skating
from motionclip.motion.features import features_motion, features_motions, motion_features
from motionclip.reader import stems


@contextmanager
def set_to(mc, **settings):
    """The model with other settings, for as long as it lasts."""
    before = mc.model.config
    mc.model.config = replace(before, **settings)
    try:
        yield
    finally:
        mc.model.config = before


def unit(*numbers):
    return torch.nn.functional.normalize(torch.tensor(numbers), dim=-1)


# Two actions, the first with two texts, one of them twice as long as the other.
WALK, STROLL, BOW = unit(1.0, 0.0, 0.0), unit(1.0, 1.0, 0.0), unit(0.0, 0.0, 1.0)


@pytest.fixture
def bank():
    entries = [Entry(0, "a", "bow", "normal", "bow", 0), Entry(1, "b", "walk", "normal", "walk", 0)]
    shown = torch.tensor([1, 1, 0])
    traits = {action: Traits(False, True) for action in ("bow", "walk")}
    return Bank(torch.stack([BOW, WALK]), entries, torch.stack([WALK, 2 * STROLL, BOW]), shown, traits)


# --- Closeness: a text is drawn to the texts that the decoder learned for its action.


def test_closeness_draws_a_text_to_its_action_by_degrees(bank):
    z = unit(0.6, 0.23, 0.8)[None]
    own, half, known = (bank.drawn(z, ["walk"], closeness)[0] for closeness in (0.0, 0.5, 1.0))
    assert torch.equal(own, z[0])
    near = [float(torch.nn.functional.cosine_similarity(one, WALK + STROLL, dim=0)) for one in (own, half, known)]
    assert near[0] < near[1] - 0.05 and near[1] < near[2] - 0.05 and near[2] > 0.95
    # Nothing of the other action's texts is left, and the nearer text counts more.
    assert abs(float(known[2])) < 1e-6
    assert torch.dot(known / known.norm(), WALK) > torch.dot(known / known.norm(), STROLL)
    # Its length is that of what it is drawn to: between 1 and 2, nearer to 1.
    assert 1 < float(known.norm()) < 1.5
    assert torch.allclose(bank.drawn(z, ["bow"], 1.0)[0], BOW, atol=1e-6)


def test_the_known_motion_of_a_label_is_its_most_typical_one():
    latents = torch.stack([unit(1.0, 0.9, 0.0), unit(1.0, 0.0, 0.0), unit(1.0, -0.4, 0.0), BOW])
    entries = [Entry(n, "a", "walk" if n < 3 else "bow", "normal", "", n) for n in range(4)]
    traits = {action: Traits(False, True) for action in ("bow", "walk")}
    assert Bank(latents, entries, torch.stack([BOW, WALK]), torch.tensor([0, 1]), traits).find("walk").index == 1


def test_a_way_passes_a_known_motion_where_it_is_nearest(bank):
    way = torch.stack([unit(1.0, 0.0, 0.5), WALK, unit(1.0, 0.0, 0.6), unit(0.3, 0.0, 1.0), BOW])
    assert [(step, entry.label) for step, entry in bank.passed(way)] == [(1, "walk"), (4, "bow")]


def test_a_prompt_is_decoded_as_the_action_that_it_is_read_as(mc):
    text = "someone ambles along the promenade"
    (own,), (known,) = (mc.plan([text], closeness)[0] for closeness in (0.0, 1.0))
    texts = mc.bank.texts[mc.bank.shown == mc.bank.actions.index(known.readings[0].action)]
    assert float((texts @ known.z).max()) > float((texts @ own.z).max()) + 0.1


# --- Guidances of an edit: to the target, along the same change in known motions, and to what should stay.


EDITS = [("walk", "proud"), ("walk", "sad"), ("run", "tired"), ("run", "old"), ("wave goodbye", "sad")]


@pytest.fixture(scope="module")
def edited(mc):
    """By the setting that is left out ("" for none), the mean of five edits: how far each came to its style, and what
    it kept of its action."""
    bases = mc.generate([action for action, _ in EDITS], seed=1)
    ends = [(mc.bank.find(action), mc.bank.find(f"{action} ({style})")) for action, style in EDITS]
    before, after = (torch.stack([mc.latent(pair[end]) for pair in ends]) for end in (0, 1))
    assert all(len(mc.bank.changes_like(change)) > 3 for change in after - before)

    def measured(**settings):
        with set_to(mc, **settings):
            z = mc.encode_motion([mc.edit(base, *pair) for base, pair in zip(bases, ends, strict=True)])
        change, kept = ((z * end).sum(-1).mean() for end in (after - before, before))
        return types.SimpleNamespace(change=float(change), kept=float(kept))

    with pytest.MonkeyPatch.context() as patch:  # so that no source describes its base
        patch.setattr(pipeline, "UNDESCRIBED", 2.0)
        patch.setattr(pipeline, "DESCRIBED", 3.0)
        unread = measured()
    return {
        "": measured(),
        "target": measured(edit_guidance=1.0),
        "known changes": measured(edit_likeness=0.0),
        "keeping": measured(edit_keeping=0.0),
        "source": unread,
    }


@pytest.mark.parametrize("guidance", ["target", "known changes"])
def test_a_guidance_brings_an_edit_nearer_to_its_target(edited, guidance):
    assert edited[""].change > edited[guidance].change + 0.005


def test_an_edit_keeps_more_where_the_words_for_the_base_describe_it(edited):
    assert edited[""].kept > edited["source"].kept + 0.05


def test_a_guidance_keeps_what_is_to_stay(edited):
    assert edited[""].kept > edited["keeping"].kept + 0.05


# --- Feet that stand are locked, and nothing moves faster than a body.


@pytest.mark.parametrize("texts", [["bow", "wave hello", "clap"], ["bow, then wave hello"]], ids=["actions", "steps"])
def test_standing_feet_do_not_slide(mc, texts):
    for motion in mc.generate(texts, seed=2):
        assert skating(motion) < 2.0  # mm per frame; without the lock 6 to 8


def test_what_leaps_is_slowed_down(mc):
    z = mc.drawn(["walk", "do a forward roll"])
    far = 4 * mc.model.draw_noise(2, 1, 0)  # instances that no training has seen
    assert not any(map(leaps, features_motions(mc.model.decode_features(z, 60, noise=far))))
    with set_to(mc, guidance=12.0):
        assert not leaps(mc.generate("walk, then do a forward roll"))


# --- A side: of the draws that show the action best, the most one-sided.


def test_the_most_one_sided_of_the_clearest_draws_is_shown(mc, monkeypatch):
    text, drawn, candidates = "wave with the left hand", [], []
    decode, choose = mc.model.decode_features, composition.most_one_sided
    monkeypatch.setattr(mc.model, "decode_features", lambda *a, **k: drawn.append(decode(*a, **k)) or drawn[-1])
    monkeypatch.setattr(composition, "most_one_sided", lambda *a: candidates.append(a[0]) or choose(*a))
    ((step,),) = mc.plan([text])
    made = mc.generate(text, seed=3)
    (clearest,), (draws,) = candidates, drawn
    likely = mc._likeness(mc._encoded(draws), step.readings[0]).sort(descending=True).values[: len(clearest)]
    assert torch.allclose(mc._likeness(mc._encoded(clearest), step.readings[0]), likely) and len(clearest) < len(draws)
    shown = features_motion(composition.on_side(choose(clearest, "hand"), "left", "hand"))
    assert np.abs(made.joints() - shown.joints()).max() < 1e-4


# --- The timeline: neighbouring windows vote.


class Scripted:
    """A model whose latent of each window is the next in a list, and a tower that gives words their own directions."""

    name = "scripted"

    def __init__(self, script, words):
        self.script, self.words = script, words
        self.config = types.SimpleNamespace(tower="scripted", window=60, normalised=True, keeps_heading=False)

    def encode_windows(self, windows):
        return torch.stack(self.script[: len(windows)])

    def encode(self, texts):
        return torch.eye(len(self.words))[[self.words.index(text) for text in texts]]


def test_one_odd_window_is_no_segment_of_its_own():
    walk, odd = torch.tensor([0.7, 0.5]), torch.tensor([0.5, 0.7])
    model = Scripted([walk, walk, walk, odd, walk, walk, walk], ["walk", "jump"])
    mc = MotionCLIP(model, model)
    motion = synthetic_motion("walk", 60 + 6 * 15)
    assert [segment.label for segment in mc.timeline(motion, model.words)] == ["walk"]
    model.script = [walk, walk, walk, walk, odd, odd, odd]
    first, second = mc.timeline(motion, model.words)
    assert (first.label, second.label) == ("walk", "jump")
    assert first.end == second.start == pytest.approx((3.5 * 15 + 30) / 30)


# --- One action or several: many captions say one action in two verbs.


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("a person bends down and picks something up", ["pick something up from the floor"]),
        ("crying while wiping the tears", ["cry"]),
        ("punch and kick", ["punch", "kick"]),
        ("walk, wave and jump", ["walk", "wave hello", "jump"]),
        ("run with arms spread", ["run", "pose with arms spread like a figurehead"]),
        ("a guy strolls along while talking on his cell phone", ["walk", "talk on the phone"]),
        ("someone uses a cane in the right hand while walking", ["walk with a cane"]),
    ],
)
def test_a_text_is_one_action_where_its_parts_and_its_whole_may_mean_it(mc, text, actions):
    assert list(mc.verdict(text).actions) == actions
    assert len(mc.plan([text])[0]) in (1, len(actions))


def test_who_goes_away_has_done_first_what_he_did(mc):
    assert mc.verdict("shrugs and walks away").steps == (("shrug",), ("walk",))
    assert mc.verdict("waves and walks").steps == (("walk", "wave hello"),)


def test_who_stands_on_one_leg_has_the_arms_free_for_something_else(mc):
    assert mc.verdict("stands on one leg and brushes teeth").steps == (("stand on one leg", "brush teeth"),)
    assert not mc.bank.traits["stand on one leg"].arms and mc.bank.traits["brush teeth"].arms


# --- The verdict: a promise where the reader is sure, for all steps; else a guess.


def test_the_verdict_goes_by_the_readers_threshold(mc):
    text = "he perches himself on the bench"
    sure = mc.reader.read([text], mc.encode_text([text]))[0].confidence
    before = mc.reader.threshold
    try:
        mc.reader.threshold = sure - 0.01
        assert mc.verdict(text).level == "known"
        mc.reader.threshold = sure + 0.01
        verdict = mc.verdict(text)
        assert verdict.level == "guess"
        assert mc.verdict(f"walk, then {text}").level == "guess" and mc.verdict("walk").level == "known"
    finally:
        mc.reader.threshold = before


def test_who_names_an_action_or_says_a_known_text_gets_a_promise_however_unsure_the_reader_is(mc, monkeypatch):
    monkeypatch.setattr(mc.reader, "threshold", 1.1)
    assert mc.verdict("a person walks like a zombie").level == "known"
    spoken = [e for e in mc.bank.entries[::20] if set(stems(e.caption)) != set(stems(e.action))][:40]
    right = [mc.verdict(entry.caption) for entry in spoken]
    assert sum(verdict.level == "known" for verdict in right) >= len(spoken) / 2
    assert mc.verdict("he perches himself on the bench").level == "guess"


def test_words_without_a_meaning_are_not_understood(mc):
    verdict = mc.verdict("xqzvt brfglk wpxq")
    assert verdict.level == "not understood" and "mean nothing" in verdict.reason


def test_a_guess_names_what_else_may_be_meant_and_a_promise_does_not(mc):
    texts = [entry.caption for entry in mc.bank.entries[::40]] + ["quantum chromodynamics", "waiting room", "Swan Lake"]
    verdicts = [mc.verdict(text) for text in texts]
    assert {verdict.level for verdict in verdicts} == {"known", "guess"}
    assert not any(verdict.others for verdict in verdicts if verdict.level == "known")
    assert any(verdict.others for verdict in verdicts if verdict.level == "guess")


# --- Of several draws the one is shown that the encoder reads best.


def likely(mc, texts, frames, motions):
    """How likely each step of each motion shows its action, in all."""
    total = 0.0
    for steps, motion in zip(mc.plan(texts), motions, strict=True):
        for number, step in enumerate(steps):
            part = motion_features(motion.crop(number * frames, (number + 1) * frames))
            named = mc.bank.prototypes[mc.bank.actions.index(step.readings[0].action)]
            total += float(mc.model.encode_windows(part[None])[0] @ named)
    return total


@pytest.mark.parametrize(
    "texts",
    [
        ["act like a bear", "carry something heavy on the shoulder", "hug oneself", "act like a monkey", "salsa"],
        ["act like a bear, then hug oneself", "wave goodbye, then salsa"],
    ],
    ids=["actions", "steps"],
)
def test_the_clearest_of_several_draws_is_shown(mc, texts):
    def of_seeds():
        return sum(likely(mc, texts, 60, mc.generate(texts, seed=seed)) for seed in range(3))

    several = of_seeds()
    with set_to(mc, draws=1):
        one = of_seeds()
    assert several > one + 0.01


def test_the_benchmark_of_mutants_finds_each_mechanism_where_it_says(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(Path(__file__).resolve().parent.parent / "benchmarks"), *sys.path])
    mutants = importlib.import_module("mutants")
    assert [mutant.name for mutant in mutants.mechanisms()] == [name for name, *_ in mutants.MECHANISMS]
