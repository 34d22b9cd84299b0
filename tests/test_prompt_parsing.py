"""What prompts ask for in addition to the action, and the composition of motion that answers it."""

import numpy as np
import pytest
import roma
import torch
from conftest import synthetic_motion
from hypothesis import example, given, settings
from hypothesis import strategies as st

from motionclip import Motion, composition, counting, prompt_parsing
from motionclip.composition import at_tempo, on_side, with_arms
from motionclip.counting import counted_part, repeated
from motionclip.evaluation import rules
from motionclip.motion import features
from motionclip.motion.features import YAW, motion_features
from motionclip.motion.foot_contact import settled
from motionclip.motion.skeleton import JOINT_INDEX

VERBS = prompt_parsing.verb_stems(
    ["walk", "clap", "jump", "kick", "do jumping jacks", "knee strike", "sit on a chair", "march"]
)


def asked(text):
    return [clause.text for clause in prompt_parsing.clauses(text, VERBS)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("walk, then bow, then wave goodbye", ["walk", "bow", "wave goodbye"]),
        ("Walk, then bow and then wave. After that, run!", ["Walk", "bow", "wave", "run!"]),
        ("first sit down, after that clap", ["sit down", "clap"]),
        ("walk forward, turn around and walk back", ["walk forward", "turn around", "walk"]),
        ("before running, sit down", ["sit down", "running"]),
        ("after jumping he claps", ["jumping", "he claps"]),
        ("jump after clapping", ["clapping", "jump"]),
        ("strengthen your arms", ["strengthen your arms"]),
        ("Sparta, the messenger and the pit", ["Sparta, the messenger and the pit"]),
        ("crawl on hands and knees", ["crawl on hands and knees"]),
        ("crawl on hands and knees, get up and run", ["crawl on hands and knees", "get up from the floor", "run"]),
        ("A man runs, jumps and keeps running", ["A man runs", "jumps", "keeps running"]),
        (
            "The tired worker kneels, claps, and goes on walking",
            ["The tired worker kneels", "claps", "goes on walking"],
        ),
        ("clap, next jump, and last sit down", ["clap", "jump", "sit down"]),
        ("my morning: get up, stretch and walk", ["get up", "stretch", "walk"]),
        ("walk next to a friend", ["walk next to a friend"]),
        ("running late for the train, she jumps", ["running late for the train, she jumps"]),
        ("she waves, heads off and walks away", ["she waves", "heads off", "walks away"]),
        ("walk for 1 second, then bow for 2 seconds", ["walk", "bow"]),
        ("she opens a door and, a moment later, closes it", ["she opens a door", "closes the door"]),
        ("he bows; a few seconds later he waves", ["he bows", "he waves"]),
        ("do push-ups followed by a few jumping jacks", ["do push-ups", "a few jumping jacks"]),
        ("he knocks, but it doesn't open, so he kicks", ["he knocks", "he kicks"]),
        ("walk over, sit down and clap", ["walk", "sit down", "clap"]),
        ("1) walk 2) clap 3) do jumping jacks", ["walk", "clap", "do jumping jacks"]),
        ("having swept the floor, he sits down", ["swept the floor", "he sits down"]),
        ("prior to jumping, she claps", ["she claps", "jumping"]),
        ("he walks until he jumps, and eventually he sits down", ["he walks", "he jumps", "he sits down"]),
        ("The man jumps. He then claps.", ["The man jumps", "claps"]),
        ("clap four times, slowly and ironically", ["clap and ironically"]),
        ("jump over, under and through", ["jump over, under and through"]),
        ("before he sits down he claps", ["he claps", "he sits down"]),
        ("clapping, and at last sitting down", ["clapping", "sitting down"]),
        ("She claps after she has taken a bow.", ["she has taken a bow", "She claps"]),
        ("once he finished jumping, he sat down", ["he finished jumping", "he sat down"]),
        ("kick the red ball, then jump over it", ["kick the red ball", "jump over the red ball"]),
    ],
)
def test_steps_come_in_the_order_in_which_they_are_done(text, steps):
    assert asked(text) == steps


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("picks up a box and puts it on a shelf", "picks up a box and puts the box on a shelf"),
        ("washes his hands, then dries them", "washes his hands, then dries the hands"),
        ("sweeps the floor with a broom and mops it", "sweeps the floor with a broom and mops the floor"),
        ("kicks a ball and it bounces", "kicks a ball and it bounces"),
        ("a person turns to see who called them", "a person turns to see who called them"),
        ("make it rain", "make it rain"),
        ("opens the door and closes them", "opens the door and closes them"),
    ],
)
def test_a_pronoun_gives_way_to_the_thing_it_stands_for(text, named):
    assert prompt_parsing.with_things_named(text) == named


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("walk forward, turn around and walk back", "walk forward, turn around and walk"),
        ("he walks to the door and walks back", "he walks to the door and turns around and walks"),
        ("she ran to the wall, then she came back", "she ran to the wall, then she turn around and she walk"),
        ("running to the wall and coming back", "running to the wall and turning around and walking"),
        ("he turns his head and walks back", "he turns his head and walks back"),
        ("walk back and forth", "walk back and forth"),
        ("walk back", "walk back"),
        ("step forward, step back", "step forward, step back"),
        ("climb up and come back down", "climb up and come back down"),
        ("walks in, tips his head back and drinks", "walks in, tips his head back and drinks"),
        ("walks, jumps and goes back to walking", "walks, jumps and goes back to walking"),
        ("walks to the left and walks back to the right", "walks to the left and walks back to the right"),
        (
            "walks to the wall, turns on the light and walks back",
            "walks to the wall, turns on the light and turns around and walks",
        ),
    ],
)
def test_who_comes_back_the_way_he_went_turns_around(text, turned):
    assert prompt_parsing.with_turns_back(text) == turned


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sits down, waits and gets up", "sits down, waits and gets up from the chair"),
        (
            "sit on a chair, then stand back up again, then wave",
            "sit on a chair, then stand back up from the chair, then wave",
        ),
        ("sits on the floor, then gets up", "sits on the floor, then gets up"),
        ("sits down, lies down and gets up", "sits down, lies down and gets up from the floor"),
        ("crawl, stand up, run", "crawl, stand up from the floor, run"),
        ("rolls the dice and gets up", "rolls the dice and gets up"),
        ("lies to his friend and stands up", "lies to his friend and stands up"),
        ("walks the plank, then gets up", "walks the plank, then gets up"),
        ("sits down and gets up from the bench", "sits down and gets up from the bench"),
        ("gets up", "gets up"),
        ("does ten sit-ups and gets up", "does ten sit-ups and gets up from the floor"),
        ("wakes up, sits up and gets up", "wakes up, sits up and gets up"),
        ("sits on the yoga mat and gets up", "sits on the yoga mat and gets up"),
        ("sits down, gets up, slips and gets up", "sits down, gets up from the chair, slips and gets up"),
    ],
)
def test_who_sat_down_gets_up_from_the_chair_and_who_lay_from_the_floor(text, said):
    assert prompt_parsing.with_seats_named(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kick with the right leg, then the left", "kick with the right leg, then kick with the left leg"),
        ("punch left then right", "punch left, then punch right"),
        ("Kick with the right leg. Then the left.", "Kick with the right leg, then Kick with the left leg."),
        ("kick left, then right, then left", "kick left, then kick right, then kick left"),
        (
            "he walks, then hops on the left foot and then on the right",
            "he walks, then hops on the left foot, then hops on the right foot",
        ),
        ("raise one hand, then the other", "raise the left hand, then raise the right hand"),
        ("raises one arm and then lowers the other", "raises the left arm, then lowers the right arm"),
        (
            "kicks, first with the right leg, then with the left",
            "kicks with the right leg, then kicks with the left leg",
        ),
        ("puts on a jacket, first the right arm, then the left", "puts on a jacket"),
        ("turns right then walks", "turns right then walks"),
        ("raise the left arm, then the right leg", "raise the left arm, then the right leg"),
        ("plays one song, then the other", "plays one song, then the other"),
        ("one by one he lifts the boxes, then the other", "one by one he lifts the boxes, then the other"),
        ("kick right then left?", "kick right, then kick left?"),
        ("puts one foot in front of the other, then jumps", "puts one foot in front of the other, then jumps"),
        ("kick left, then kick right", "kick left, then kick right"),
    ],
)
def test_what_is_done_with_the_other_side_is_said_again(text, said):
    assert prompt_parsing.with_sides_spelled_out(text) == said


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("kick with the left leg", "side", "left"),
        ("turn right", "side", "right"),
        ("spin counterclockwise", "side", "left"),
        ("look left and right", "side", None),
        ("right now he jumps", "side", None),
        ("kick with the left leg", "limb", "foot"),
        ("raise your right arm", "limb", "hand"),
        ("hop on your left leg", "limb", "support"),
        ("hop on your left leg", "text", "hop on one leg"),
        ("kneel on the left knee", "limb", "foot"),
        ("turn right", "limb", "turn"),
        ("step to the left", "limb", "step"),
        ("point to his left", "limb", "aim"),
        ("point with the left hand", "limb", "hand"),
        ("jump three times", "count", 3),
        ("clap twice", "count", 2),
        ("bow once", "count", 1),
        ("does 5 jumping jacks", "count", 5),
        ("two hands up", "count", None),
        ("the dentist says twice a day", "count", None),
        ("walk slowly", "tempo", 0.65),
        ("run very fast", "tempo", 1.75),
        ("hold fast to the rope", "tempo", 1.0),
        ("a slow squat", "tempo", 0.65),
        ("without any hurry he walks", "tempo", 0.65),
        ("a slow-motion kick", "tempo", 0.4),
        ("clap in a flash", "tempo", 1.45),
        ("a brisk walk", "tempo", 1.45),
        ("he runs as fast as he can", "tempo", 1.45),
        ("knock 4x", "count", 4),
        ("kicks, 3 in a row", "count", 3),
        ("two quick uppercuts", "count", 2),
        ("a slow dance", "tempo", 1.0),
        ("does very fast jumping jacks", "tempo", 1.75),
        ("raise the knee up high x6", "count", 6),
        ("take a left", "limb", "turn"),
        ("take your time turning around", "tempo", 0.65),
    ],
)
def test_details_are_read(text, field, value):
    (clause,) = prompt_parsing.clauses(text, VERBS)
    assert getattr(clause, field) == value


