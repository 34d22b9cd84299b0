"""`python -m motionclip`."""

from .cli import app

app(prog_name="motionclip")
