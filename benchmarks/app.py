"""How long a visitor waits: prompt → 3D figure and prompt → video over the app's HTTP API, warm.

    python benchmarks/app.py [--rounds 20]

Each round asks for a prompt with a new seed, so that nothing comes from a cache.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--port", type=int, default=7899)


def main() -> None:
    options = parser.parse_args()
    from gradio_client import Client

    import demo

    page = demo.launch(port=options.port, block=False)
    client = Client(f"http://127.0.0.1:{options.port}", verbose=False, download_files=False)
    print(f"{'':28}{'min':>8}{'median':>8}{'max':>8}  seconds, {options.rounds} rounds")
    for name, endpoint in (("prompt → 3D figure", "/generate"), ("prompt → video and files", "/files")):
        client.predict("walk", 2.0, 1, api_name=endpoint)
        waits = []
        for seed in range(options.rounds):
            start = time.perf_counter()
            client.predict(f"a person walks like a zombie, take {seed}", 2.0, 1000 + seed, api_name=endpoint)
            waits.append(time.perf_counter() - start)
        print(f"{name:28}{min(waits):8.3f}{statistics.median(waits):8.3f}{max(waits):8.3f}")
    page.close()


if __name__ == "__main__":
    main()
