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
    return [found.text for found in KNOWN.matching(typed, count)]


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
    (found,) = KNOWN.matching("then walk li")
    assert (found.known, found.action) == ("walk like an old person", "walk")
    assert texts("wal", 2) == ["walk", "walk backward"]
    with pytest.raises(ValueError, match="^count"):
        KNOWN.matching("w", 0)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_answered(typed):
    for found in KNOWN.matching(typed):
        assert found.text.endswith(found.known)


def test_the_model_completes_what_it_knows_fast(mc):
    assert [found.text for found in mc.completions("wal")][0] == "walk"
    assert "walk like an old person" in [found.text for found in mc.completions("walk like an o")]
    assert all(found.action in mc.bank.actions for found in mc.completions("s", 50))
    began = time.perf_counter()
    for end in range(1, 20):
        mc.completions("a person walks like an old person"[:end])
    assert time.perf_counter() - began < 1.0  # 19 keys; 2 ms each on an idle machine
    assert MotionCLIP(mc.model, mc.tower).completions("wal") == []
