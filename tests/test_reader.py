"""The words of a data folder, and the reader that learns from them."""

import json
from dataclasses import replace

import pytest
import torch
from conftest import write_data_folder

from motionclip.errors import ModelFolderError
from motionclip.files import MotionFileError
from motionclip.models.storage import READER_FILE
from motionclip.reader import Network, Reader, Reading, StyleHead, unity
from motionclip.towers.loading import load_tower
from motionclip.training.captions import WORDS, Words
from motionclip.training.dataset import actions_of, load_clips
from motionclip.training.reader_training import PROMISE, _threshold, train_reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_data_folder(tmp_path_factory.mktemp("words") / "data")


@pytest.fixture(scope="module")
def reader(folder):
    actions = actions_of(load_clips(folder, "train"))
    words = replace(Words.load(folder, set(actions)), absent=())
    return train_reader(words, actions, load_tower("minilm"), epochs=300)


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
    actions = set(words)
    change(words)
    (tmp_path / WORDS).write_text(json.dumps(words))
    with pytest.raises(MotionFileError, match=rf"words\.json: {complaint}"):
        Words.load(tmp_path, actions)


def test_missing_or_broken_words_are_refused(tmp_path):
    with pytest.raises(MotionFileError, match="is missing"):
        Words.load(tmp_path, {"walk"})
    (tmp_path / WORDS).write_text("{")
    with pytest.raises(MotionFileError, match="is not JSON"):
        Words.load(tmp_path, {"walk"})


def test_a_reader_names_the_action_and_keeps_it_through_a_file(reader, tmp_path):
    tower = load_tower("minilm")
    texts = ["someone strolls", "she squats deeply", "he waves with his left hand"]
    actions = [reading.action for reading in reader.read(texts, tower.encode(texts))]
    assert actions == ["walk", "squat", "wave left hand"]
    reader.save(tmp_path)
    again = Reader.load(tmp_path)
    assert again.actions == reader.actions and again.threshold == reader.threshold
    assert torch.allclose(
        again.scores(texts, tower.encode(texts)), reader.scores(texts, tower.encode(texts)), atol=1e-2
    )
    older = Network(384, len(reader.vocabulary), len(reader.actions) - 1, *reader.network.up.weight.shape[:1])
    Reader(older, reader.vocabulary, reader._rarity[:-1], reader.near, 0.5).save(tmp_path)
    with pytest.raises(ModelFolderError, match="safetensors: is of an earlier version.*motionclip index"):
        Reader.load(tmp_path)
    (tmp_path / READER_FILE).write_bytes(b"no reader")
    with pytest.raises(ModelFolderError, match="is not a reader"):
        Reader.load(tmp_path)


def test_who_names_an_action_gets_it_however_likely_others_are():
    texts = ["he is squatting", "squat walk", "a person in a squat"]
    read = small_reader().read(texts, torch.zeros(3, 4))
    assert [(reading.action, reading.known) for reading in read] == [("squat", True), ("walk", False), ("walk", False)]


STYLES = {"old": ["like a grandfather", "with a bad back"], "angry": ["furiously", "in rage", "like a fury"]}


@pytest.mark.parametrize("styles", [("old",), ("old", "angry")])
def test_a_style_is_read_where_words_ask_for_it(folder, styles, tmp_path):
    actions, tower = actions_of(load_clips(folder, "train")), load_tower("minilm")
    words = replace(Words.load(folder, set(actions)), absent=(), styles=STYLES)
    reader = train_reader(words, actions, tower, {("walk", style) for style in styles}, epochs=1)
    reader.save(tmp_path)
    texts = ["walk", "someone goes ahead", "a person strolls with a bad back", "grandfather strolls"]
    wanted = ["normal", "normal", "old", "old"]
    if "angry" in styles:
        texts, wanted = [*texts, "walk in a rage"], [*wanted, "angry"]
    z = torch.nn.functional.normalize(tower.encode(texts), dim=-1)
    for own in (reader, Reader.load(tmp_path)):
        assert [reading.style for reading in own.read(texts, z)] == wanted