def test_what_details_say_is_not_read_as_the_action():
    assert asked("kick with the left leg") == ["kick"] and asked("jump three times") == ["jump"]
    assert asked("walk very slowly") == ["walk"] and asked("raise your right arm") == ["raise your right arm"]


def test_things_at_once():
    (clause,) = prompt_parsing.clauses("walk while clapping twice", VERBS)
    assert clause.text == "walk" and clause.also.text == "clapping" and not clause.joined
    (clause,) = prompt_parsing.clauses("sits and claps", VERBS)
    assert (clause.text, clause.also.text, clause.joined) == ("sits", "claps", True)
    (clause,) = prompt_parsing.clauses("run with arms spread", VERBS)
    assert clause.also.text == "arms spread"


@pytest.mark.parametrize(
    ("text", "main", "also"),
    [
        ("walk as you clap", "walk", "you clap"),
        ("walk and clap, both at once", "walk", "clap"),
        ("march and clap as you do so", "march", "clap"),
        ("a man walks along clapping his hands", "a man walks along", "clapping his hands"),
        ("she is sitting on a chair strumming a guitar", "she is sitting on a chair", "strumming a guitar"),
        ("sitting in a chair, a woman claps", "sitting in a chair", "a woman claps"),
        ("a man walks, one hand on his chin", "a man walks", "one hand on his chin"),
        ("a man jumps, but clapping", "a man jumps", "clapping"),
        ("he walks, and as he walks he claps", "he walks", "he claps"),
        ("a man jumps, clapping as he goes", "a man jumps", "clapping"),
        ("I'm sitting on the ground clapping my hands", "I'm sitting on the ground", "clapping my hands"),
    ],
)
def test_many_words_say_that_things_are_done_at_once(text, main, also):
    (clause,) = prompt_parsing.clauses(text, VERBS)
    assert (clause.text, clause.also and clause.also.text) == (main, also)


