"""Visitors' own characters on the server: only theirs, and gone when they leave."""

import stat

import characters
import pytest
from conftest import synthetic_motion

from demo import character
from demo.character import Wardrobe
from motionclip.errors import RequestError
from motionclip.files import MotionFileError


@pytest.fixture
def wardrobe():
    """An empty one, cleared afterwards."""
    result = Wardrobe()
    yield result
    result.clear()


def put(wardrobe, session, kind, folder, name="me"):
    """Give a visitor a character that is made here; its bytes."""
    content = characters.write(kind, folder, name).read_bytes()
    wardrobe.put(session, f"{name}{kind.suffix}", content)
    return content


def test_each_visitor_has_one_of_their_own(wardrobe, tmp_path):
    ann = put(wardrobe, "ann", characters.VRM, tmp_path)
    assert wardrobe.of("ann").open().parts["pelvis"] == "J_Bip_C_Hips" and wardrobe.of("bob") is None
    put(wardrobe, "bob", characters.UNREAL, tmp_path)
    first = wardrobe.of("ann")
    assert first.path.read_bytes() == ann and wardrobe.of("bob").path != first.path
    assert stat.S_IMODE(first.path.parent.parent.stat().st_mode) == 0o700
    made = first.save(synthetic_motion(frames=3), "walk")
    assert made.name == "walk-on-my-character.vrm" and len(characters.play(made).worlds) == 3
    again = first.save(synthetic_motion(frames=4), "walk")
    assert again != made and not made.exists() and len(characters.play(again).worlds) == 4
    put(wardrobe, "ann", characters.RIGIFY, tmp_path)
    assert not first.path.exists() and not again.exists() and wardrobe.of("ann").path.suffix == ".glb"
    for use in (first.open, lambda: first.save(synthetic_motion(frames=3), "walk")):
        with pytest.raises(RequestError, match="no longer on the server"):
            use()


def test_what_a_visitor_had_goes_with_them(wardrobe, tmp_path):
    for name in ("ann", "../bob"):
        put(wardrobe, name, characters.VRM, tmp_path)
    ann, bob = wardrobe.of("ann"), wardrobe.of("../bob")
    made = ann.save(synthetic_motion(frames=3), "walk")
    wardrobe.leave("ann")
    wardrobe.leave("ann")
    assert wardrobe.of("ann") is None and not ann.path.parent.exists() and bob.path.exists()
    assert not made.parent.parent.exists()
    made = bob.save(synthetic_motion(frames=3), "walk")
    wardrobe.clear()
    assert wardrobe.of("../bob") is None and not bob.path.parent.parent.exists() and not made.exists()


def test_what_is_no_character_is_not_kept(wardrobe, tmp_path, monkeypatch):
    kept = put(wardrobe, "ann", characters.VRM, tmp_path)
    root = wardrobe.of("ann").path.parent.parent
    for name, content, words in (
        ("a.bvh", b"HIERARCHY", r"a\.bvh: suffix: a character is a \.glb or \.vrm"),
        ("..", b"", r": suffix: "),
        ("../../b.glb", b"glTF", r"\.\._\.\._b\.glb: "),
        (300 * "ü" + ".vrm", b"{}", r"ü\.vrm: "),
        ("big.glb", bytes(character.MAX_BYTES + 1), r"big\.glb: size: 50\.0 MB; at most 50 .* textures smaller"),
    ):
        with pytest.raises(MotionFileError, match=words):
            wardrobe.put("ann", name, content)
        assert wardrobe.of("ann").path.read_bytes() == kept and len([*root.iterdir()]) == 1


def test_the_one_not_used_for_the_longest_goes_first(wardrobe, tmp_path, monkeypatch):
    monkeypatch.setattr(character, "KEPT", 2)
    for name in ("a", "b"):
        put(wardrobe, name, characters.VRM, tmp_path)
    gone = wardrobe.of("b")
    assert wardrobe.of("a") is not None
    put(wardrobe, "c", characters.VRM, tmp_path)
    assert wardrobe.of("b") is None and not gone.path.exists() and wardrobe.of("a") is not None
