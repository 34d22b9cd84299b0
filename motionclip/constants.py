"""Numbers that the whole package agrees on. Nothing here needs torch."""

FPS = 30.0  # frames a second, of every motion
# How far a text is drawn to known ones by default; chosen by measurement, see docs/experiments.md.
CLOSENESS = 1.0
