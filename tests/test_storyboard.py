"""Storyboards: blocks of a prompt or a file, one motion of them, and one block made again with the others kept."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from motionclip import Block, Motion, MotionCLIP, composition, storyboard
from motionclip.cli import app
from motionclip.errors import MotionFileError, StoryboardError
from motionclip.evaluation.metrics import heights, skating
from motionclip.motion import features
from motionclip.storyboard import JOIN

BLOCKS = [Block("walk", 1.0), Block("sit down on a chair", 1.5, 3), Block("wave both hands", 1.0, 2)]


@pytest.fixture(scope="module")
def story(mc):
    return mc.storyboard(BLOCKS)


def course(motion, span, last):
    """The joints of a block outside its joins, as they are to one who stands where it begins."""
    first = span.settled + composition.AROUND * (span.start > 0)
    return motion.crop(first, span.end - composition.AROUND * (not last)).canonical().joints()


def test_blocks_have_their_lengths_and_lead_into_each_other(story):
    assert [(span.start, span.settled, span.end) for span in story.spans] == [(0, 0, 30), (30, 52, 75), (75, 90, 105)]
    assert [(step.words, step.start, step.end) for step in story.motion.steps] == [
        (span.block.text, span.start, span.end) for span in story.spans
    ]
    assert story.spans[1].seconds == (1.0, 2.5) and story.blocks == BLOCKS and len(story.motion) == 105
    speed = np.linalg.norm(np.diff(story.motion.joints(), axis=0), axis=-1).max(1)
    assert speed[25:100].max() < 0.2  # 6 m/s at the hands that wave
    sits, waves = story.motion.crop(52, 75), story.motion.crop(90, 105)
    assert sits.translation[-1, 1] < 0.75 and waves.translation[:, 1].max() < 0.75  # one goes on sitting to wave
    assert waves.joints()[:, 20:22, 1].min() > 1.1
    assert -0.05 < story.motion.joints()[..., 1].min() < 0.06


def test_one_block_made_again_leaves_the_others(mc, story):
    blocks = storyboard.again(BLOCKS, 0)
    edited = mc.storyboard(blocks, kept=story)
    assert blocks[0].seed == 1 and all(edited.drawn[number] is story.drawn[number] for number in (1, 2))
    same = [
        np.abs(
            course(edited.motion, span, span is story.spans[-1]) - course(story.motion, span, span is story.spans[-1])
        )
        for span in story.spans
    ]
    assert same[0].max() > 0.03 and same[1].max() < 1e-3 and same[2].max() < 1e-3
    anew = mc.storyboard(blocks)
    assert np.abs(anew.motion.joints() - edited.motion.joints()).max() < 1e-5
    with pytest.raises(StoryboardError, match="no number 3; there are 3"):
        storyboard.again(BLOCKS, 3)


def test_who_sat_down_goes_on_sitting_while_the_arms_act(mc, story):
    def heights_of(story):
        return story.motion.translation[story.spans[-1].settled : story.spans[-1].end, 1]

    walks = mc.storyboard([BLOCKS[0], Block("walk", 1.5), BLOCKS[2]], kept=story)
    assert walks.drawn[2] is story.drawn[2] and heights_of(walks).min() > 0.85 > 0.75 > heights_of(story).max()
    told = mc.storyboard([*BLOCKS[:2], Block("stand and wave both hands", 1.5, 2)], kept=story)
    assert heights_of(told).min() > 0.85
    stands = mc.storyboard([Block("walk", 1.0), Block("clap", 1.5, 2)])  # that clap was recorded seated
    assert heights_of(stands).min() > 0.85 > 0.75 > mc.generate("clap", frames=60, seed=2).translation[:, 1].max()
    within = mc.storyboard([Block("sit down on a chair, then wave both hands", 4.0)])
    assert within.motion.translation[75:, 1].max() < 0.75


def test_a_story_of_another_closeness_is_not_kept(mc, story):
    assert mc.storyboard(BLOCKS[:1], 0.5, kept=story).drawn[0] is not story.drawn[0]


def test_what_is_counted_takes_its_time_and_several_steps_share_theirs(mc):
    counted, shared = mc.storyboard([Block("squat three times", 0.5), Block("walk, then bow", 2.0)]).spans
    assert counted.end > 90 and shared.end - shared.start == 60
    with pytest.raises(StoryboardError, match=r"with what is counted; at most 60 s"):
        mc.storyboard([Block("squat three times", 0.5), Block("walk", 59.5)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("walk, then sit down", [("walk", None), ("sit down", None)]),
        ("walk for 3 seconds, then sit down 2.5 s, then wave", [("walk", 3.0), ("sit down", 2.5), ("wave", None)]),
        ("he waves and sits down", [("he waves", None), ("sits down", None)]),
        ("he slips and falls", [("he slips and falls", None)]),
        (
            "kick with the left leg (4s), then jump three times",
            [("kick with the left leg", 4.0), ("jump three times", None)],
        ),
        ("walk for two seconds", [("walk", 2.0)]),
        ("Spiderman", [("Spiderman", None)]),
    ],
)
def test_a_prompt_becomes_blocks(mc, text, expected):
    blocks = mc.blocks(text, seed=5)
    usual = [round(step.usual / 30, 1) for step in mc.plan([text])[0]]  # of a step that names no length
    assert [(block.text, block.seconds) for block in blocks] == [
        (words, seconds or as_usual) for (words, seconds), as_usual in zip(expected, usual, strict=True)
    ]
    assert min(usual) >= 2
    assert [block.seconds for block in mc.blocks(text, seconds=1.5)] == [seconds or 1.5 for _, seconds in expected]
    assert [block.seed for block in blocks] == list(range(5, 5 + len(blocks)))


def test_a_prompt_that_can_not_be_told_says_why(mc):
    with pytest.raises(ValueError, match="^text: 'for 70 seconds' can't be made; ask for 0.5 to 60 seconds"):
        mc.blocks("walk for 70 seconds")
    with pytest.raises(StoryboardError, match="^block 2: text: .* says what not to do"):
        mc.storyboard([Block("walk"), Block("do not raise your hands")])
    with pytest.raises(ValueError, match="^text: is empty"):
        mc.blocks(" ")


def test_a_model_that_only_decodes_tells_stories_too(mc):
    plain = MotionCLIP(mc.model, mc.tower)
    assert [block.text for block in plain.blocks("walk, then bow")] == ["walk", "bow"]
    assert len(plain.storyboard([Block("walk", 0.5), Block("bow", 0.5)]).motion) == 30


def test_a_file_becomes_a_motion(tmp_path):
    path = storyboard.save(BLOCKS[:2], tmp_path / "story.json")
    assert storyboard.load(path) == BLOCKS[:2]
    result = CliRunner().invoke(
        app, ["generate", "--storyboard", str(path), "-o", str(tmp_path / "out"), "--format", "bvh"]
    )
    assert result.exit_code == 0, result.output
    assert "0.0 –    1.0 s  walk\n" in result.output and "1.0 –    2.5 s  sit down on a chair" in result.output
    assert len(Motion.load(tmp_path / "out" / "story.bvh")) == 75
    result = CliRunner().invoke(app, ["generate", "walk", "--storyboard", str(path), "-o", "x.npz"])
    assert result.exit_code == 1 and "leave these out" in result.output


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "content: is not JSON"),
        ("[]", "content: must be one object"),
        ('{"blocks": [], "speed": 2}', 'speed: is no field of a storyboard; there is only "blocks"'),
        ('{"blocks": {}}', "blocks: must be a list"),
        ("{}", "blocks: must be a list"),
        ('{"blocks": []}', "blocks: there are none; give at least one"),
        ('{"blocks": ["walk"]}', "block 1: must be an object"),
        ('{"blocks": [{"text": "a", "seconds": 1}, {"text": "a", "second": 1}]}', "block 2: second: is no field of a"),
        ('{"blocks": [{"text": "walk"}]}', "block 1: seconds: is missing"),
        ('{"blocks": [{"seconds": 1}]}', "block 1: text: is missing"),
        ('{"blocks": [{"text": 3, "seconds": 1}]}', "block 1: text: must be words"),
        ('{"blocks": [{"text": " ", "seconds": 1}]}', "block 1: text: must be words"),
        (
            '{"blocks": [{"text": "walk", "seconds": 0.4}]}',
            "block 1: seconds: must be a number from 0.5 to 60, not 0.4",
        ),
        ('{"blocks": [{"text": "walk", "seconds": NaN}]}', "block 1: seconds: must be"),
        ('{"blocks": [{"text": "walk", "seconds": true}]}', "block 1: seconds: must be"),
        ('{"blocks": [{"text": "walk", "seconds": 1, "seed": -1}]}', "block 1: seed: must be a whole number from 0"),
        ('{"blocks": [{"text": "walk", "seconds": 1, "seed": 1.5}]}', "block 1: seed: must be a whole number"),
        ('{"blocks": [{"text": "walk", "seconds": 40}, {"text": "a", "seconds": 21}]}', "blocks: take 61.0 s together"),
    ],
)
def test_a_file_with_a_mistake_names_file_field_and_fix(tmp_path, content, complaint):
    path = tmp_path / "story.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MotionFileError) as error:
        storyboard.load(path)
    assert str(error.value).startswith(f"story.json: {complaint}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["blocks", "text", "seconds", "seed", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_a_file_holds_it_is_read_or_refused(content):
    try:
        blocks = storyboard.parse(content)
    except StoryboardError as error:
        assert error.where and error.what
    else:
        assert storyboard.parse(json.loads(json.dumps(storyboard.as_json(blocks)))) == blocks


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(15, 90), min_size=1, max_size=5), st.integers(0, 3))
def test_joining_keeps_what_is_beside_the_joins(lengths, seed):
    import torch

    torch.manual_seed(seed)
    still = torch.zeros(1, features.FEATURES)
    still[:, [0, 4]] = 1
    still[:, : features.ROTATIONS] = torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(24)
    still[:, features.HEIGHT] = 0.9
    parts = [still.repeat(length + JOIN, 1) for length in lengths]
    for part in parts:
        part[:, features.VZ] = 0.01 * torch.rand(1)
    overlaps = [min(JOIN, length // 2) for length in lengths[1:]]
    cut = [part[: length + over] for part, length, over in zip(parts, lengths, [*overlaps, 0], strict=True)]
    whole, starts = features.in_order(cut, overlaps)
    assert len(whole) == sum(lengths) and starts == np.cumsum([0, *lengths[:-1]]).tolist()
    joins = [(start, start + over) for start, over in zip(starts[1:], overlaps, strict=False)]
    footed = composition.footed(whole, joins)
    far = torch.ones(len(whole), dtype=torch.bool)
    for start, end in joins:
        far[max(start - composition.AROUND, 0) : end + composition.AROUND] = False
    assert torch.equal(footed[far], whole[far])
    for start, over, length, part in zip(starts, [0, *overlaps], lengths, parts, strict=False):
        assert torch.allclose(whole[start + over : start + length], part[over:length], atol=1e-5)


def test_bodies_stay_on_the_floor_where_blocks_meet(mc):
    motion = mc.storyboard([Block("walk", 1.0), Block("lie down", 1.5), Block("jump", 1.0)]).motion
    assert heights(motion).min() > -0.05 and skating(motion) < 40  # without the foot lock at joins −0.11 m and 115
