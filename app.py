"""MotionCLIP for everyone: starts the demo in a browser. `python app.py --help` lists the options."""

import argparse
import os
import signal

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument(
    "--host",
    default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),  # a Space sets it
    help="address to listen on; 0.0.0.0 lets other machines in",
)
parser.add_argument(
    "--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")), help="port to listen on"
)
parser.add_argument("--share", action="store_true", help="also give a public link through gradio.live")
parser.add_argument(
    "--model",
    default=os.environ.get("MOTIONCLIP_MODEL"),
    help="model folder or Hub repo (user/name), instead of weights/; also by MOTIONCLIP_MODEL",
)
parser.add_argument(
    "--clip",
    default=os.environ.get("MOTIONCLIP_CLIP"),
    help="CLIP's weights, for a model in its space: OpenAI's ViT-B-32.pt, an open_clip checkpoint, or their folder",
)
parser.add_argument("--queue", type=int, default=64, help="requests that may wait; more are told to come back")
parser.add_argument(
    "--mcp",
    action="store_true",
    default="SPACE_ID" in os.environ,  # a Space, which is tagged with it
    help="also serve the endpoints as tools to MCP clients",
)

if __name__ == "__main__":
    options = parser.parse_args()
    from demo import launch

    # As Ctrl-C: the server closes, and the files of results are cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    launch(**vars(options))