@pytest.mark.parametrize(
    "text", ["he keeps walking around", "starts by jumping high", "does jumping jacks", "goes kicking balls"]
)
def test_a_verb_that_needs_the_next_one_is_not_done_besides(text):
    (clause,) = prompt_parsing.clauses(text, VERBS)
    assert clause.also is None


@pytest.mark.parametrize(
    ("text", "negative"),
    [
        ("do not raise your hands", True),
        ("walk without moving the arms", True),
        ("a man who never sits", True),
        ("walk not like an old man", True),
        ("walk not slowly but fast", False),
        ("anything except walking", True),
        ("nobody puts baby in a corner", False),
        ("can't stop dancing", False),
        ("no more tears", False),
        ("knock knock", False),
        ("he knocks, but it doesn't open", False),
        ("he knocks, but he doesn't walk", True),
        ("she walks so that the baby won't wake up", False),
        ("he jumps because he can't wait", False),
    ],
)
def test_negation_is_seen(text, negative):
    assert (prompt_parsing.negated(text) is not None) == negative


def test_too_many_times_are_refused():
    with pytest.raises(ValueError, match="99 times can't be done; ask for 1 to 10 times"):
        prompt_parsing.clauses("jump 99 times", VERBS)


@given(
    st.lists(
        st.sampled_from(["walk", "and", "then", ",", "while", "twice", "left", "slowly", "first", "x", "."]), min_size=1
    )
)
@example(["walk", "and", "and", "and", "walk"])
@settings(max_examples=200, deadline=None)
def test_any_words_have_steps_with_words(words):
    for clause in prompt_parsing.clauses(" ".join(words), VERBS):
        assert clause.text.strip()


