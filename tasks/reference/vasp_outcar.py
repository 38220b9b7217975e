"""Reading an ``OUTCAR``: the marks of a run that came to its end, its energies, its cost."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_IONIC_ENERGY = re.compile(rb"free  energy   TOTEN  =\s*(\S+)")
_TIMING = re.compile(rb"(Total CPU time used \(sec\)|Elapsed time \(sec\)|Maximum memory used \(kb\)):\s*(\S+)")
_RANKS = re.compile(rb"running\s+(\d+) mpi-ranks|running on\s+(\d+) total cores")
STAND_IN = "STAND-IN"  # in the name of the program that stands in for VASP


@dataclass(frozen=True)
class Outcar:
    """
    What only the OUTCAR tells.

    Attributes
    ----------
    converged, unconverged
        How often an electronic loop ended at EDIFF, and how often at NELM.
    finished
        Whether the timing footer is there, with the CPU time.
    stopped
        Whether a STOPCAR ended the run.
    energies
        Free energy of each ionic step, eV.
    cpu_seconds
        Of one rank; None without a footer.
    elapsed_seconds
        Wall time; None without a footer.
    memory_kb
        Most memory of one rank; None where the footer does not tell.
    ranks
        MPI processes.
    stand_in
        Whether the program was not VASP but its stand-in.
    """

    converged: int
    unconverged: int
    finished: bool
    stopped: bool
    energies: tuple[float, ...]
    cpu_seconds: float | None = None
    elapsed_seconds: float | None = None
    memory_kb: float | None = None
    ranks: int = 1
    stand_in: bool = False


def output_file(directory: Path, name: str) -> Path | None:
    """Find a file by its name, or gzipped."""
    for candidate in (directory / name, directory / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


def open_output(path: Path) -> IO[bytes]:
    """Open a file to read bytes, decompressing it where it is gzipped."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def read_outcar(path: Path) -> Outcar:
    """Read the marks of an OUTCAR line by line; a file that is cut off just has fewer."""
    converged = unconverged = 0
    finished = stopped = stand_in = False
    energies: list[float] = []
    timing: dict[bytes, float] = {}
    ranks = 1
    try:
        with open_output(path) as stream:
            for number, line in enumerate(stream):
                if number < 20:
                    stand_in |= STAND_IN.encode() in line
                    if match := _RANKS.search(line):
                        ranks = int(match[1] or match[2])
                if b"aborting loop" in line:
                    converged += b"because EDIFF is reached" in line
                    unconverged += b"EDIFF was not reached" in line
                elif b"stop encountered" in line:
                    stopped = True
                elif b"General timing and accounting" in line:
                    finished = True
                elif match := _IONIC_ENERGY.search(line):
                    energies.append(_number(match[1]))
                elif match := _TIMING.search(line):
                    timing[match[1][:5]] = _number(match[2])
    except (OSError, EOFError):  # a gzip file that is cut off
        finished = False
    return Outcar(
        converged,
        unconverged,
        finished=finished and b"Total" in timing,
        stopped=stopped,
        energies=tuple(energies),
        cpu_seconds=timing.get(b"Total"),
        elapsed_seconds=timing.get(b"Elaps"),
        memory_kb=timing.get(b"Maxim"),
        ranks=ranks,
        stand_in=stand_in,
    )


def _number(text: bytes) -> float:
    """Parse a number; asterisks, which Fortran prints for what does not fit, are not a number."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
