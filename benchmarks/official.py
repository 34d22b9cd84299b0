"""An official-size model: our inference compared with plain layers of the authors' architecture, in time and numbers.

    python benchmarks/official.py [--checkpoint FILE --expected FILE]

With a checkpoint and what the authors' code returned for it (an npz with x, mask, z, reconstruction, latent,
generation), also how far the imported model is from that.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from motionclip.models import storage
from motionclip.models.official import import_official
from motionclip.models.transformer import MotionTransformer, TransformerConfig

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--checkpoint", type=Path)
parser.add_argument("--expected", type=Path)
parser.add_argument("--repeats", type=int, default=15)


def timed(call, repeats: int) -> tuple[float, float]:
    """Minimum and median milliseconds."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return min(times), statistics.median(times)


@torch.inference_mode()
def differences(checkpoint: Path, expected: Path) -> dict[str, float]:
    """How far the imported checkpoint is at most from what the authors' code returned for it, by what that is."""
    with tempfile.TemporaryDirectory() as folder:
        import_official(checkpoint, Path(folder) / "model")
        model = storage.load(Path(folder) / "model")
    theirs = {name: torch.from_numpy(value) for name, value in np.load(expected).items()}
    z = model.encode(theirs["x"], theirs["mask"])
    full = torch.ones(len(theirs["latent"]), theirs["generation"].shape[-1], dtype=torch.bool)
    ours = {
        "z": z,
        "reconstruction": model.decode(z, theirs["mask"]),
        "generation": model.decode(theirs["latent"], full),
    }
    return {name: float((found - theirs[name]).abs().max()) for name, found in ours.items()}


@torch.inference_mode()
def main() -> None:
    options = parser.parse_args()
    model = MotionTransformer(TransformerConfig(latent=512)).eval()
    print("decoding 60 frames, ms         plain min / median     ours min / median    times    largest difference")
    for batch in (1, 8, 64):
        z, mask = torch.randn(batch, 512), torch.ones(batch, 60, dtype=torch.bool)
        repeats = max(3, options.repeats // batch)
        plain = timed(lambda z=z, mask=mask: model.decoder(z, mask), repeats)
        ours = timed(lambda z=z, mask=mask: model.decode(z, mask), repeats)
        apart = float((model.decoder(z, mask) - model.decode(z, mask)).abs().max())
        print(
            f"  batch {batch:3d}            {plain[0]:12.1f} / {plain[1]:6.1f} {ours[0]:14.1f} / {ours[1]:6.1f}"
            f" {plain[1] / ours[1]:8.2f}    {apart:.1e}"
        )
    if options.checkpoint and options.expected:
        for name, difference in differences(options.checkpoint, options.expected).items():
            print(f"  {name}: at most {difference:.1e} from the authors' code")


if __name__ == "__main__":
    main()
