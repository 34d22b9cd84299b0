# Sourced by run and test. packages FILE: puts what a requirements file names into .venv, at the versions that the tests
# passed with; torch first, in its CPU build where there is no NVIDIA GPU: a third of the gigabytes.
packages() {
  [ -d .venv ] || python3 -m venv .venv
  local build=cuda
  # The CPU build has an index of its own. Where that is out of reach, what pip finds elsewhere has to do.
  if ! command -v nvidia-smi >/dev/null && .venv/bin/python -c '
from urllib.request import urlopen
urlopen("https://download.pytorch.org/whl/cpu/", timeout=5)' 2>/dev/null; then
    build=cpu
  fi
  .venv/bin/python -m pip install -q -r "torch-$build.lock"
  .venv/bin/python -m pip install -q -c requirements.lock -r "$1"
  # The command `motionclip`, which runs the code of this folder.
  [ .venv/bin/motionclip -nt setup.py ] || .venv/bin/python -m pip install -q --no-deps -e .
}