def test_who_stops_between_steps_stands():
    assert [clause.text for clause in prompt_parsing.clauses("he walks, stops and waves", VERBS)][1] == "stand still"
    assert prompt_parsing.clauses("stop", VERBS)[0].text == "stop"


@pytest.mark.parametrize("text", ["he jumps and leaves", "jump, then leave the room", "walks, jumps, exits the stage"])
def test_who_leaves_after_a_step_walks_away(text):
    last = prompt_parsing.clauses(text, {*VERBS, "leav", "exit"})[-1]
    assert (last.also or last).text == "walk away"
    assert prompt_parsing.clauses("rake the leaves", VERBS)[0].text == "rake the leaves"


@pytest.mark.parametrize("text", ["he comes in and sits down", "he enters the room and sits down"])
def test_who_comes_in_before_a_step_walks(text):
    (clause,) = prompt_parsing.clauses(text, {*VERBS, "come", "enter"})
    assert (clause.text, clause.also.text) == ("he walks in", "sits down")
    assert prompt_parsing.clauses("come in", {*VERBS, "come"})[0].text == "come in"


def test_who_goes_somewhere_arrives():
    there = ("she walks to the table", "running over to his car", "he hurries into a shop", "came to the door")
    assert all(map(prompt_parsing.arrives, there))
    nowhere = ("he walks", "steps to the left", "walks to the beat", "holds a camera to the eye")
    assert not any(map(prompt_parsing.arrives, nowhere))


