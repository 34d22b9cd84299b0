"""MotionCLIP for everyone: starts the demo in a browser. `python app.py --help` lists the options."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 lets other machines in")
parser.add_argument("--port", type=int, default=7860, help="port to listen on")
parser.add_argument("--share", action="store_true", help="also give a public link through gradio.live")
parser.add_argument("--model", type=Path, help="model folder, instead of weights/")

if __name__ == "__main__":
    options = parser.parse_args()
    from demo import launch

    launch(options.model, host=options.host, port=options.port, share=options.share)
