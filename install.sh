#!/bin/sh
# Makes a virtual environment and installs a pinned, hashed requirements file and the project into it.
# Usage: install.sh PYTHON VENV REQUIREMENTS      Uses uv where there is one, else venv and pip.
set -eu
python=$1 venv=$2 requirements=$3

if ! command -v "$python" >/dev/null 2>&1; then
    echo "There is no '$python' here. Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; then
    echo "'$python' is $("$python" --version 2>&1); this program needs 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12" >&2
    exit 1
fi

if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
    echo "Installing with uv …"
    uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$requirements"
    uv pip install --quiet --python "$venv/bin/python" --no-build-isolation --no-deps -e .
    exit 0
fi

if [ ! -x "$venv/bin/python" ]; then
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "Python's venv module is missing here. On Debian and Ubuntu: apt install python$version-venv" >&2
        echo "(or install uv, which needs no venv module), then call make again." >&2
        exit 1
    fi
    "$python" -m venv "$venv"
fi
echo "Installing with pip (about a minute the first time) …"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
# setuptools warns of every editable installation; this one is meant.
PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-build-isolation --no-deps -e .
