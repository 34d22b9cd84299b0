"""From where the page may say that it is sure of what it reads: how often the first label is right at each word.

    python benchmarks/recognition_sureness.py --data FOLDER             # how true the words are, as they are stored
    python benchmarks/recognition_sureness.py --data FOLDER --write     # choose where they begin, and store it

It reads the windows of a split's recorded and animated clips (a choreographed one is a take of what was trained on)
twice: among all actions, and among ten labels, where for half of the windows no right one is among the ten. An action
near the right one counts. The share of the first label among all actions says how sure the page is; labels of a list
are read by their words alone. A word begins where the isotonic regression of "right" on the share reaches the word's
aim: so it is true as a whole, and for the least sure of those that it is said of, too.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from sklearn.isotonic import IsotonicRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from demo.recognition_sureness import ACTIONS, AIMS, FROM, LIST, NONE, STORED, shares, word  # noqa: E402
from motionclip import MotionCLIP  # noqa: E402
from motionclip.evaluation.protocol import windows_of  # noqa: E402
from motionclip.files.labels_table import read_table  # noqa: E402
from motionclip.recognition import cosines  # noqa: E402
from motionclip.training.captions import Words  # noqa: E402
from motionclip.training.dataset import load_clips  # noqa: E402

LABELS = 10  # of a list of one's own
Answers = dict[str, tuple[np.ndarray, np.ndarray]]


def answers(mc: MotionCLIP, data: Path, split: str) -> Answers:
    """For each reading the (windows,) shares of the first labels, and whether those are right."""
    assert mc.bank is not None
    clips = [clip for clip in load_clips(data, split) if clip.kind != "choreographed"]
    words = Words.load(data, {row["action"] for row in read_table(data)})
    windows, owners = windows_of(mc, clips)
    z = mc.model.encode_windows(windows)
    share, by_name = shares(mc.label_scores(z)[1]), shares(cosines(z, mc.encode_text(mc.bank.actions)))
    right = torch.tensor([[action in words.right(owner.action) for action in mc.bank.actions] for owner in owners])
    offered = torch.zeros_like(right)
    draw = random.Random(0)
    for number, row in enumerate(right):
        good, other = (row == wanted for wanted in (True, False))
        among = draw.sample(other.nonzero()[:, 0].tolist(), LABELS - number % 2)
        among += draw.sample(good.nonzero()[:, 0].tolist(), min(number % 2, int(good.sum())))
        offered[number, among] = True
    read = {ACTIONS: share, LIST: by_name * offered}
    return {what: _first(shown, right) for what, shown in read.items()}


def _first(share: torch.Tensor, right: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    best = share.max(dim=-1)
    return best.values.numpy(), right.gather(1, best.indices[:, None])[:, 0].numpy()


def beginnings(share: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """From which share each word is true; above 1 for one that never is."""
    fit = IsotonicRegression(out_of_bounds="clip").fit(share, right)
    grid = np.linspace(0, 1, 1001)
    reached = {said: fit.predict(grid) >= aim for said, aim in AIMS.items()}
    return {said: round(float(grid[here.argmax()]), 3) if here.any() else 1.01 for said, here in reached.items()}


def table(measured: Answers, since: Mapping[str, Mapping[str, float]]) -> list[str]:
    """How often each word is said, and how often it is right."""
    lines = []
    for what, (share, right) in measured.items():
        said = np.array([word(float(one), since[what]) for one in share])
        for each in (*AIMS, NONE):
            of = said == each
            rate = f"{100 * right[of].mean():.0f} %" if of.any() else "–"
            lines.append(f"{what:8} {each:9} said of {100 * of.mean():3.0f} %, right in {rate:>5} of {of.sum()}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--model")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    measured = answers(MotionCLIP.from_pretrained(options.model), options.data, options.split)
    since = {what: beginnings(*of) for what, of in measured.items()} if options.write else FROM
    lines = table(measured, since)
    print(json.dumps(since), *lines, sep="\n")
    if options.write:
        stored = {
            "command": "python benchmarks/recognition_sureness.py --data FOLDER --write",
            "from": since,
            "measured": lines,
        }
        STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
