"""Draws docs/hello.gif, the README's first picture: python docs/hello.py"""

import sys
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
SIZE = 300


def main() -> None:
    from motionclip import MotionCLIP
    from motionclip.viz.render import frames, write_video

    mc = MotionCLIP.from_pretrained()
    shown = {
        "sit down on a chair": mc.generate("sit down on a chair"),
        "Spiderman in action!": mc.generate("Spiderman in action!"),
        "swing a golf club": mc.generate("swing a golf club", seed=2),
    }
    pictures = []
    films = [[picture.copy() for picture in frames(motion, SIZE)] for motion in shown.values()]
    for number in range(max(map(len, films))):  # one that has ended stays as it is
        together = [film[min(number, len(film) - 1)].copy() for film in films]
        for picture, words in zip(together, shown, strict=True):
            (width, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
            place = ((SIZE - width) // 2, SIZE - 14)
            cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (71, 85, 105), 1, cv2.LINE_AA)
        pictures.append(np.concatenate(together, axis=1))
    write_video(pictures, HERE / "hello.gif")


if __name__ == "__main__":
    main()
