"""AMASS and BABEL in the layouts of their sites, small and synthetic, to a folder that `train` reads."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from motionclip import Motion
from motionclip.cli import app
from motionclip.files import MotionFileError
from motionclip.training import amass
from motionclip.training.dataset import WindowSampler, load_clips
from motionclip.training.prepare import Choices, prepare_babel


def recording(feat, frames, sequence=("walk",)):
    labels = [{"raw_label": f"{a} around", "proc_label": a, "act_cat": [a], "seg_id": "x"} for a in sequence]
    stretches = frames and {
        "labels": [
            {"raw_label": raw, "proc_label": raw, "act_cat": act, "start_t": start, "end_t": end, "seg_id": "y"}
            for raw, act, start, end in frames
        ]
    }
    return {
        "babel_sid": 1, "url": "", "feat_p": feat, "dur": 4.0,
        "seq_ann": {"babel_lab_id": "a", "labels": labels}, "frame_ann": stretches or None,
    }  # fmt: skip


def smplh(path, frames=480, rate=120, finger=0.0):
    """A recording as AMASS has it: z up, 52 joints, 120 per second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = np.zeros((frames, 156))
    poses[:, 0] = np.pi / 2  # upright, with z up
    poses[:, 3 * 17 + 2] = np.sin(np.arange(frames) / 20)
    poses[:, 3 * 37 + 1] = finger * np.arange(frames) / frames
    poses[:, 3 * 22 + 1] = -poses[:, 3 * 37 + 1]
    trans = np.stack([np.linspace(0, 2, frames), np.zeros(frames), np.full(frames, 0.9)], axis=1)
    np.savez(path, poses=poses, trans=trans, betas=np.zeros(16), gender="neutral", dmpls=np.zeros((frames, 8)),
             mocap_framerate=float(rate))  # fmt: skip


@pytest.fixture
def downloads(tmp_path):
    smplh(tmp_path / "amass/KIT/3/walk_poses.npz")
    smplh(tmp_path / "amass/HumanEva/S1/Box 1_poses.npz")
    babel = tmp_path / "babel_v1.0_release"
    babel.mkdir()
    stretches = [
        ("walk forward", ["walk", "forward movement"], 0.0, 1.5),
        ("transition", ["transition"], 1.5, 2.0),
        ("wave", ["wave"], 2.0, 4.0),
        ("blink", ["gesture"], 3.9, 4.0),
    ]
    train = {"1": recording("KIT/KIT/3/walk_poses.npz", stretches), "2": recording("CMU/CMU/1/lost.npz", None)}
    val = {"3": recording("HumanEva/HumanEva/S1/Box 1_poses.npz", None, ("punch", "stand"))}
    (babel / "train.json").write_text(json.dumps(train))
    (babel / "val.json").write_text(json.dumps(val))
    return tmp_path


def test_downloads_become_a_folder_to_train_on(downloads):
    out = downloads / "data"
    result = CliRunner().invoke(
        app, ["prepare", "--amass", str(downloads / "amass"), "--babel", str(downloads / "babel_v1.0_release"),
              "--out", str(out)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "3 clips" in result.output and "1 recording" in result.output  # and what was not found is said
    clips = {clip.action: clip for clip in load_clips(out)}
    assert set(clips) == {"walk", "wave", "punch"}
    assert clips["walk"].split == "train" and clips["punch"].split == "val"
    assert clips["walk"].captions == ("walk forward",)
    assert clips["punch"].captions == ("punch", "punch around", "stand", "stand around")
    assert len(clips["walk"].motion) == 45 and len(clips["punch"].motion) == 120
    joints = clips["wave"].motion.joints()
    assert joints[0, 15, 1] - joints[0, 10, 1] > 1.3  # upright, y up
    assert joints[-1, 0, 0] - joints[0, 0, 0] == pytest.approx(1.0, abs=0.05)  # and at its own speed


def test_babels_own_split_gives_its_val_as_test_too(downloads):
    prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "out", Choices("babel"), False)
    assert {clip.split for clip in load_clips(downloads / "out") if clip.action == "punch"} == {"val", "test"}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{", "content"),
        ("[]", "content"),
        ('{"7": {"feat_p": "KIT/KIT/a.npz"}}', "7"),
        ('{"7": {"feat_p": 3}}', "7"),
        ('{"7": {"feat_p": "KIT/../../etc/passwd", "seq_ann": {"labels": []}, "dur": 1}}', "7"),
    ],
)
def test_json_that_is_not_babels_is_refused_by_field(downloads, content, field):
    (downloads / "babel_v1.0_release/val.json").write_text(content)
    with pytest.raises(MotionFileError, match=rf"val\.json: {field}"):
        prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "out", progress=False)


def test_what_is_missing_is_named(downloads):
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        prepare_babel(downloads / "nowhere", downloads / "babel_v1.0_release", downloads / "out")
    with pytest.raises(OSError, match=r"train\.json"):
        prepare_babel(downloads / "amass", downloads, downloads / "out")
    with pytest.raises(FileNotFoundError, match="none of the 3 recordings"):
        prepare_babel(downloads / "amass/KIT", downloads / "babel_v1.0_release", downloads / "out", progress=False)
    assert Motion.load(downloads / "amass/KIT/3/walk_poses.npz").fps == 30


def test_a_clip_says_all_its_categories(downloads):
    prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "data", progress=False)
    clips = {clip.action: clip for clip in load_clips(downloads / "data")}
    assert clips["walk"].categories == ("walk", "forward movement")
    assert clips["punch"].categories == ("punch", "stand")