def test_a_list_of_things_is_no_list_of_steps():
    verbs = {*VERBS, "kick", "punch", "block"}
    assert len(prompt_parsing.clauses("a series of punches, blocks and kicks", verbs)) == 1
    assert len(prompt_parsing.clauses("he punches, blocks and kicks", verbs)) == 3
    assert len(prompt_parsing.clauses("steps out of the shadows, jumps and kicks", {*verbs, "step"})) == 3


def test_a_motion_is_mirrored_to_the_side_that_is_asked_for():
    wave = motion_features(synthetic_motion("wave left hand"))
    for side in ("left", "right"):
        (made,) = features.features_motions(on_side(wave, side, "hand")[None])
        assert rules.side(made, "hand") == side
    turning = wave.clone()
    turning[:, YAW] = 0.03
    for side in ("left", "right"):
        (made,) = features.features_motions(on_side(turning, side, "turn")[None])
        assert rules.side(made, "turn") == side


def test_who_points_to_a_side_is_mirrored_by_where_the_hand_goes():
    wave = motion_features(synthetic_motion("wave left hand"))
    for side, sign in (("left", 1), ("right", -1)):
        (made,) = features.features_motions(on_side(wave, side, "aim")[None])
        joints = made.joints()
        aside = (joints[:, [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]] - joints[:, :1])[..., 0].ravel()
        assert sign * aside[np.abs(aside).argmax()] > 0.2


@pytest.mark.parametrize(("words", "part"), [("jump", "pelvis"), ("do jump jack", "wrist"), ("shak head", "head")])
def test_what_is_counted_is_the_part_that_acts(words, part):
    assert counted_part(words.split()) == part


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_what_is_counted_is_done_so_many_times(times):
    squat = motion_features(synthetic_motion("squat", 90))
    (made,) = features.features_motions(repeated(squat, times, "pelvis")[None])
    assert rules.count(made, "pelvis") == times


# How a part of a standing body moves when something is done: joint, axis and radians.
MOVES = {
    "chest": [("pelvis", 0, 0.8)],
    "head": [("neck", 0, 0.8)],
    "hands": [("left_shoulder", 1, -1.3), ("right_shoulder", 1, 1.3)],
    "wrist": [("left_elbow", 1, -1.4)],
    "foot": [("right_knee", 0, 1.2)],
}


@pytest.mark.parametrize("part", MOVES)
def test_each_part_of_the_body_is_counted_by_where_it_goes(part):
    poses = np.zeros((90, 24, 3), np.float32)
    for joint, axis, angle in MOVES[part]:  # twice, after a rest
        poses[:, JOINT_INDEX[joint], axis] = angle * np.clip(np.sin((np.arange(90) - 20) * 2 * np.pi / 45), 0, 1)
    path = np.tile(np.float32([0, 0.95, 0]), (90, 1))
    made = features.features_motion(repeated(motion_features(Motion(poses, path)), 3, part))
    assert rules.count(made, "pelvis" if part == "chest" else part) == 3
    for joint, axis, angle in MOVES[part]:
        assert np.abs(made.poses[:, JOINT_INDEX[joint], axis]).max() > 0.9 * abs(angle)
    assert len(made) < 3 * 40 + counting.HOLD  # what rests before and after is left out


@pytest.mark.parametrize(("bend", "rise"), [(1.0, -0.4), (0.0, 0.4)], ids=["squat", "jump"])
def test_what_is_counted_begins_and_ends_at_rest(bend, rise):
    """Squats rest at their highest, jumps at their lowest."""
    moves = np.clip(np.sin((np.arange(100) - 15) * 2 * np.pi / 46), 0, 1)  # twice
    poses, path = np.zeros((100, 24, 3), np.float32), np.tile(np.float32([0, 0.95, 0]), (100, 1))
    for side in ("left", "right"):
        for part, share in (("hip", -1), ("knee", 2), ("ankle", -1)):
            poses[:, JOINT_INDEX[f"{side}_{part}"], 0] = share * bend * moves
    path[:, 1] += rise * moves
    made = features.features_motion(repeated(motion_features(Motion(poses, path)), 3, "pelvis"))
    heights = made.joints()[:, 0, 1]
    assert rules.count(made, "pelvis") == 3 and np.ptp(heights) > 0.3
    resting = heights.max() if rise < 0 else heights.min()
    assert np.abs(heights[[0, -1]] - resting).max() < 0.05


