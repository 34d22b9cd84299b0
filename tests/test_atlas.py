"""The map of what a model knows: places, families, how it is stored, and where texts and ways are on it."""

import json
import logging
import shutil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from typer.testing import CliRunner

from motionclip import MotionCLIP
from motionclip.atlas import Atlas
from motionclip.bank import Bank, Entry, Traits
from motionclip.cli import app
from motionclip.errors import ModelFolderError
from motionclip.models.storage import BANK_FILE
from motionclip.training import map_drawing

ACTIONS = ["dance", "kick", "walk"]


@pytest.fixture
def folder(mc, tmp_path):
    """A model folder whose bank has four entries of each of three actions, and no map."""
    torch.manual_seed(0)
    centres = mc.tower.encode(ACTIONS)
    latents = centres.repeat_interleave(4, 0) + 0.02 * torch.randn(12, centres.shape[1])
    entries = [Entry(n, f"clip {n}", ACTIONS[n // 4], "normal", ACTIONS[n // 4], 0) for n in range(12)]
    traits = dict.fromkeys(ACTIONS, Traits(arms=False, steady=True))
    Bank(latents, entries, centres, torch.arange(3), traits).save(tmp_path)
    shutil.copy("weights/config.json", tmp_path)
    return tmp_path


def content(folder):
    with safe_open(folder / BANK_FILE, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


@pytest.mark.parametrize("count", [20, 32])
def test_near_latents_are_near_on_the_map(count):
    torch.manual_seed(1)
    z = (3 * torch.eye(40)[:3]).repeat_interleave(count, 0) + 0.3 * torch.randn(3 * count, 40)
    points = map_drawing.flattened(z)
    assert points.shape == (3 * count, 2) and points.abs().max() == pytest.approx(1)
    centres = points.unflatten(0, (3, count)).mean(1)
    nearest = torch.cdist(points, centres).argmin(1)
    assert (nearest == torch.arange(3).repeat_interleave(count)).all()


def test_without_the_library_it_is_pca_and_says_so(monkeypatch, caplog):
    monkeypatch.setattr(map_drawing.importlib.util, "find_spec", lambda name: None)
    with caplog.at_level(logging.WARNING):
        points = map_drawing.flattened(torch.randn(200, 8))
    assert "pip install scikit-learn" in caplog.text and points.shape == (200, 2)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(2, 6), st.booleans())
def test_any_few_latents_have_places(count, width, alike):
    points = map_drawing.flattened(torch.ones(count, width) if alike else torch.randn(count, width))
    assert points.shape == (count, 2) and torch.isfinite(points).all() and (points.abs() <= 1 + 1e-5).all()


def test_families_have_plain_names(mc):
    actions = ["dance salsa", "play the violin", "punch", "walk slowly"]
    names, family_of = map_drawing.families(actions, mc.tower.encode(actions), mc.tower)
    assert [names[number] for number in family_of] == ["dance", "music", "fight", "walk"] and len(names) == 4


def test_a_place_is_among_the_nearest_and_never_between_two_ends():
    points = torch.tensor([[-1.0, 0.0], [-0.98, 0.02], [1.0, 0.0]])
    drawn = Atlas(points, ("all",), torch.zeros(1, dtype=torch.long))
    x, y = drawn.position(torch.tensor([0.90, 0.895, 0.899]))
    assert -1 < x < -0.98 and 0 < y < 0.02


def test_drawing_the_map_changes_nothing_else_in_the_file(folder):
    before, said = content(folder)
    result = CliRunner().invoke(app, ["draw-map", "--model", str(folder)])
    assert result.exit_code == 0 and "12 motions in 3 families" in result.output, result.output
    after, says = content(folder)
    assert all(torch.equal(after[name], before[name]) for name in before) and said.items() <= says.items()
    assert set(after) - set(before) == {"map.points", "map.family"} and set(says) - set(said) == {"families"}
    bank = Bank.load(folder)
    assert bank.atlas.families == ("walk", "dance", "fight") and bank.atlas.family_of.tolist() == [1, 2, 0]
    bank.save(folder)
    assert torch.equal(Bank.load(folder).atlas.points, bank.atlas.points)
    result = CliRunner().invoke(app, ["draw-map", "--model", str(folder / "nowhere")])
    assert result.exit_code == 1 and "holds no bank of known motions" in result.output


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("map.points", torch.zeros(11, 2), "map.points: must be two finite numbers for each of 12"),
        ("map.points", torch.full((12, 2), torch.nan), "map.points: must be two finite"),
        ("map.family", torch.full((3,), 9, dtype=torch.uint8), "map.family: must be the number of a family"),
        ("map.family", torch.zeros(2, dtype=torch.uint8), "map.family: must be the number of a family"),
    ],
)
def test_a_spoiled_map_is_refused_by_name(folder, name, value, complaint):
    CliRunner().invoke(app, ["draw-map", "--model", str(folder)])
    tensors, header = content(folder)
    save_file(tensors | {name: value}, folder / BANK_FILE, metadata=header)
    with pytest.raises(ModelFolderError, match=complaint):
        Bank.load(folder)
    save_file(tensors, folder / BANK_FILE, metadata=header | {"families": json.dumps(3)})
    with pytest.raises(ModelFolderError, match="is not a bank of motions"):
        Bank.load(folder)


@pytest.mark.parametrize("shown", [[0, 1, 3], [0, -1, 2], [0, 1]])
def test_a_bank_whose_texts_are_of_no_action_is_refused(folder, shown):
    tensors, header = content(folder)
    save_file(tensors | {"texts.shown": torch.tensor(shown, dtype=torch.int16)}, folder / BANK_FILE, metadata=header)
    with pytest.raises(ModelFolderError, match="texts.shown: must be the number of an action for each of 3 texts"):
        Bank.load(folder)


def test_texts_and_ways_are_on_the_shipped_map(mc):
    drawn = mc.bank.atlas
    assert drawn.points.shape == (len(mc.bank), 2) and len(drawn.families) > 10
    salsa = mc.bank.find("salsa")
    assert mc.map_position(salsa) == pytest.approx(drawn.points[salsa.index].tolist())
    dances = drawn.points[[entry.index for entry in mc.bank.entries if entry.action == "salsa"]]
    assert (dances - torch.tensor(mc.map_position("dance salsa"))).norm(dim=-1).min() < 0.1
    way = mc.waypoints("walk", "dance salsa")
    assert [point.share for point in way] == sorted(point.share for point in way)
    assert way[0].entry.action == "walk" and way[-1].entry.action == "salsa"
    assert len({point.entry.label for point in way}) == len(way)
    assert way[0].place == pytest.approx(drawn.points[way[0].entry.index].tolist())


def test_a_model_without_a_map_says_how_to_draw_it(mc, folder):
    plain = MotionCLIP(mc.model, mc.tower, Bank.load(folder))
    with pytest.raises(ValueError, match="draw-map"):
        plain.map_position("walk")
    with pytest.raises(ValueError, match="draw-map"):
        plain.waypoints("walk", "kick")
    with pytest.raises(ValueError, match="no bank"):
        MotionCLIP(mc.model, mc.tower).map_position("walk")
