"""
Run one GPAW calculation: the program that GPAW's own Python executes, ``python gpaw_run.py DIRECTORY``.

It reads ``request.json`` and leaves ``results.json``, both in the directory. It knows nothing of the rest of this
package, so that GPAW may live in an environment of its own, and every rank of an MPI run executes it.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its modules would hide GPAW's

import contextlib
import ctypes
import errno
import json
import math
import os
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ase import Atoms

PR_SET_PDEATHSIG = 1
UNAVAILABLE = 69  # exit codes, as in sysexits.h
DISK_FULL = 74
LAUNCHED = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK")  # a launcher of MPI sets one of them


class OutOfTimeStop(Exception):  # noqa: N818 - what happened
    """The next electronic step may not end in time."""


class Watch:
    """Looks on after every electronic step: keeps the energies, writes checkpoints, stops in time."""

    def __init__(self, calculator: Any, directory: Path, run: dict[str, Any]) -> None:
        self.calculator = calculator
        self.checkpoint = directory / "checkpoint.gpw"
        self.deadline = math.inf if run["deadline"] is None else run["deadline"]
        self.checkpoint_s = run["checkpoint_s"]
        self.energies: list[float] = []
        self.longest = 0.0
        self.last_step = self.last_write = time.time()

    def __call__(self, context: Any) -> None:
        """See to one electronic step; collective."""
        from ase.units import Ha

        self.energies.append(float(context.energies.total_extrapolated * Ha))
        now = time.time()
        self.longest = max(self.longest, now - self.last_step)
        stop = self.decide(now + 2 * self.longest + 1 > self.deadline)
        if stop or self.decide(now - self.last_write > self.checkpoint_s):
            self.write()
        if stop:
            raise OutOfTimeStop
        self.last_step = time.time()

    def converged(self) -> None:
        """Keep a converged density before forces and stress are computed, where it was costly."""
        if self.decide(time.time() - self.last_write > self.checkpoint_s / 4):
            self.write()

    def decide(self, wish: bool) -> bool:
        """The first rank's wish, on all of them."""
        from gpaw.mpi import broadcast, world

        return bool(broadcast(wish if world.rank == 0 else None, comm=world))

    def write(self) -> None:
        """Replace the checkpoint in one piece; collective."""
        from gpaw.mpi import world

        partial = self.checkpoint.with_suffix(".part")
        self.calculator.write(str(partial), mode="all")
        if world.rank == 0:
            partial.replace(self.checkpoint)
        self.last_write = time.time()


def main(directory: Path) -> int:
    """
    Run the calculation that the directory asks for.

    Returns
    -------
    int
        An exit code; a result is what ``results.json`` holds, whatever the code.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.loads((directory / "request.json").read_text())
    GPAW = imported()
    if GPAW is None:
        return UNAVAILABLE
    started = time.time()
    atoms = atoms_of(request)
    try:
        calculator = restarted(GPAW, directory, atoms)
        if calculator is None:
            calculator = GPAW(**parameters(request), txt=str(directory / "gpaw.txt"))
        watch = Watch(calculator, directory, request["run"])
        calculator.hooks.update(scf_step=watch, converged=watch.converged)
        results = attempt(atoms, calculator, watch)
    except FileNotFoundError as error:  # no such PAW data set
        print(" ".join(str(error).split()), file=sys.stderr)
        return UNAVAILABLE
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            with contextlib.suppress(OSError):
                print(str(error), file=sys.stderr)
            os._exit(DISK_FULL)  # the other ranks wait for this one
        raise
    results.update(key=request["key"], run=request["run"], cost=cost(started), versions=versions())
    publish(directory, results)
    return 0


def imported() -> Any:
    """Return GPAW's calculator, for MPI where a launcher started this; None, after saying so, where there is none."""
    if any(name in os.environ for name in LAUNCHED):
        os.environ.setdefault("GPAW_MPI_BACKEND", "cgpaw")
    try:
        from gpaw.new.ase_interface import GPAW
    except (ImportError, ValueError, RuntimeError) as error:  # the latter two: built without MPI
        print(f"GPAW cannot be imported by {sys.executable}: {' '.join(str(error).split())}", file=sys.stderr)
        return None
    return GPAW


def atoms_of(request: dict[str, Any]) -> Atoms:
    """Make the structure of a request: plane waves are periodic in all directions."""
    from ase import Atoms

    return Atoms(
        request["symbols"],
        positions=request["positions"],
        cell=request["cell"],
        pbc=True,
        magmoms=request["moments"],
    )


