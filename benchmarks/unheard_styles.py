"""What the evaluator of edits can see: real recordings of styles that it learned with other recordings only.

    python benchmarks/unheard_styles.py --data FOLDER [--source bandai2] [--steps 3000]

An edit to "a style recorded with other actions only" shows what the evaluator has never seen, and there are no
recordings to try it on. So an evaluator is trained without some styles that are recorded: the styled clips of one
source (by the start of their names) are left out wherever another source has the style, too. Then it classifies these
clips. What it misses there is not the fault of the motion.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from motionclip.evaluation.evaluator import Evaluator, train_evaluator
from motionclip.evaluation.protocol import MIN_STYLE_CLIPS
from motionclip.labels import NORMAL
from motionclip.training.dataset import Clip, load_clips

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=Path, required=True, help="a labelled motion folder")
parser.add_argument("--source", default="bandai2", help="how the names of the held-back clips begin")
parser.add_argument("--steps", type=int, default=3000, help="of training the evaluator")


def say(what: str, evaluator: Evaluator, clips: list[Clip]) -> None:
    """One line of the table."""
    actions, styles = evaluator.named([clip.motion for clip in clips])
    style = [seen == clip.style for seen, clip in zip(styles, clips, strict=True)]
    action = [seen == clip.action for seen, clip in zip(actions, clips, strict=True)]
    both = [a and b for a, b in zip(style, action, strict=True)]
    shares = " | ".join(f"{100 * sum(hits) / len(clips):.1f} %" for hits in (style, action, both))
    print(f"| {what} ({len(clips)}) | {shares} |", flush=True)


def main() -> None:
    options = parser.parse_args()
    known, unseen = load_clips(options.data, "train"), load_clips(options.data, "val")
    elsewhere = Counter(clip.style for clip in known if not clip.name.startswith(options.source))

    def held_back(clip: Clip) -> bool:
        apart = clip.style != NORMAL and elsewhere[clip.style] >= MIN_STYLE_CLIPS
        return apart and clip.name.startswith(options.source)

    kept = [clip for clip in known if not held_back(clip)]
    evaluator = train_evaluator(kept, steps=options.steps)
    print("| real recordings | their style seen | their action seen | both |\n|---|---|---|---|")
    held = [clip for clip in known + unseen if held_back(clip)]
    told = {clip.action for clip in kept if clip.style != NORMAL and not clip.name.startswith(options.source)}
    say("held back: the style was learned with other recordings only", evaluator, held)
    apart = [clip for clip in held if clip.action not in told]
    say("of these, actions that were never learned in any such style", evaluator, apart)
    seen = [clip for clip in unseen if clip.style != NORMAL and not held_back(clip)]
    say("val clips of pairs that were learned", evaluator, seen)


if __name__ == "__main__":
    main()
