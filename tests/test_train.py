"""Training: the data folder, mirrored words, resuming, and several processes."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import synthetic_motion, write_data_folder
from typer.testing import CliRunner

from motionclip import MotionCLIP
from motionclip.cli import app
from motionclip.files import MotionFileError
from motionclip.models import storage
from motionclip.models.transformer import MotionTransformer, TransformerConfig
from motionclip.motion.features import YAW, facing, features_motion, motion_features
from motionclip.motion.windows import windows_at
from motionclip.prompt_parsing import swap_sides
from motionclip.training.dataset import Clip, WindowSampler, load_clips
from motionclip.training.train import CHECKPOINT, TrainConfig, pause, train

CONFIG = """
steps = 12
encoder_steps = 6
batch = 16
validate_every = 100
precision = "no"
checkpoint_seconds = 0.0

[model]
architecture = "flow"
components = 32
flow_width = 48
flow_hidden = 64
flow_blocks = 1
encoder_width = 16
encoder_blocks = 1
encoder_hidden = 32
encoder_dropout = {dropout}
"""
PAPER = """
steps = 3
batch = 4
validate_every = 100
schedule = "constant"
precision = "no"
average = 0.0

[model]
architecture = "transformer"
feedforward = 64
layers = 1
"""


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(dropout=0.2))
    return path


def test_words_are_mirrored_with_the_motion():
    assert swap_sides("Raise the LEFT hand, then turn right") == "Raise the RIGHT hand, then turn left"
    assert swap_sides("leftover rights") == "leftover rights"


def test_windows_are_drawn_alike_from_rare_and_frequent_actions(tmp_path, data_folder):
    clips = load_clips(data_folder, "train")
    many = clips + [clip for clip in clips if clip.action == "walk"] * 15
    sampler = WindowSampler(many, 60)
    drawn = sampler.draw(3000, torch.Generator().manual_seed(0))
    walks = sum(many[i].action == "walk" for i in drawn.clip.tolist()) / 3000
    assert 0.48 < walks < 0.65  # ∛16 : 1 : 1 would be 0.56; by count it would be 0.89
    again = sampler.draw(3000, torch.Generator().manual_seed(0))
    assert torch.equal(drawn.features, again.features)
    assert 0.4 < drawn.mirrored.float().mean() < 0.6
    warped = sampler.draw(64, torch.Generator().manual_seed(1), warped=64)
    walks = torch.tensor([many[index].action == "walk" for index in warped.clip])
    speeds = warped.features[walks][:, :, 145:147].norm(dim=-1).mean(1)
    assert torch.isfinite(warped.features).all() and speeds.max() > 1.15 * speeds.min()


@pytest.mark.parametrize("keep_heading", [True, False])
def test_windows_face_as_recorded_or_to_the_front(keep_heading):
    turning = motion_features(synthetic_motion("walk", 120).turned(0.65))
    turning[:, YAW] = 0.02
    motion = features_motion(turning)
    clip = Clip("walk", motion, "train", "walk", "normal", ("walk",))
    sampler = WindowSampler([clip], 60, mirror=False, keep_heading=keep_heading)
    batch = sampler.draw(5, torch.Generator().manual_seed(0))
    assert len(set(batch.start.tolist())) > 1
    for drawn, start in zip(batch.features, batch.start.tolist(), strict=True):
        assert torch.allclose(drawn, windows_at(motion_features(motion), [start], 60, keep_heading)[0], atol=1e-5)
        assert float(facing(drawn)) == pytest.approx(motion.heading(start) if keep_heading else 0, abs=0.1)


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("clip,split,action\na,train,walk\n", "captions"),
        ("clip,split,action,captions\na,learn,walk,walk\n", "line 2"),
        ("clip,split,action,captions\na,train,,walk\n", "line 2"),
        ("clip,split,action,captions\n../a,train,walk,walk\n", "line 2"),
        ("clip,split,action,captions\n", "split"),
    ],
)
def test_a_bad_table_is_refused_by_line(tmp_path, table, field):
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(MotionFileError, match=rf"labels\.csv: {field}"):
        load_clips(tmp_path, "train")


def test_clips_are_chosen_by_their_terms(tmp_path):
    folder = write_data_folder(tmp_path / "d", clips_a_kind=1)
    assert len(load_clips(folder, "train", "made for")) == len(load_clips(folder, "train"))
    for none in ("not made for", "not CC0,made for", "CC0,MIT"):
        with pytest.raises(MotionFileError):
            load_clips(folder, "train", none)
    assert len(load_clips(folder, "train", "not CC0, MIT")) == len(load_clips(folder, "train"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("stpes = 5", "stpes"), ('batch = "many"', "batch"), ("steps = [", "not TOML"), ("model = 3", "model|TOML")],
)
def test_a_bad_training_config_is_refused_by_setting(tmp_path, line, complaint):
    path = tmp_path / "bad.toml"
    path.write_text(line + CONFIG.format(dropout=0.2).replace("steps = 12", "").replace("batch = 16", ""))
    with pytest.raises(ValueError, match=complaint):
        TrainConfig.load(path)


def test_the_projects_own_configs_are_sound():
    assert TrainConfig.load("default").model.architecture == "flow"
    paper = TrainConfig.load("paper")
    assert paper.batch == 20 and paper.uniform and not paper.mirror
    clip = TrainConfig.load("clip")
    assert clip.uniform and not clip.mirror
    default = TrainConfig.load("default")
    assert default.mirror and not default.uniform
    assert clip.image_weight == clip.text_weight == 1 and clip.model.tower == "clip" and not clip.model.normalised


def test_pictures_need_a_tower_that_sees(data_folder, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("image_weight = 1.0\n" + PAPER)
    with pytest.raises(ValueError, match="image_weight: the tower minilm reads texts only"):
        train(data_folder, tmp_path / "run", TrainConfig.load(path))


class Killed(Exception):
    pass


def test_a_run_killed_and_resumed_ends_as_an_unbroken_one(data_folder, tmp_path, config_file, monkeypatch):
    config = TrainConfig.load(config_file)
    train(data_folder, tmp_path / "whole", config)

    draw, count = WindowSampler.draw, 0

    def dying(self, *args):
        nonlocal count
        count += 1
        if count == 8:
            raise Killed
        return draw(self, *args)

    monkeypatch.setattr(WindowSampler, "draw", dying)
    with pytest.raises(Killed):
        train(data_folder, tmp_path / "broken", config)
    assert not (tmp_path / "broken" / storage.WEIGHTS_FILE).exists()
    assert torch.load(tmp_path / "broken" / CHECKPOINT, weights_only=True)["step"] == 7
    monkeypatch.setattr(WindowSampler, "draw", draw)
    train(data_folder, tmp_path / "broken", config)

    whole, resumed = storage.load(tmp_path / "whole"), storage.load(tmp_path / "broken")
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_an_encoder_that_ends_sooner_stays_the_average_of_its_weights(data_folder, tmp_path, config_file):
    config_file.write_text('schedule = "constant"\nlearning_rate = 0.01\n' + config_file.read_text())
    train(data_folder, tmp_path, TrainConfig.load(config_file))
    found = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    names = [name for name in found["model"] if name.startswith("encoder.")]
    assert names and all(
        torch.allclose(found["model"][name], found["average"][f"module.{name}"], atol=1e-6) for name in names
    )


def test_checkpoints_hold_what_a_run_needs_and_large_ones_are_rarer(data_folder, tmp_path, monkeypatch):
    path = tmp_path / "paper.toml"
    path.write_text("checkpoint_seconds = 0.0\n" + PAPER)
    config = TrainConfig.load(path)
    train(data_folder, tmp_path / "whole", config)
    found = torch.load(tmp_path / "whole" / CHECKPOINT, weights_only=True)
    assert set(found) == {"config", "data", "step", "model", "optimizer"}  # nothing of averages that aren't taken
    draw, drawn = WindowSampler.draw, []

    def dying(self, *args):
        drawn.append(args)
        if len(drawn) == 3:
            raise Killed
        return draw(self, *args)

    monkeypatch.setattr(WindowSampler, "draw", dying)
    with pytest.raises(Killed):
        train(data_folder, tmp_path / "broken", config)
    monkeypatch.setattr(WindowSampler, "draw", draw)
    train(data_folder, tmp_path / "broken", config)
    whole, resumed = storage.load(tmp_path / "whole"), storage.load(tmp_path / "broken")
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    config = dataclasses.replace(config, checkpoint_seconds=60.0)
    assert pause(config, 50_000_000, 0.3) == 60  # the default's
    assert pause(config, 676_000_000, 1.0) == pytest.approx(338)  # the paper's size
    assert pause(config, 50_000_000, 12.0) == pytest.approx(600)  # a slow disk


def test_another_configs_checkpoint_is_not_taken(data_folder, tmp_path, config_file):
    train(data_folder, tmp_path / "run", TrainConfig.load(config_file, steps=2))
    with pytest.raises(ValueError, match="another config"):
        train(data_folder, tmp_path / "run", TrainConfig.load(config_file, steps=2, seed=1))


def test_another_folders_checkpoint_is_not_taken(data_folder, tmp_path, config_file):
    train(data_folder, tmp_path / "run", TrainConfig.load(config_file, steps=2))
    other = write_data_folder(tmp_path / "other", clips_a_kind=3)
    with pytest.raises(ValueError, match=f"data of {data_folder}, not with {other}"):
        train(other, tmp_path / "run", TrainConfig.load(config_file, steps=2))


def test_training_goes_on_from_another_models_weights(data_folder, tmp_path, config_file):
    first = train(data_folder, tmp_path / "first", TrainConfig.load(config_file))
    still = TrainConfig.load(config_file, steps=1, learning_rate=1e-12)
    second = train(data_folder, tmp_path / "second", still, start_from=first)
    before, after = (storage.load(folder).state_dict() for folder in (first, second))
    assert all(torch.allclose(before[key], after[key], atol=1e-3) for key in before)
    wider = tmp_path / "wider.toml"
    wider.write_text(config_file.read_text().replace("flow_width = 48", "flow_width = 56"))
    with pytest.raises(ValueError, match="sizes are not those"):
        train(data_folder, tmp_path / "third", TrainConfig.load(wider), start_from=first)


def test_the_papers_model_trains_with_its_own_losses(data_folder, tmp_path):
    path = tmp_path / "paper.toml"
    path.write_text(PAPER)
    mc = MotionCLIP.from_pretrained(train(data_folder, tmp_path / "run", TrainConfig.load(path)))
    assert len(mc.generate("walk", frames=40)) == 40


GRADIENTS = """
import sys, torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from motionclip.models import storage
from motionclip.training.dataset import WindowSampler, actions_of, load_clips
from motionclip.training.text_pool import TextPool
from motionclip.training.captions import Words
from motionclip.towers.loading import load_tower
from motionclip.training.losses import Alignment
from motionclip.training.train import Objective, TrainConfig

