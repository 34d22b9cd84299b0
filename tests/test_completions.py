"""Completions: known actions and captions for what is being typed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionclip import MotionCLIP
from motionclip.completions import Completions

KNOWN = Completions(
    ["walk", "walk backward", "sit down", "moonwalk", "kick a ball"],
    [("walk like an old person", "walk"), ("walk", "walk"), ("the ball is kicked", "kick a ball")],
)


def texts(typed, count=8):
    return [completion.text for completion in KNOWN.matching(typed, count)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("wal", ["walk", "walk backward", "walk like an old person"]),
        ("  WALK  b", ["walk backward"]),
        ("old", ["walk like an old person"]),
        ("ball", ["kick a ball", "the ball is kicked"]),
        ("ball ki", ["kick a ball", "the ball is kicked"]),
        ("a person wal", ["walk", "walk backward", "walk like an old person"]),
        ("walk, then si", ["walk, then sit down"]),
        ("kick, si", ["kick, sit down"]),
        ("walk, then ", []),
        ("", []),
        ("?!", []),
        ("xylophone", []),
    ],
)
def test_what_was_typed_is_completed(typed, expected):
    assert texts(typed) == expected


def test_a_completion_says_what_it_shows_and_there_are_as_many_as_asked():
    (completion,) = KNOWN.matching("then walk li")
    assert (completion.known, completion.action) == ("walk like an old person", "walk")
    assert texts("wal", 2) == ["walk", "walk backward"]
    with pytest.raises(ValueError, match="^count"):
        KNOWN.matching("w", 0)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_answered(typed):
    for completion in KNOWN.matching(typed):
        assert completion.text.endswith(completion.known)


def test_the_model_completes_what_it_knows_fast(mc):
    assert [completion.text for completion in mc.completions("wal")][0] == "walk"
    assert "walk like an old person" in [completion.text for completion in mc.completions("walk like an o")]
    assert all(completion.action in mc.bank.actions for completion in mc.completions("s", 50))
    began = time.perf_counter()
    for end in range(1, 20):
        mc.completions("a person walks like an old person"[:end])
    assert time.perf_counter() - began < 1.0  # 19 keys; 2 ms each on an idle machine
    assert MotionCLIP(mc.model, mc.tower).completions("wal") == []
