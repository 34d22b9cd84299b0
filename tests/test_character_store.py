"""Visitors' own characters on the server: only theirs, and gone when they leave."""

import stat

import characters
import pytest
from conftest import synthetic_motion

from demo import character_store as module
from demo.character_store import CharacterStore
from motionclip.errors import RequestError
from motionclip.files import MotionFileError


@pytest.fixture
def own_characters():
    """An empty one, cleared afterwards."""
    result = CharacterStore()
    yield result
    result.clear()


def put(own_characters, session, kind, folder, name="me"):
    """Give a visitor a character that is made here; its bytes."""
    content = characters.write(kind, folder, name).read_bytes()
    own_characters.put(session, f"{name}{kind.suffix}", content)
    return content


def test_each_visitor_has_one_of_their_own(own_characters, tmp_path):
    ann = put(own_characters, "ann", characters.VRM, tmp_path)
    assert own_characters.of("ann").open().parts["pelvis"] == "J_Bip_C_Hips" and own_characters.of("bob") is None
    put(own_characters, "bob", characters.UNREAL, tmp_path)
    first = own_characters.of("ann")
    assert first.path.read_bytes() == ann and own_characters.of("bob").path != first.path
    assert stat.S_IMODE(first.path.parent.parent.stat().st_mode) == 0o700
    made = first.save(synthetic_motion(frames=3), "walk")
    assert made.name == "walk-on-my-character.vrm" and len(characters.play(made).worlds) == 3
    again = first.save(synthetic_motion(frames=4), "walk")
    assert again != made and not made.exists() and len(characters.play(again).worlds) == 4
    put(own_characters, "ann", characters.RIGIFY, tmp_path)
    assert not first.path.exists() and not again.exists() and own_characters.of("ann").path.suffix == ".glb"
    for use in (first.open, lambda: first.save(synthetic_motion(frames=3), "walk")):
        with pytest.raises(RequestError, match="no longer on the server"):
            use()


def test_what_a_visitor_had_goes_with_them(own_characters, tmp_path):
    for name in ("ann", "../bob"):
        put(own_characters, name, characters.VRM, tmp_path)
    ann, bob = own_characters.of("ann"), own_characters.of("../bob")
    made = ann.save(synthetic_motion(frames=3), "walk")
    own_characters.leave("ann")
    own_characters.leave("ann")
    assert own_characters.of("ann") is None and not ann.path.parent.exists() and bob.path.exists()
    assert not made.parent.parent.exists()
    made = bob.save(synthetic_motion(frames=3), "walk")
    own_characters.clear()
    assert own_characters.of("../bob") is None and not bob.path.parent.parent.exists() and not made.exists()


def test_what_is_no_character_is_not_kept(own_characters, tmp_path, monkeypatch):
    kept = put(own_characters, "ann", characters.VRM, tmp_path)
    root = own_characters.of("ann").path.parent.parent
    for name, content, words in (
        ("a.bvh", b"HIERARCHY", r"a\.bvh: suffix: a character is a \.glb or \.vrm"),
        ("..", b"", r": suffix: "),
        ("../../b.glb", b"glTF", r"\.\._\.\._b\.glb: "),
        (300 * "ü" + ".vrm", b"{}", r"ü\.vrm: "),
        ("big.glb", bytes(module.MAX_BYTES + 1), r"big\.glb: size: 50\.0 MB; at most 50 .* textures smaller"),
    ):
        with pytest.raises(MotionFileError, match=words):
            own_characters.put("ann", name, content)
        assert own_characters.of("ann").path.read_bytes() == kept and len([*root.iterdir()]) == 1


def test_the_one_not_used_for_the_longest_goes_first(own_characters, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    for name in ("a", "b"):
        put(own_characters, name, characters.VRM, tmp_path)
    gone = own_characters.of("b")
    assert own_characters.of("a") is not None
    put(own_characters, "c", characters.VRM, tmp_path)
    assert own_characters.of("b") is None and not gone.path.exists() and own_characters.of("a") is not None
