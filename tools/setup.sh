#!/usr/bin/env bash
# Make .venv and install defectgenome into it: `setup.sh user` for running, `setup.sh dev` for the tests as well.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-user}
python=${PYTHON:-python3}
venv=.venv

fail() { echo "setup: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "no $python: install Python 3.11 or newer, or set PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$("$python" --version) is too old: 3.11 or newer, or set PYTHON=..."

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package="$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q && apt-get install -y -q --no-install-recommends "$package"
    else
        fail "the venv module is missing: sudo apt-get install $package"
    fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# a stale build/ would be copied into the wheel, deleted modules included
rm -rf build ./*.egg-info
if [ "$kind" = dev ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements/ci.txt
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
    touch "$venv/.installed-dev"
else
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check .
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
fi
touch "$venv/.installed"
rm -rf build ./*.egg-info
"$venv/bin/defectgenome" --help >/dev/null || fail "the installation does not run"