data, config, out = sys.argv[1:]
config = TrainConfig.load(config)
accelerator = Accelerator(cpu=True, kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)])
clips = load_clips(data, "train")
sampler = WindowSampler(clips, 60)
torch.manual_seed(0)
model = storage.build(config.model)
model.basis.fit(sampler.spread(1000))
for parameter in model.parameters():
    torch.nn.init.normal_(parameter, std=0.05)
pool = TextPool(clips, actions_of(clips), Words.none(), load_tower("minilm"))
objective = accelerator.prepare(Objective(model, Alignment(pool)))
generator = torch.Generator().manual_seed(7)
losses = objective(sampler.draw(16, generator), generator, (accelerator.process_index, accelerator.num_processes))
accelerator.backward(torch.stack(list(losses.values())).sum())
if accelerator.is_main_process:
    torch.save({name: p.grad for name, p in model.named_parameters() if p.grad is not None}, out)
accelerator.end_training()
"""


def test_two_processes_give_the_gradients_of_one(data_folder, tmp_path):
    script, config = tmp_path / "gradients.py", tmp_path / "config.toml"
    script.write_text(GRADIENTS)
    config.write_text(CONFIG.format(dropout=0.0))
    root = Path(__file__).resolve().parent.parent
    for processes in (1, 2):
        command = [
            sys.executable,
            "-m",
            "accelerate.commands.launch",
            "--cpu",
            "--num_machines",
            "1",
            "--num_processes",
            str(processes),
            "--mixed_precision",
            "no",
            "--dynamo_backend",
            "no",
            "--num_cpu_threads_per_process",
            "1",
            str(script),
            str(data_folder),
            str(config),
            str(tmp_path / f"{processes}.pt"),
        ]
        process = subprocess.run(
            command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=240
        )
        assert process.returncode == 0, process.stderr[-3000:]
    one, two = (torch.load(tmp_path / f"{n}.pt", weights_only=True) for n in (1, 2))
    assert set(one) == set(two) and len(one) > 10
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-5 + 1e-3 * float(one[name].abs().max())), name


def test_a_clip_whose_name_no_file_system_takes_is_refused_by_line(tmp_path):
    (tmp_path / "labels.csv").write_text(f"clip,split,action,captions\n{'a' * 300},train,walk,a person walks\n")
    with pytest.raises(MotionFileError, match="line 2.*250 bytes"):
        load_clips(tmp_path)


def test_a_bank_is_made_again_where_a_folder_has_no_words(tmp_path):
    data, model = write_data_folder(tmp_path / "data"), tmp_path / "model"
    (data / "words.json").unlink()
    storage.save(MotionTransformer(TransformerConfig(feedforward=32, layers=1)), model)
    command = ["index", "--data", str(data), "--model", str(model)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "the bank is in" in result.output
    assert (model / storage.BANK_FILE).is_file() and not (model / storage.READER_FILE).exists()
    result = CliRunner().invoke(app, [*command, "--reader"])
    assert result.exit_code == 1 and "words.json: file: is missing" in result.output
