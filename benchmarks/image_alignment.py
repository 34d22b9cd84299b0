"""Does the alignment with rendered frames teach anything? Trained on nothing else, on a labelled motion folder.

    python benchmarks/image_alignment.py --data FOLDER [--steps 600]

The image tower is open_clip's at random weights: this proves the machinery (rendering, loss, caching), not CLIP's
semantics. A random tower's pictures all lie in one narrow cone (their cosines are above 0.99), where any constant
answer is nearly right; so their mean is taken off first. Held-out clips: the loss and that of the best constant
answer, and how often a motion's latent finds its own frame among those of all the clips. Frames are seen from the
front, since motion tells nothing of the side.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from motionclip.models.flow import FlowConfig, FlowModel
from motionclip.motion.features import from_features
from motionclip.motion.windows import cut_windows
from motionclip.towers.interface import ImageTower
from motionclip.towers.loading import load_tower
from motionclip.training.dataset import Batch, WindowSampler, load_clips
from motionclip.training.frames import FrameTower, pictures
from motionclip.viz.bodies import WoodenBody

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=Path, required=True, help="folder with labels.csv and clips/")
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--frame-tower", default="clip:ViT-S-32-alt/random", help="as in a model's config")


class Centred:
    """An image tower less the mean of what it says of some pictures."""

    def __init__(self, tower: ImageTower, pictures: np.ndarray) -> None:
        self.size, self._tower = tower.size, tower
        self._mean = tower.encode_images(pictures).mean(0)

    def encode_images(self, pictures: np.ndarray) -> torch.Tensor:
        """See ImageTower."""
        return self._tower.encode_images(pictures) - self._mean


def held_out(clips: list, window: int) -> Batch:
    """One window of each clip, its first."""
    features = torch.stack([cut_windows(clip.motion, window, window)[0] for clip in clips])
    zeros = torch.zeros(len(clips), dtype=torch.long)
    return Batch(features, torch.arange(len(clips)), zeros, zeros.bool())


@torch.no_grad()
def measure(model: FlowModel, batch: Batch, seen: torch.Tensor) -> tuple[float, float, float]:
    """Loss, and retrieval among all: top-1 and top-10."""
    z = model.encode_windows(batch.features)
    loss = 1 - functional.cosine_similarity(z, seen, dim=-1).mean()
    z, seen = functional.normalize(z, dim=-1), functional.normalize(seen, dim=-1)
    similarity = z @ seen.T
    rank = (similarity > similarity.diagonal()[:, None]).sum(1)
    return float(loss), float((rank < 1).float().mean()), float((rank < 10).float().mean())


def main() -> None:
    options = parser.parse_args()
    torch.manual_seed(0)
    tower = load_tower(options.frame_tower, normalised=False)
    config = FlowConfig(tower=options.frame_tower, latent=tower.dim)
    model = FlowModel(config)
    clips, others = load_clips(options.data, "train"), load_clips(options.data, "val")
    sampler, body = WindowSampler(clips, config.window), WoodenBody()
    model.basis.fit(sampler.spread(most=30_000))
    sample = from_features(sampler.draw(64, torch.Generator().manual_seed(2)).features[:, :1])[0][:, 0]
    began = time.perf_counter()
    drawn = pictures(body, sample, np.zeros(len(sample)), tower.size)
    drawing = time.perf_counter() - began
    began = time.perf_counter()
    centred = Centred(tower, drawn)
    print(f"drawing {1000 * drawing / len(drawn):.1f} ms a picture, ", end="")
    print(f"the tower {1000 * (time.perf_counter() - began) / len(drawn):.1f} ms")
    frames = FrameTower(centred, body, view=0.0)
    batch = held_out(others, config.window)
    seen = FrameTower(centred, body, view=0.0).draw(batch, torch.arange(len(others)), torch.Generator().manual_seed(1))
    constant = 1 - float(functional.normalize(seen, dim=-1).mean(0).norm())

    def report(step: int) -> None:
        loss, first, ten = measure(model.eval(), batch, seen)
        tqdm.write(
            f"step {step}: held-out loss {loss:.3f} (best constant {constant:.3f}), motion finds its frame among "
            f"{len(others)}: first {first:.1%} (chance {1 / len(others):.1%}), "
            f"in ten {ten:.1%} ({10 / len(others):.1%})"
        )

    report(0)
    optimizer = torch.optim.AdamW(model.encoder.parameters(), lr=1e-3)
    looking = 0.0
    began = time.perf_counter()
    for step in tqdm(range(options.steps), unit="step"):
        generator = torch.Generator().manual_seed(step)
        drawn = sampler.draw(options.batch, generator)
        started = time.perf_counter()
        wanted = frames.draw(drawn, torch.arange(options.batch), generator)
        looking += time.perf_counter() - started
        z = model.train().encode_coefficients(model.basis.project(drawn.features))
        loss = 1 - functional.cosine_similarity(z, wanted, dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % max(options.steps // 4, 1) == 0:
            report(step + 1)
    print(f"drawing and the tower took {looking / (time.perf_counter() - began):.0%} of the time")


if __name__ == "__main__":
    main()
