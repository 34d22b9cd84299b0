"""Numbers that the whole package agrees on, and every limit of a request. Nothing here needs torch."""

FPS = 30.0  # frames per second, of every motion
# How far a text is drawn to known ones by default; chosen by measurement, see docs/experiments.md.
CLOSENESS = 1.0

MAX_TEXT = 2000  # characters
MAX_COUNT = 10  # times that a text asks for something
MAX_SEED = 2**31 - 1
MAX_FRAMES = 1800  # of one motion: a minute
MAX_SAMPLES = 64  # of one text
MAX_STRENGTH = 5.0  # of an edit, to either side
MAX_STEPS = 101  # of an interpolation
MAX_LABELS = 1000  # to choose from
MIN_SECONDS, MAX_SECONDS = 0.7, 6.5  # that the page makes at a time
MIN_BLOCK_SECONDS = 0.5  # of a storyboard
MAX_STORY_SECONDS = MAX_FRAMES / FPS  # of all blocks together, or of a step in a link
QUEUE = 64  # requests that may wait, by default
