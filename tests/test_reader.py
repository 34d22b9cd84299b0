"""The words of a data folder, and the reader that learns from them."""

import json

import pytest
import torch
from conftest import write_data_folder

from motionclip.errors import ModelFolderError
from motionclip.files import MotionFileError
from motionclip.models.storage import READER_FILE
from motionclip.reader import Reader
from motionclip.towers.loading import load_tower
from motionclip.training.captions import WORDS, Words
from motionclip.training.dataset import actions_of, load_clips
from motionclip.training.reader_training import train_reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_data_folder(tmp_path_factory.mktemp("words") / "data")


@pytest.fixture(scope="module")
def reader(folder):
    actions = actions_of(load_clips(folder, "train"))
    return train_reader(Words.load(folder, set(actions)), actions, load_tower("minilm"), epochs=300)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda words: words.update(fly=words["walk"]), "fly: no clip"),
        (lambda words: words.pop("walk"), "walk: labels.csv has clips"),
        (lambda words: words["walk"]["captions"].pop("val"), "walk: captions: lacks the split 'val'"),
        (lambda words: words["walk"].pop("evokes"), "walk: evokes: must be an object"),
        (lambda words: words["walk"].update(near=["swim"]), "walk: near: names 'swim'"),
        (lambda words: words["walk"]["captions"].update(train="walks"), "walk: captions: train: must be a list"),
        (lambda words: words.update(walk=3), "walk: must be an object"),
    ],
)
def test_bad_words_are_refused_by_action_and_field(folder, tmp_path, change, complaint):
    words = json.loads((folder / WORDS).read_text())
    known = set(words)
    change(words)
    (tmp_path / WORDS).write_text(json.dumps(words))
    with pytest.raises(MotionFileError, match=rf"words\.json: {complaint}"):
        Words.load(tmp_path, known)


def test_missing_or_broken_words_are_refused(tmp_path):
    with pytest.raises(MotionFileError, match="is missing"):
        Words.load(tmp_path, {"walk"})
    (tmp_path / WORDS).write_text("{")
    with pytest.raises(MotionFileError, match="is not JSON"):
        Words.load(tmp_path, {"walk"})


def test_a_reader_names_the_action_and_keeps_it_through_a_file(reader, tmp_path):
    tower = load_tower("minilm")
    texts = ["someone strolls", "she squats deeply", "he waves with his left hand"]
    found = [reading.action for reading in reader.read(texts, tower.encode(texts))]
    assert found == ["walk", "squat", "wave left hand"]
    reader.save(tmp_path)
    again = Reader.load(tmp_path)
    assert again.actions == reader.actions and again.threshold == reader.threshold
    assert torch.allclose(
        again.scores(texts, tower.encode(texts)), reader.scores(texts, tower.encode(texts)), atol=1e-2
    )
    (tmp_path / READER_FILE).write_bytes(b"no reader")
    with pytest.raises(ModelFolderError, match="is not a reader"):
        Reader.load(tmp_path)


def test_an_action_near_the_likely_one_adds_to_the_confidence(reader):
    text, z = ["stroll and squat"], load_tower("minilm").encode(["stroll and squat"])
    apart = reader.read(text, z)[0].confidence
    near = {action: [a for a in reader.actions if a != action] for action in reader.actions}
    all_near = Reader(reader.network, reader.vocabulary, reader._rarity[:-1], near, 0.5)
    assert apart < 0.999 and all_near.read(text, z)[0].confidence == pytest.approx(1, abs=1e-4)
    assert all_near.read(text, z)[0].known


def test_a_text_that_says_nothing_is_told_apart(mc):
    assert mc.reader.foreign("una persona camina lentamente") and mc.reader.foreign("一个人走路")
    assert not mc.reader.foreign("a person walks") and not mc.reader.foreign("salsa")
    assert mc.verdict("asdfgh qwrtzp").level == "unread"
    assert mc.verdict("taekwondo").level != "unread"
