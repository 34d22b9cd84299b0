# Sourced by run and test. packages FILE: puts what a requirements file names into .venv, at the versions that the tests
# passed with; torch first, in its CPU build where there is no NVIDIA GPU: a third of the gigabytes.
packages() {
  [ -d .venv ] || python3 -m venv .venv
  # A build that is there stays, whichever it is.
  .venv/bin/python -m pip install -q --no-index -r torch-cuda.lock 2>/dev/null ||
    .venv/bin/python -m pip install -q -r "$(torch_lock)"
  .venv/bin/python -m pip install -q -c requirements.lock -r "$1"
  # The command `motionclip`, which runs the code of this folder.
  [ .venv/bin/motionclip -nt setup.py ] || .venv/bin/python -m pip install -q --no-deps -e .
}

# The lock file of torch's build for this machine. The CPU build has an index of its own. Where that is out of reach,
# what pip finds elsewhere has to do.
torch_lock() {
  if command -v nvidia-smi >/dev/null; then
    echo torch-cuda.lock
  elif .venv/bin/python -c '
from urllib.request import urlopen
urlopen("https://download.pytorch.org/whl/cpu/", timeout=5)' 2>/dev/null; then
    echo torch-cpu.lock
  else
    echo "download.pytorch.org, which has torch's CPU build, can't be reached: pip installs the build that it finds" \
      "elsewhere, which may be the one for GPUs, gigabytes larger" >&2
    echo torch-cuda.lock
  fi
}
