"""What the shipped weights give for fixed seeds. After new weights, write it again: python tests/golden.py"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
FILE = HERE / "golden.json"
DIGITS = 4  # after the point: a tenth of a millimetre
sys.path.insert(0, str(HERE.parent))


def outputs() -> dict[str, Any]:
    """Latents, joints (metres) at the first, middle and last frame, and what the model says, by name."""
    from conftest import synthetic_motion
    from shipped import default_model

    from motionclip import Motion, MotionCLIP

    torch.set_num_threads(1)
    mc = default_model()
    free = MotionCLIP.from_pretrained("weights/open", mc.tower)
    walk, wave = synthetic_motion("walk"), synthetic_motion("wave left hand")
    base = mc.generate("walk", seed=1)

    def three_frames(motion: Motion) -> dict[str, Any]:
        joints = motion.joints()
        return {"frames": len(motion), "joints": _rounded(joints[[0, len(joints) // 2, -1]])}

    verdicts = [
        mc.verdict(text) for text in ("a person sits down on a chair", "quantum chromodynamics", "asdfgh qwrtzp")
    ]
    return {
        "latent of a text": {"latent": _rounded(mc.encode_text(["a person walks like a zombie"])[0])},
        "latent of a motion": {"latent": _rounded(mc.encode_motion([walk])[0])},
        "latent of a known action": {"latent": _rounded(mc.plan(["a guy strolls along"])[0][0].z)},
        "one action": three_frames(mc.generate("sit down on a chair", seed=3)),
        "a long action": three_frames(mc.generate("dance salsa", frames=150, seed=4)),
        "steps": three_frames(mc.generate("walk, then bow, then wave goodbye", seed=5)),
        "one side": three_frames(mc.generate("kick with the left leg", seed=6)),
        "two at once": three_frames(mc.generate("walk while waving", seed=7)),
        "a count": three_frames(mc.generate("jump three times", seed=8)),
        "open weights": three_frames(free.generate("climb a ladder", seed=9)),
        "interpolation": three_frames(mc.interpolate("walk", "dance salsa", steps=3, seed=10)[1]),
        "interpolation of motions": three_frames(mc.interpolate(walk, wave, steps=3)[1]),
        "blend": three_frames(mc.blend("walk", "bow", frames=120, seed=11)),
        "edit": three_frames(mc.edit(base, "walk", "walk like an old person")),
        "recognition": dict((label, round(score, DIGITS)) for label, score in mc.recognize(base, top=3)),
        "verdicts": [[one.level, list(one.actions)] for one in verdicts],
    }


def _rounded(values: torch.Tensor | np.ndarray) -> list[float]:
    return [round(float(value), DIGITS) for value in values.ravel()]


if __name__ == "__main__":
    # A line for each output, so that a change shows which.
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in outputs().items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