def test_a_reader_of_no_styles_reads_none(reader):
    assert [reading.style for reading in reader.read(["walk angrily"], load_tower("minilm").encode(["walk"]))] == [
        "normal"
    ]


def test_a_reader_whose_styles_are_damaged_is_refused(reader, tmp_path):
    broken = StyleHead(("normal", "old"), torch.zeros(2, 5), torch.zeros(2))
    Reader(reader.network, reader.vocabulary, reader._rarity[:-1], reader.near, 0.5, broken).save(tmp_path)
    with pytest.raises(ModelFolderError, match="is not a reader.*styles: 2 names"):
        Reader.load(tmp_path)


def test_an_action_near_the_likely_one_adds_to_the_confidence(reader):
    text, z = ["stroll and squat"], load_tower("minilm").encode(["stroll and squat"])
    apart = reader.read(text, z)[0].confidence
    near = {action: [a for a in reader.actions if a != action] for action in reader.actions}
    all_near = Reader(reader.network, reader.vocabulary, reader._rarity[:-1], near, 0.5)
    assert apart < 0.999 and all_near.read(text, z)[0].confidence == pytest.approx(1, abs=0.05)
    assert all_near.read(text, z)[0].known


def test_texts_that_ask_for_no_action_are_less_sure_of_one(folder, reader):
    actions, tower = sorted(reader.actions), load_tower("minilm")
    absent = ("milk a cow", "milking the goats", "someone shears a sheep", "play the flute", "blow into a clarinet")
    taught = train_reader(replace(Words.load(folder, set(actions)), absent=absent), actions, tower, epochs=300)
    texts = ["he milks goats", "shearing sheep", "someone strolls"]
    before, after = ([reading.confidence for reading in of.read(texts, tower.encode(texts))] for of in (reader, taught))
    assert after[0] < before[0] / 2 and after[1] < before[1] / 2 and after[2] > 0.7


def test_phrases_of_no_action_are_learned_only_where_the_actions_are_those_they_were_written_for(folder, tmp_path):
    words = json.loads((folder / WORDS).read_text())
    assert len(Words.load(folder, set(words)).absent) > 3000
    words["milk a cow"] = words["walk"]
    (tmp_path / WORDS).write_text(json.dumps(words))
    assert Words.load(tmp_path, set(words)).absent == ()


class Fixed(torch.nn.Module):
    """A network that gives every text the same chances."""

    def __init__(self, chances):
        super().__init__()
        self.chances = torch.tensor(chances)

    def forward(self, z, index, weight):
        return self.chances.log().expand(len(z), -1)


def small_reader(chances=(0.5, 0.3, 0.1, 0.06, 0.04, 1e-6), near=None, threshold=0.6):
    actions = ["walk", "stroll", "squat", "jump", "bow"]
    near = {action: (near or {}).get(action, []) for action in actions}
    vocabulary = ["walk", "squat", "squat walk", "jump"]
    return Reader(Fixed(chances), vocabulary, torch.tensor([3.0, 4.0, 12.0, 5.0]), near, threshold)


def test_a_text_is_counted_by_its_known_terms_the_rare_ones_most():
    index, weight = small_reader().tables(["She squats, walks", "walking", "hello"])
    assert index.tolist() == [[1, 0, 2], [0, 4, 4], [4, 4, 4]]  # 4 stands for none
    assert torch.allclose(weight, torch.tensor([[4.0, 3, 12], [13, 0, 0], [0, 0, 0]]) / 13)


def test_a_file_keeps_the_rarity_of_every_term(tmp_path):
    model = small_reader()
    model.network = Network(width=4, vocabulary=4, actions=5, hidden=3, of_terms=2)
    model.save(tmp_path)
    text = ["squats, walks, jumps"]
    for table, again in zip(model.tables(text), Reader.load(tmp_path).tables(text), strict=True):
        assert torch.allclose(again, table, atol=1e-3)


