#!/bin/sh
# Makes a virtual environment and installs a locked set and this package into it.
#
#     tools/setup.sh VENV REQUIREMENTS     make VENV if need be, install, editable
#     tools/setup.sh --find                print the Python that would be used
#
# It needs nothing but a Python of at least 3.11 that can make virtual environments.
set -eu

usable() { # Python new enough?
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

complete() { # Debian packs these two apart from Python.
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

find_python() {
    incomplete=
    for name in ${FLOWGRADE_PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if usable "$name"; then
            if complete "$name"; then
                command -v "$name"
                return
            fi
            incomplete=${incomplete:-$name}
        fi
    done
    explain "$incomplete"
    return 1
}

explain() {
    {
        if [ -n "$1" ]; then
            version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            echo "$1 (Python $version) cannot make virtual environments: ensurepip is missing."
            echo "On Debian and Ubuntu: sudo apt install python$version-venv"
        else
            echo "Flowgrade needs Python 3.11 or newer, and none was found."
            echo "Debian, Ubuntu: sudo apt install python3 python3-venv"
            echo "Fedora:         sudo dnf install python3"
            echo "macOS:          brew install python@3.13"
            echo "Elsewhere: https://www.python.org/downloads/"
            echo "One that is not on PATH: make setup FLOWGRADE_PYTHON=/path/to/python"
        fi
    } >&2
}

if [ "${1:-}" = --find ]; then
    find_python
    exit
fi

venv=$1
requirements=$2

# An environment whose Python was removed or upgraded away is of no use.
if ! usable "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "making $venv with $python ($("$python" --version))" >&2
    "$python" -m venv --clear "$venv"
fi

echo "installing $requirements into $venv" >&2
install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
install --require-hashes -r "$requirements"
install --no-deps --no-build-isolation -e .
