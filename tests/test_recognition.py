"""Recognition is by cosine, whatever length latents have, and on BABEL by the paper's protocol."""

import types

import pytest
import torch
from conftest import synthetic_motion

from motionclip.evaluation.protocol import babel_recognition, confusion, recognition
from motionclip.labels import BABEL_60
from motionclip.motion.features import HEIGHT
from motionclip.training.captions import Words
from motionclip.training.dataset import Clip
from motionclip.training.train import TrainConfig, validate


class Long:
    """Texts at the corners of a space, some far longer than others; motions near the corner of their height."""

    def __init__(self, actions):
        self.actions = list(actions)
        self.config = types.SimpleNamespace(window=60, keeps_heading=False)
        self.model = self

    def encode_text(self, texts):
        rows = torch.eye(len(self.actions))[[self.actions.index(text) for text in texts]]
        # Another's word in each, and a length for each: the dot product's greatest is the longest's.
        return (rows + 0.3) * torch.tensor([10.0 + 50 * self.actions.index(text) for text in texts])[:, None]

    encode = encode_text

    def encode_windows(self, windows):
        return 7 * torch.eye(len(self.actions))[windows[:, 0, HEIGHT].mul(10).round().long()]

    def encode_motion(self, motions):
        return torch.stack(
            [7 * torch.eye(len(self.actions))[round(10 * motion.translation[0, 1])] for motion in motions]
        )

    encode_motions = encode_motion

    def decode_motions(self, z, frames):
        return [synthetic_motion(frames=frames)] * len(z)

    def __deepcopy__(self, memo):
        return self

    def cpu(self):
        return self

    eval = cpu


def clip(height, action, categories=()):
    motion = synthetic_motion("wave left hand", 60)
    motion.translation[:, 1] = height / 10
    return Clip(action, motion, "test", action, "normal", (action,), categories=categories)


def test_figures_confusion_and_validation_go_by_angle_not_length():
    actions = ["bow", "kick", "walk"]
    mc, clips = Long(actions), [clip(number, action) for number, action in enumerate(actions)]
    top1 = {figure.name: figure.value for figure in recognition(mc, clips, actions, Words.none())}
    assert top1["windows, top-1"] == top1["whole clips, top-1"] == 100
    counts, names = confusion(mc, clips, actions)
    assert names == actions and torch.equal(counts, torch.eye(3))
    assert "top-1 1.000" in validate(mc, clips, actions, mc)


def test_on_babel_any_of_a_windows_categories_is_right_among_60_classes():
    mc = Long(BABEL_60)
    clips = [
        clip(0, "walk", ("forward movement", "walk")),
        clip(1, "stand", ("stand", "wait")),
        clip(2, "sit", ("sit",)),  # read as "hand movements"
        clip(3, "yawn", ("yawn",)),  # none of the 60: not asked
    ]
    figures = {figure.name: figure.value for figure in babel_recognition(mc, clips)}
    assert figures["top-1"] == pytest.approx(200 / 3)
    assert babel_recognition(mc, clips[3:]) == []


def test_the_classes_model_learns_longer_with_the_authors_weights():
    clip, classes = TrainConfig.load("clip"), TrainConfig.load("classes")
    assert classes.steps == 2 * clip.steps and classes.model == clip.model
    assert classes.text_weight == classes.image_weight == pytest.approx(100 / 95, abs=1e-4)