def test_a_reading_promises_what_is_sure_with_the_actions_near_it():
    (reading,) = small_reader().read(["any"], torch.zeros(1, 4))
    assert reading.action == "walk" and not reading.known
    assert reading.confidence == pytest.approx(0.5)
    assert reading.others == ("stroll", "squat")  # of the next three those with over 15 % of the first's chance
    (reading,) = small_reader(near={"walk": ["stroll"]}).read(["any"], torch.zeros(1, 4))
    assert reading.known and reading.confidence == pytest.approx(0.8)
    (alike,) = small_reader(chances=(0.24, 0.2, 0.2, 0.2, 0.16, 1e-6)).read(["any"], torch.zeros(1, 4))
    assert len(alike.others) == 3
    (sure,) = small_reader(chances=(0.75, 0.0625, 0.0625, 0.0625, 0.0625, 1e-6), threshold=0.74).read(
        ["any"], torch.zeros(1, 4)
    )
    assert sure.known and sure.others == ()


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("una persona camina", True),
        ("los walk", False),  # one word may be a loan
        ("los squat las walk", False),  # as many known words
        ("los las walk", True),
        ("идти walk", False),  # half of its letters
        ("идтии walk", True),
        ("naïve walk", False),
        ("", False),
    ],
)
def test_a_foreign_text_has_other_letters_or_mostly_other_words(text, foreign):
    assert small_reader().foreign(text) is foreign


@pytest.mark.parametrize(
    ("text", "pieces", "meaningless"),
    [
        ("xqzzv", [4], True),
        ("xqzzv", [3], False),  # cut into so few pieces, it looks like a word
        ("xqzzv walk", [9, 1], False),
        ("walks", [9], False),
        ("xqzzv the", [9], True),  # "the" says nothing
        ("the", [1], False),
        ("xqzzv bbqrt", [2, 3], False),
        ("xqzzv bbqrt", [3, 3], True),  # two names would be cut less
        ("12 !?", [1, 1], True),
    ],
)
def test_a_text_without_a_known_word_is_meaningless_where_no_word_looks_like_one(text, pieces, meaningless):
    assert small_reader().meaningless(text, lambda words: pieces) is meaningless


def test_a_text_that_says_nothing_is_told_apart(mc):
    assert mc.reader.foreign("una persona camina lentamente") and mc.reader.foreign("一个人走路")
    assert not mc.reader.foreign("a person walks") and not mc.reader.foreign("salsa")
    assert mc.verdict("asdfgh qwrtzp").level == "not understood"
    assert mc.verdict("taekwondo").level != "not understood"


def taken_for(*shares):
    return Reading("any", 0.5, False, (), torch.tensor(shares))


def test_parts_that_mean_the_same_action_are_one_and_others_are_several():
    falls, slips, waves = taken_for(0.8, 0.1, 0.1), taken_for(0.4, 0.5, 0.1), taken_for(0.01, 0.01, 0.98)
    assert unity(falls, [slips, falls]) > 0 > unity(taken_for(0.5, 0.0, 0.5), [falls, waves])
    # Parts that say nothing leave the matter to the whole; more parts of the same action make it surer.
    nothing = taken_for(1 / 3, 1 / 3, 1 / 3)
    assert unity(falls, [nothing, nothing]) == pytest.approx(torch.tensor(3.0).log().item(), abs=1e-6)
    assert unity(falls, [falls, falls, falls]) > unity(falls, [falls, falls]) > unity(falls, [slips, falls])


def test_the_threshold_of_known_goes_by_all_answers_not_by_a_few_unlucky_ones():
    generator = torch.Generator().manual_seed(0)
    sure = torch.rand(2000, generator=generator).sqrt()
    right = torch.rand(2000, generator=generator) < sure
    alike = torch.ones(2000)
    usual = _threshold(sure, right, alike)
    assert right[sure >= usual].float().mean() == pytest.approx(PROMISE, abs=0.02)
    assert (sure >= usual).float().mean() > 0.1
    unlucky = right.clone()
    unlucky[sure.argsort(descending=True)[:2]] = False
    assert abs(_threshold(sure, unlucky, alike) - usual) < 0.02
    assert _threshold(sure, right, torch.where(right, 1, 3)) > usual + 0.02
    assert _threshold(sure, torch.ones(2000, dtype=torch.bool), alike) == float(sure.min())
    assert _threshold(sure, torch.rand(2000, generator=generator) < 0.3, alike) == 1