def parameters(request: dict[str, Any]) -> dict[str, Any]:
    """GPAW's parameters; another mixer gets more steps, for it is slower."""
    asked: dict[str, Any] = request["parameters"]
    mixer = request["run"]["mixer"]
    return {**asked, "mixer": mixer, "maxiter": 3 * asked["maxiter"]} if mixer else asked


def restarted(GPAW: Any, directory: Path, atoms: Atoms) -> Any:
    """Open the checkpoint if there is one of just this structure."""
    path = directory / "checkpoint.gpw"
    if not path.is_file():
        return None
    try:
        calculator = GPAW(str(path), txt=str(directory / "gpaw.txt"))
        held = calculator.get_atoms()
    except Exception as error:  # noqa: BLE001 - a broken checkpoint must not stop every further attempt
        print(f"the checkpoint cannot be read, starting anew: {error!r}", file=sys.stderr)
        return None
    same = held.get_chemical_symbols() == atoms.get_chemical_symbols()
    if not same or abs(held.cell - atoms.cell).max() > 0 or abs(held.positions - atoms.positions).max() > 0:
        return None
    return calculator


def attempt(atoms: Atoms, calculator: Any, watch: Watch) -> dict[str, Any]:
    """Compute, and say how it ended; collective."""
    from gpaw import KohnShamConvergenceError
    from numpy.linalg import LinAlgError

    atoms.calc = calculator
    results: dict[str, Any] = {"status": "converged", "reason": ""}
    try:
        results["energy_sigma0"] = float(atoms.get_potential_energy())
        results["energy"] = float(atoms.get_potential_energy(force_consistent=True))
        results["forces"] = atoms.get_forces().tolist()
        results["stress"] = atoms.get_stress().tolist()
        results["highest_occupation"] = float(abs(calculator.occupations()[..., -1]).max())
    except KohnShamConvergenceError as error:
        results = {"status": "unconverged", "reason": str(error).strip()}
    except OutOfTimeStop:
        results = {"status": "out_of_time", "reason": f"after {len(watch.energies)} electronic steps"}
    except (LinAlgError, FloatingPointError, ZeroDivisionError) as error:
        results = {"status": "failed", "reason": f"{type(error).__name__}: {error}"}
    results.update(energies=watch.energies, computed=computed(calculator))
    return results


def computed(calculator: Any) -> dict[str, Any]:
    """What the calculator holds, not what it was asked for."""
    from ase.units import Ha

    dft = calculator.dft
    titles = {s.symbol: f"{s.symbol} {s.type} {s.data.setupname} {s.Nv}e {s.fingerprint}" for s in dft.setups}
    return {
        "symbols": dft.atoms.get_chemical_symbols(),
        "positions": dft.atoms.get_positions().tolist(),
        "cell": dft.atoms.cell.tolist(),
        "mesh": [int(n) for n in dft.ibzwfs.ibz.bz.size_c],
        "ibz_kpoints": len(dft.ibzwfs.ibz),
        "encut": float(dft.ibzwfs._wfs_u[0].psit_nX.desc.ecut * Ha),  # noqa: SLF001 - no public way
        "setups": [titles[symbol] for symbol in sorted(titles)],
    }


def cost(started: float) -> dict[str, Any]:
    """Time and memory, summed over the ranks; collective."""
    from gpaw.mpi import world

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_seconds": float(world.sum_scalar(usage.ru_utime + usage.ru_stime)),
        "wall_seconds": time.time() - started,
        "memory_mb": float(world.sum_scalar(usage.ru_maxrss / 1024)),
        "ranks": int(world.size),
    }


def versions() -> dict[str, str]:
    """Versions of what decides numbers."""
    from importlib import metadata

    import gpaw
    from gpaw import cgpaw

    out = {"gpaw": str(gpaw.__version__), "libxc": str(getattr(cgpaw, "libxc_version", "unknown"))}
    with contextlib.suppress(metadata.PackageNotFoundError):
        out["gpaw-data"] = metadata.version("gpaw-data")
    return out


def publish(directory: Path, results: dict[str, Any]) -> None:
    """Write the results in one piece; then the checkpoint of a finished calculation is no longer needed."""
    from gpaw.mpi import world

    if world.rank:
        return
    partial = directory / "results.part"
    with partial.open("w") as file:
        json.dump(results, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(directory / "results.json")
    if results["status"] != "out_of_time":
        (directory / "checkpoint.gpw").unlink(missing_ok=True)


def tell_version() -> int:
    """Print the version, and the number of ranks that work together."""
    if imported() is None:
        return UNAVAILABLE
    from gpaw import __version__
    from gpaw.mpi import world

    if world.rank == 0:
        print(f"GPAW {__version__} on {world.size}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(tell_version() if sys.argv[1] == "--version" else main(Path(sys.argv[1])))