def test_what_goes_to_and_fro_is_counted_and_not_the_way_there():
    """A hand is raised far and waves a little, as in most recordings of waves, claps and knocks."""
    poses, time = np.zeros((90, 24, 3), np.float32), np.arange(90)
    poses[:, JOINT_INDEX["left_shoulder"], 2] = 1.2 * np.sin(time * np.pi / 89)
    poses[:, JOINT_INDEX["left_elbow"], 1] = -0.5 + 0.4 * np.sin(time * 2 * np.pi / 15)
    path = np.tile(np.float32([0, 0.95, 0]), (90, 1))
    motion = motion_features(Motion(poses, path))
    made = features.features_motion(repeated(motion, 4, "wrist"))
    assert rules.count(made, "wrist") == 4
    swing = made.poses[:, JOINT_INDEX["left_elbow"], 1]
    assert np.ptp(swing) > 0.6 and np.ptp(made.poses[:, JOINT_INDEX["left_shoulder"], 2]) < 0.6


def test_a_body_that_does_nothing_can_do_it_several_times():
    still = motion_features(Motion(np.zeros((40, 24, 3)), np.tile([0, 0.95, 0], (40, 1))))
    made = repeated(still, 3, "wrist")
    assert torch.allclose(made, still[:1].expand(len(made), -1), atol=1e-3)


def test_short_steps_are_joined_as_far_as_they_last():
    walk = motion_features(synthetic_motion("walk", 80))
    for parts in ([walk[:4], walk], [walk, walk[:4]]):
        assert len(features.in_order(parts, [20])[0]) == 80 + 1  # of four frames one is kept


def test_turns_are_counted():
    turning = motion_features(synthetic_motion("squat", 60))
    turning[:, YAW] = 0.07
    thrice = repeated(turning, 3, "turn")
    (made,) = features.features_motions(thrice[None])
    assert rules.count(made, "turn") == 3 and float(thrice[:, YAW].sum()) == pytest.approx(6 * np.pi, rel=0.01)


def test_tempo_keeps_the_way_and_changes_the_time():
    walk = motion_features(synthetic_motion("walk", 60))
    slow = at_tempo(walk, 90)
    before, after = (features.features_motions(motion[None])[0] for motion in (walk, slow))
    assert len(after) == 90
    assert after.translation[-1, 2] == pytest.approx(before.translation[-1, 2], rel=0.03)
    assert rules.pace(after) < 0.75 * rules.pace(before)


def test_arms_of_one_motion_on_the_body_of_another():
    walk, wave = (motion_features(synthetic_motion(kind)) for kind in ("walk", "wave left hand"))
    both = with_arms(walk, wave)
    knee, shoulder = (
        slice(6 * JOINT_INDEX[name], 6 * JOINT_INDEX[name] + 6) for name in ("left_knee", "left_shoulder")
    )
    assert torch.equal(both[:, knee], walk[:, knee]) and torch.equal(both[:, shoulder], wave[:, shoulder])


def test_an_arm_that_would_be_in_the_floor_stays_the_bodys_own():
    lying, wave = (motion_features(synthetic_motion(kind)) for kind in ("squat", "wave left hand"))
    lying[:, features.HEIGHT] -= 0.75
    left = slice(6 * JOINT_INDEX["left_shoulder"], 6 * JOINT_INDEX["left_shoulder"] + 6)
    swings = features.mirror(wave)
    swings[30:, left] = wave[30:, left]  # up from where it hung
    assert torch.equal(with_arms(wave, swings)[:, left], swings[:, left])
    lying[:, left] = wave[:, left]  # its own is held up
    assert torch.equal(with_arms(lying, swings)[:, left], lying[:, left])