def test_class_names_are_texts_and_clips_of_no_class_are_left_out(downloads):
    choices = Choices("babel", texts="classes")
    prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "data", choices, progress=False)
    captions = {clip.captions for clip in load_clips(downloads / "data")}
    assert captions == {("walk", "forward movement"), ("wave",), ("punch", "stand")}
    write(downloads, {"1": recording("KIT/KIT/3/walk_poses.npz", [("yawn", ["yawn"], 0.0, 4.0)])}, {})
    with pytest.raises(FileNotFoundError):
        prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "d2", choices, progress=False)


def write(downloads, train, val):
    for name, content in (("train", train), ("val", val)):
        (downloads / f"babel_v1.0_release/{name}.json").write_text(json.dumps(content))


def test_hands_turn_as_the_files_fingers_where_asked(downloads):
    path = downloads / "amass/KIT/3/walk_poses.npz"
    smplh(path, finger=1.0)
    for hands in (False, True):
        out = downloads / f"hands-{hands}"
        prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", out, Choices(hands=hands), progress=False)
        wave = next(clip for clip in load_clips(out) if clip.action == "wave").motion
        seconds = 2 + np.arange(len(wave)) / 30
        assert wave.poses[:, 23, 1] == pytest.approx(hands * seconds / 4, abs=1e-3)
        assert wave.poses[:, 22, 1] == pytest.approx(-hands * seconds / 4, abs=1e-3)
    assert wave.joints()[0, 15, 1] - wave.joints()[0, 10, 1] > 1.3  # upright still


def test_recordings_are_cut_as_the_papers_code_does(downloads):
    """Chunks of 100 frames; 60 frames of one are a sample, said of by all their labels in alphabetical order."""
    smplh(downloads / "amass/KIT/3/walk_poses.npz", frames=840, rate=120)  # 210 frames of ours: two chunks
    stretches = [
        ("walk", ["walk"], 0.0, 2.0),
        ("transition", ["transition"], 2.0, 2.5),
        ("jump high", ["jump"], 2.5, 3.4),
        ("blink", None, 6.5, 7.0),
    ]
    entry = recording("KIT/KIT/3/walk_poses.npz", stretches) | {"dur": 7.0}
    write(downloads, {"1": entry}, {})
    prepare_babel(
        downloads / "amass", downloads / "babel_v1.0_release", downloads / "out", Choices(cut="chunks"), False
    )
    found = [(clip.captions[0], len(clip.motion) - 59, set(clip.categories)) for clip in load_clips(downloads / "out")]
    assert found == [
        ("walk", 1, {"walk"}),
        ("transition and walk", 15, {"walk", "transition"}),
        ("jump high and transition and walk", 24, {"walk", "transition", "jump"}),
        ("jump high", 2, {"jump"}),
        ("blink", 4, set()),
    ]
    drawn = WindowSampler(load_clips(downloads / "out"), 60, uniform=True, mirror=False).draw(
        4600, torch.Generator().manual_seed(0)
    )
    assert not drawn.mirrored.any()
    counts = torch.bincount(drawn.clip, minlength=5) / 100
    assert counts.numpy() == pytest.approx(np.array([1, 15, 24, 2, 4]), abs=1.5)  # each sample as often as any other


@pytest.mark.parametrize(("rate", "frames"), [(100, 134), (150, 80), (60, 200), (45, None), (20, None)])
def test_every_nth_frame_is_taken_and_odd_rates_are_left_out(tmp_path, rate, frames):
    smplh(tmp_path / "a.npz", frames=400, rate=rate)
    motion = amass.load(tmp_path / "a.npz", nth=True)
    assert (motion and len(motion)) == frames
    if motion:
        step = round(rate / 30)
        assert motion.poses[:, 17, 2] == pytest.approx(np.sin(np.arange(0, 400, step) / 20), abs=1e-5)


def test_subsets_whose_split_is_not_known_are_never_silently_in_train(downloads):
    smplh(downloads / "amass/GRAB/s1/drink.npz")
    stretches = [("drink", ["drink"], 0.0, 4.0)]
    write(
        downloads,
        {"1": recording("KIT/KIT/3/walk_poses.npz", stretches), "2": recording("GRAB/GRAB/s1/drink.npz", stretches)},
        {},
    )
    command = ["prepare", "--amass", str(downloads / "amass"), "--babel", str(downloads / "babel_v1.0_release")]
    result = CliRunner().invoke(app, [*command, "--out", str(downloads / "out")])
    assert result.exit_code == 0 and "1 recording of GRAB left out: its split is not known" in result.output
    assert [clip.name for clip in load_clips(downloads / "out")] == ["KIT_3_walk_poses_0"]
    result = CliRunner().invoke(app, [*command, "--out", str(downloads / "babel"), "--split", "babel"])
    assert result.exit_code == 0 and "1 recording of GRAB left out: its split is not known" in result.output
    assert [clip.name for clip in load_clips(downloads / "babel")] == ["KIT_3_walk_poses_0"]
    result = CliRunner().invoke(app, [*command, "--out", str(downloads / "two"), "--others", "val"])
    assert result.exit_code == 0 and {clip.split for clip in load_clips(downloads / "two")} == {"train", "val"}
    result = CliRunner().invoke(app, [*command, "--out", str(downloads / "three"), "--others", "perhaps"])
    assert result.exit_code == 1 and "others: must be one of leave out, train, val, test" in result.output
