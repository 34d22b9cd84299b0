"""The evaluator: a classifier of action and style with text-aligned features, trained apart from every generator.

It is trained only on real motion, with another objective and another seed than the models' own encoders, and is never
used to generate, to encode, or to choose what is generated.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from ..files.json_file import read_json
from ..files.writing import write_atomically
from ..motion.features import POINTS, canonical, motion_features, points
from ..motion.motion import Motion
from ..towers.loading import load_tower
from ..training.captions import Words
from ..training.dataset import Clip, WindowSampler, actions_of
from ..training.text_pool import TextPool

WINDOW = 60


class Evaluator(nn.Module):
    """An independent classifier of windows of joint positions.

    It gives actions, styles, and features in the text space of `tower`.

    Args:
        actions: the names of actions.
        styles: the names of styles.
        width: of the convolutions.
        text: the size of the text space.
    """

    tower = "minilm"

    def __init__(self, actions: Sequence[str], styles: Sequence[str], width: int = 256, text: int = 384) -> None:
        super().__init__()
        self.actions, self.styles = list(actions), list(styles)
        self.embed = nn.Conv1d(POINTS, width, 5, stride=2, padding=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm1d(width),
                nn.GELU(),
                nn.Conv1d(width, width, 5, padding=2),
                nn.BatchNorm1d(width),
                nn.GELU(),
                nn.Dropout(0.2),
                nn.Conv1d(width, width, 3, padding=1),
            )
            for _ in range(3)
        )
        self.pool = nn.AvgPool1d(2)
        self.dropout = nn.Dropout(0.3)
        self.action, self.style = nn.Linear(2 * width, len(self.actions)), nn.Linear(2 * width, len(self.styles))
        self.text = nn.Linear(2 * width, text)

    def hidden(self, windows: torch.Tensor) -> torch.Tensor:
        """Compute the features in which distances are measured.

        Args:
            windows: (batch, 60, 149) features.

        Returns:
            (batch, 2 · width).
        """
        x = self.embed(points(windows).transpose(1, 2))
        for number, block in enumerate(self.blocks):
            x = x + block(x)
            if number < len(self.blocks) - 1:
                x = self.pool(x)
        return torch.cat([x.mean(-1), x.amax(-1)], dim=-1)

    def forward(self, windows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Classify windows.

        Args:
            windows: (batch, 60, 149) features.

        Returns:
            (batch, actions) logits, (batch, styles) logits, and (batch, 384) features in the text space.
        """
        h = self.dropout(self.hidden(windows))
        return self.action(h), self.style(h), functional.normalize(self.text(h).float(), dim=-1)

    @torch.inference_mode()
    def predict(self, motions: Sequence[Motion]) -> dict[str, torch.Tensor]:
        """Classify the first 60 frames of each motion; the last pose of a shorter one is held.

        Args:
            motions: of any length.

        Returns:
            "action": (N, actions) logits. "style": (N, styles) logits. "text": (N, 384) unit features in the text
            space. "hidden": (N, H) features for Fréchet distances.
        """
        windows = torch.stack([canonical(motion_features(m.padded(WINDOW).crop(0, WINDOW))) for m in motions])
        hidden = torch.cat([self.hidden(part) for part in windows.split(256)])
        text = functional.normalize(self.text(hidden), dim=-1)
        return {"action": self.action(hidden), "style": self.style(hidden), "text": text, "hidden": hidden}

    def named(self, motions: Sequence[Motion]) -> tuple[list[str], list[str]]:
        """Name the most likely action and style of each motion.

        Args:
            motions: of any length.

        Returns:
            The actions, and the styles.
        """
        predictions = self.predict(motions)
        actions = [self.actions[i] for i in predictions["action"].argmax(1).tolist()]
        return actions, [self.styles[i] for i in predictions["style"].argmax(1).tolist()]

    def save(self, folder: Path) -> None:
        """Write FOLDER/config.json and model.safetensors in half precision.

        Args:
            folder: where to.

        Raises:
            FileAccessError: where a file can't be written.
        """
        state = {key: value.half() if value.is_floating_point() else value for key, value in self.state_dict().items()}
        write_atomically(folder / "model.safetensors", lambda path: save_file(state, path, metadata={"format": "pt"}))
        content = json.dumps({"actions": self.actions, "styles": self.styles}, indent=1) + "\n"
        write_atomically(folder / "config.json", lambda path: path.write_text(content, encoding="utf-8"))

    @classmethod
    def load(cls, folder: Path) -> Evaluator:
        """Read what `save` wrote.

        Args:
            folder: the folder.

        Returns:
            The evaluator, ready for inference.

        Raises:
            OSError: where it is missing.
        """
        config = read_json(folder / "config.json")
        evaluator = cls(config["actions"], config["styles"])
        state = load_file(folder / "model.safetensors")
        evaluator.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        return evaluator.eval().requires_grad_(False)


def train_evaluator(clips: Sequence[Clip], steps: int = 8000, batch: int = 384, seed: int = 1234) -> Evaluator:
    """Train an evaluator by cross-entropy on action and style, and by contrast to captions.

    It runs on the GPU where there is one.

    Args:
        clips: the clips of the train split.
        steps: the number of steps.
        batch: windows in a step.
        seed: of everything random.

    Returns:
        The evaluator.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    actions, styles = actions_of(clips), sorted({clip.style for clip in clips})
    evaluator = Evaluator(actions, styles).to(device)
    pool = TextPool(clips, actions, Words.none(), load_tower(Evaluator.tower), device)
    sampler = WindowSampler(clips, WINDOW, device=device)
    style_of = torch.tensor([styles.index(clip.style) for clip in clips]).to(device)
    optimizer = torch.optim.AdamW(evaluator.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.05)
    generator = torch.Generator().manual_seed(seed)
    average = torch.optim.swa_utils.AveragedModel(
        evaluator, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    for _ in (progress := tqdm(range(steps), unit="step", mininterval=2, dynamic_ncols=True)):
        batch_windows = sampler.draw(batch, generator, warped=batch // 2)
        captions = pool.draw(batch_windows.clip, batch_windows.mirrored, 0.0, generator)
        jitter = 0.01 * torch.randn_like(batch_windows.features)
        with torch.autocast(device.type, torch.bfloat16):
            action, style, text = evaluator.train()(batch_windows.features + jitter)
        same = captions @ captions.T > 0.95
        diagonal = torch.eye(batch, dtype=torch.bool, device=device)
        contrast = (text @ captions.T / 0.1).masked_fill(same & ~diagonal, -torch.inf)
        loss = (
            functional.cross_entropy(
                action.float(), pool.labels(batch_windows.clip, batch_windows.mirrored), label_smoothing=0.05
            )
            + functional.cross_entropy(style.float(), style_of[batch_windows.clip.to(device)], label_smoothing=0.05)
            + functional.cross_entropy(contrast, torch.arange(batch, device=device))
        )
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        average.update_parameters(evaluator)
        if progress.n % 20 == 0:
            progress.set_postfix(loss=f"{loss.item():.3f}")
    averaged = cast(Evaluator, average.module.cpu())
    return averaged.eval().requires_grad_(False)
