"""Starts the app, as `motionclip app` does: for a Space, and for `./run`. `python app.py --help` lists the options."""

import sys

from motionclip.cli import app

if __name__ == "__main__":
    app(["app", *sys.argv[1:]], prog_name="motionclip")
