"""Links: what was asked for as a URL's query and back, and what is wrong with one that can't be followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionclip import links
from motionclip.errors import LinkError
from motionclip.links import LinkedRequest

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).map(str.strip).filter(bool)


@given(WORDS, st.integers(0, 2**31 - 1), st.integers(1, 600), st.integers(0, 20))
def test_a_link_gives_back_what_it_was_made_of(prompt, seed, tenths, twentieths):
    scene = LinkedRequest(prompt, seed, tenths / 10, twentieths / 20)
    assert links.read(scene.query()) == scene and links.read("?" + scene.query()) == scene


def test_what_is_left_out_is_the_usual():
    assert links.read("prompt=walk%2C+then+bow") == LinkedRequest("walk, then bow")
    assert links.read("prompt=walk&model=me/mine", ["default", "me/mine"]).model == "me/mine"


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "prompt: is missing"),
        ("prompt=+", "prompt: is missing"),
        ("prompt=" + "a" * 2001, "prompt: has 2,001 characters"),
        ("prompt=walk&seed=-1", "seed: there is no seed '-1'; it is a whole number from 0 to 2,147,483,647"),
        ("prompt=walk&seed=2147483648", "seed: there is no seed"),
        ("prompt=walk&seed=1.5", "seed: there is no seed"),
        ("prompt=walk&seed=%C2%B2", "seed: there is no seed"),
        ("prompt=walk&seed=", "seed: there is no seed"),
        ("prompt=walk&seconds=61", "seconds: must be a number from 0.033 to 60, not '61'"),
        ("prompt=walk&seconds=nan", "seconds: must be"),
        ("prompt=walk&closeness=2", "closeness: must be a number from 0 to 1"),
        ("prompt=walk&model=gone", "model: there is no 'gone' here; choose one of default"),
        ("prompt=walk&sed=1", "sed: is no part of a link; there are prompt, seed"),
        ("prompt=walk&prompt=run", "prompt: stands twice"),
    ],
)
def test_a_link_that_leads_nowhere_says_why(query, complaint):
    with pytest.raises(LinkError) as error:
        links.read(query)
    assert str(error.value).startswith(complaint)


@given(st.text(max_size=40))
def test_whatever_follows_the_question_mark_is_read_or_refused(query):
    try:
        scene = links.read(query)
    except LinkError as error:
        assert error.field in str(error)
    else:
        assert links.read(scene.query()).prompt == scene.prompt
