"""Visitors' own characters on the server: theirs alone, and gone when they leave."""

import stat

import characters
import pytest
from conftest import synthetic_motion

from demo import character
from demo.character import Wardrobe
from motionclip.files import MotionFileError


@pytest.fixture
def wardrobe():
    """An empty one, cleared afterwards."""
    result = Wardrobe()
    yield result
    result.clear()


def test_each_visitor_has_one_of_their_own(wardrobe, tmp_path):
    ann = characters.write(characters.VRM, tmp_path, "ann")
    before = ann.read_bytes()
    assert wardrobe.put("ann", ann).parts["pelvis"] == "J_Bip_C_Hips"
    assert not ann.exists() and wardrobe.of("bob") is None  # the upload, which Gradio would serve, is gone
    wardrobe.put("bob", characters.write(characters.UNREAL, tmp_path, "bob"))
    assert wardrobe.of("ann").read_bytes() == before and wardrobe.of("bob") != wardrobe.of("ann")
    assert stat.S_IMODE(wardrobe.of("ann").parent.parent.stat().st_mode) == 0o700
    synthetic_motion(frames=3).save(tmp_path / "a.glb", character=wardrobe.of("ann"))
    first = wardrobe.of("ann")
    wardrobe.put("ann", characters.write(characters.RIGIFY, tmp_path, "new"))
    assert not first.exists() and wardrobe.of("ann").suffix == ".glb"


def test_what_a_visitor_had_goes_with_them(wardrobe, tmp_path):
    for name in ("ann", "../bob"):
        wardrobe.put(name, characters.write(characters.VRM, tmp_path))
    ann, bob = wardrobe.of("ann"), wardrobe.of("../bob")
    wardrobe.leave("ann")
    wardrobe.leave("ann")
    assert wardrobe.of("ann") is None and not ann.parent.exists() and bob.exists()
    wardrobe.clear()
    assert wardrobe.of("../bob") is None and not bob.parent.parent.exists()


def test_what_is_no_character_is_not_kept(wardrobe, tmp_path, monkeypatch):
    walk = synthetic_motion(frames=3).save(tmp_path / "a.bvh")
    with pytest.raises(MotionFileError, match=r"a\.bvh: suffix: a character is a \.glb or \.vrm"):
        wardrobe.put("ann", walk)
    (tmp_path / "b.glb").write_bytes(b"glTF")
    with pytest.raises(MotionFileError, match=r"b\.glb: "):
        wardrobe.put("ann", tmp_path / "b.glb")
    monkeypatch.setattr(character, "MAX_BYTES", 1000)
    with pytest.raises(MotionFileError, match=r"me\.vrm: size: "):
        wardrobe.put("ann", characters.write(characters.VRM, tmp_path))
    assert wardrobe.of("ann") is None and list(tmp_path.iterdir()) == []


def test_the_one_not_used_for_the_longest_goes_first(wardrobe, tmp_path, monkeypatch):
    monkeypatch.setattr(character, "KEPT", 2)
    for name in ("a", "b"):
        wardrobe.put(name, characters.write(characters.VRM, tmp_path))
    gone = wardrobe.of("b")
    assert wardrobe.of("a") is not None
    wardrobe.put("c", characters.write(characters.VRM, tmp_path))
    assert wardrobe.of("b") is None and not gone.exists() and wardrobe.of("a") is not None