def test_an_arm_that_hangs_idle_stays_the_bodys_own_where_that_swings_or_the_body_is_low():
    walk, squat, wave = (motion_features(synthetic_motion(kind)) for kind in ("walk", "squat", "wave left hand"))
    left, right, head = (
        slice(6 * JOINT_INDEX[name], 6 * JOINT_INDEX[name] + 6) for name in ("left_shoulder", "right_shoulder", "head")
    )
    other = features.mirror(wave)
    low = squat.clone()
    low[:, right] = other[:, right]
    for body, own in ((walk, True), (low, True), (other, False)):  # the last holds its right hand up
        both = with_arms(body, wave)
        assert torch.equal(both[:, left], wave[:, left]) and torch.equal(both[:, head], wave[:, head])
        assert torch.equal(both[:, right], (body if own else wave)[:, right])


def test_steps_are_joined_without_a_jump():
    parts = [motion_features(synthetic_motion(kind, 80)) for kind in ("walk", "squat", "walk")]
    whole, starts = features.in_order(parts, [20, 20])
    assert starts == [0, 60, 120] and len(whole) == 200
    (made,) = features.features_motions(whole[None])
    step = np.linalg.norm(np.diff(made.joints(), axis=0), axis=-1).max()
    assert step < 0.15


def test_a_link_leads_between_parts_that_lie_apart():
    walk = motion_features(synthetic_motion("walk", 60))
    rotations, path = features.from_features(walk)
    rotations[:, 0] = roma.rotvec_to_rotmat(torch.tensor([-1.57, 0, 0])) @ rotations[:, 0]
    lying = features.to_features(rotations, path)
    lying[:, features.CLEARANCE] = 0
    lying = settled(lying[None])[0]
    assert composition.apart(walk, lying) and not composition.apart(walk, walk)
    whole, starts = composition.linked([walk, lying])
    assert starts == [0, 60]
    link = whole[59 : len(whole) - 59, features.HEIGHT]
    assert len(link) > 20 and (link.diff() < 0.01).all() and link.diff().abs().max() < 0.08
    assert len(composition.linked([walk])[0]) == 60


@pytest.mark.parametrize(
    ("text", "words", "seconds"),
    [
        ("walks for 3 seconds", "walks", 3),
        ("a 5-second bow", "a bow", 5),
        ("planks for a minute", "planks", 60),
        ("run 2.5s", "run", 2.5),
        ("wave (3 s)", "wave", 3),
        ("sleeps for half a minute", "sleeps", 30),
        ("waits for a couple of seconds", "waits", 2),
        ("walks while waving for 4 seconds", "walks while waving", 4),
        ("a man in his 40s walks", "a man in his 40s walks", None),
        ("is second in a race", "is second in a race", None),
        ("does a second kick", "does a second kick", None),
        ("60 seconds to the finish", "60 seconds to the finish", None),
        ("the Bronx, 1970s", "the Bronx, 1970s", None),
        ("stops for a second look", "stops for a second look", None),
        ("crawls on all fours", "crawls on all fours", None),
        ("the seven-minute workout", "the seven-minute workout", None),
        ("waits for ten minutes", "waits for ten minutes", None),
    ],
)
def test_a_step_says_how_long_it_takes(text, words, seconds):
    (clause,) = prompt_parsing.clauses(text, VERBS)
    assert (clause.whole or clause.text, clause.lasts) == (words, seconds)


@pytest.mark.parametrize("text", ["walk for 0 seconds", "walk for 61 seconds", "walk for 2 minutes"])
def test_a_length_that_is_not_made_is_refused(text):
    with pytest.raises(ValueError, match="can't be made; ask for 0.5 to 60 seconds"):
        prompt_parsing.clauses(text)
