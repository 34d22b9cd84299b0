"""Ends of the page's tabs: words, a file, or a dot of the map; and what the page asks of the map."""

import re

import pytest
from conftest import synthetic_motion

from demo.end_input import FILE, KNOWN, WORDS, chosen, linked, picked
from demo.map_endpoints import WHOLE, MapEndpoints
from motionclip.errors import RequestError


def test_the_part_of_an_end_that_is_in_sight_counts(mc, tmp_path):
    clip = str(synthetic_motion(frames=40).save(tmp_path / "mine.bvh"))
    assert picked(mc, (WORDS, " kick ", "zombie walk", clip), "From") == (" kick ", "kick")
    assert picked(mc, (KNOWN, "kick", "zombie walk", clip), "From") == (mc.bank.find("zombie walk"), "zombie walk")
    motion, name = picked(mc, (FILE, "kick", "zombie walk", clip), "From")
    assert len(motion) == 40 and name == "mine"
    for by in (WORDS, KNOWN, FILE):
        with pytest.raises(RequestError, match="To: say a motion in words, choose one on the map, or give a file"):
            picked(mc, (by, " ", "", None), "To")


def test_an_end_that_says_what_not_to_do_is_refused(mc):
    with pytest.raises(RequestError, match="To: 'do not' says what not to do"):
        chosen(mc, "do not jump", "", None, "To")


def test_a_dot_of_the_map_is_named_by_its_label_and_number(mc):
    entry = next(entry for entry in mc.bank.entries if mc.bank.find(entry.label).index != entry.index)
    assert chosen(mc, "", f"{entry.label} #{entry.index}", None, "From") == (entry, entry.label)
    styled = next(entry for entry in mc.bank.entries if entry.style == "chimpira")
    said = f"{styled.action} like a thug"
    for name in (said, styled.label):
        assert chosen(mc, "", f"{name} #{styled.index}", None, "From") == (styled, name)
    for name, complaint in {
        f"no {entry.label} #{entry.index}": f"From: number {entry.index} is '{entry.phrase}', not 'no {entry.label}'",
        f"walk #{len(mc.bank)}": "From: there is no known motion 'walk #",
        "walk #x": "From: there is no known motion 'walk #x'; choose one on the map",
        "no such": "no known motion 'no such'",
    }.items():
        with pytest.raises(RequestError, match=re.escape(complaint)):
            chosen(mc, "", name, None, "From")


def test_the_map_answers_or_says_why_not(mc):
    atlas, one, take, find = MapEndpoints.of(mc).questions()
    drawn = atlas()
    names = drawn["labels"]
    assert "chimpira" not in " ".join(names) and "walk like a thug" in names and len(set(names)) == len(names)
    assert [names[n] for n in drawn["label_of"]] == [entry.phrase for entry in mc.bank.entries]
    assert len(drawn["points"]) == 2 * len(mc.bank) == 2 * len(drawn["label_of"])
    x, y = (drawn["points"][2 * drawn["middle"] + n] for n in (0, 1))
    assert abs(x) < WHOLE / 2 and abs(y) < WHOLE / 2
    assert one(3)["motion"] and take(3)["scene"]["name"] == mc.bank.entries[3].phrase
    assert find("zombie walk")["near"][0]["label"] == "zombie walk"
    for wrong in (-1, len(mc.bank), "3", None, True):
        assert "there is no motion number" in one(wrong)["reason"] and "there is no motion" in take(wrong)["reason"]
    assert "empty" in find(" ")["reason"]


def test_the_way_begins_and_ends_at_its_ends(mc):
    way = MapEndpoints.of(mc).line(mc.bank.entries[0], mc.bank.entries[-1])
    assert [passed["number"] for passed in way["passed"]][0] == 0
    assert way["passed"][-1]["label"] == mc.bank.entries[-1].phrase
    assert way["ends"][0] == [WHOLE * x for x in mc.map_position(mc.bank.entries[0])]


def test_a_link_says_words_and_motions_of_the_map_but_no_files():
    walk, bow = ["words", " walk ", "", None], ["map", "walk", "bow #3", None]
    assert linked([*walk, *bow], ["from", "to"]) == {"from": "walk", "to_known": "bow #3"}
    assert linked([*walk, "file", "walk", "bow", "mine.npz"], ["from", "to"]) is None
