"""The stand-in itself: one static run in the current directory."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from .faults import active_faults
from .inputs import Poscar, read_incar, read_mesh, read_poscar, read_potcar, reduced_mesh
from .outcar import BANNER, OutcarWriter
from .potential import evaluate
from .state import ENTROPY, EV_A3_IN_KB, Setup, Solution, settings_of
from .vasprun import VasprunWriter

VARIABLE = "DEFECTGENOME_STAND_IN"
SHRINK = 0.3  # of the energy's error in an electronic step
RESTART = 8  # electronic steps that a WAVECAR saves


def main() -> None:
    """Run, if somebody really wants the stand-in."""
    if os.environ.get(VARIABLE) != "1" and "--stand-in" not in sys.argv[1:]:
        sys.exit(
            f"this is not VASP but a stand-in with made-up energies: set {VARIABLE}=1 or pass --stand-in to rehearse"
        )
    run(Path.cwd())


def run(directory: Path) -> None:
    """Read the inputs, compute, write what VASP writes."""
    setup = read_setup(directory)
    if "read_error" in setup.faults:
        say(" Error reading item 'NELM' from file INCAR.")
        sys.exit(1)
    (directory / "CONTCAR").write_text("")
    with (
        (directory / "OUTCAR").open("w") as outcar_stream,
        (directory / "vasprun.xml").open("w") as xml_stream,
        (directory / "OSZICAR").open("w") as oszicar,
    ):
        outcar, xml = OutcarWriter(outcar_stream, setup), VasprunWriter(xml_stream, setup)
        outcar.head()
        xml.head()
        fail_early(setup)
        loop = ElectronicLoop(setup, directory, outcar, xml, oszicar)
        solution, converged = loop.run()
        xml.close_step(solution, loop.seconds)
        xml.end()
        outcar.bands()
        outcar.results(solution)
        outcar.footer()
    finish(setup, directory, solution, converged)


def say(text: str) -> None:
    """Print to standard output, where custodian looks for errors."""
    print(text, flush=True)


def read_setup(directory: Path) -> Setup:
    """Read all inputs and say what VASP says of them."""
    say(f" running    1 mpi-ranks, with    1 threads/rank, on    1 nodes\n{BANNER}")
    incar = read_incar(directory / "INCAR")
    faults = active_faults(directory, incar)
    poscar = read_poscar(directory / "POSCAR")
    potcar = tuple(read_potcar(directory / "POTCAR"))
    mesh = read_mesh(directory, incar, poscar.cell)
    if "wrong_potcar" in faults:
        potcar = tuple(replace(d, title=re.sub(r"(\S+) (\S+)", r"\1 \2_pv", d.title, count=1)) for d in potcar)
    if "other_kpoints" in faults:
        mesh = reduced_mesh((mesh.divisions[0] + 1, *mesh.divisions[1:]), gamma=mesh.scheme == "Gamma")
    say(f" POSCAR found :  {len(poscar.species)} types and  {len(poscar.symbols):6d} ions")
    say(" POSCAR, INCAR and KPOINTS ok, starting setup\n FFT: planning ...")
    return Setup(incar, settings_of(incar, faults), poscar, potcar, mesh, faults)


def fail_early(setup: Setup) -> None:
    """Faults before the first electronic step."""
    if "out_of_memory" in setup.faults:
        sys.exit("Allocation would exceed memory limit")
    if "zpotrf" in setup.faults:
        say(" LAPACK: Routine ZPOTRF failed!          -21           1")
        sys.exit(1)


class ElectronicLoop:
    """The self-consistency cycle: an error that shrinks, on top of the analytic energy."""

    def __init__(
        self, setup: Setup, directory: Path, outcar: OutcarWriter, xml: VasprunWriter, oszicar: object
    ) -> None:
        self._setup, self._directory = setup, directory
        self._outcar, self._xml, self._oszicar = outcar, xml, oszicar
        self.seconds = 0.0

    def run(self) -> tuple[Solution, bool]:
        """Iterate until EDIFF, NELM or a STOPCAR; return the solution and whether it converged."""
        s = self._setup
        exact = solve(s.poscar)
        head_start = RESTART if has_wavefunctions(s, self._directory) else 0
        self._report("       N       E                     dE             d eps       ncg     rms          rms(c)")
        self._xml.open_step()
        energy, started = 0.0, time.monotonic()
        for step in range(1, s.settings["NELM"] + 1):
            previous, energy = energy, exact.energy + self._error(step + head_start)
            self._wait()
            self._add(step, energy, energy - previous, exact.entropy)
            fail_in_step(s, step, self._directory)
            self.seconds = time.monotonic() - started
            if stopped := stop_asked(self._directory, "LABORT"):
                self._outcar.stop(hard=True)
                say(" hard stop encountered!  aborting job ...")
            if abs(energy - previous) < s.settings["EDIFF"] and step > 1 and not stopped:
                self._outcar.loop_ended(converged=True)
                self._soft_stop()
                return replace(exact, energy=energy), True
            if stopped:
                return replace(exact, energy=energy), False
        self._outcar.loop_ended(converged=False)
        return replace(exact, energy=energy), False

    def _error(self, step: int) -> float:
        atoms, faults = len(self._setup.poscar.symbols), self._setup.faults
        if "nan_energy" in faults:
            return float("nan")
        return atoms * ((-1) ** step if "unconverged" in faults else SHRINK**step)

    def _wait(self) -> None:
        if "frozen" in self._setup.faults:
            time.sleep(3600)
        time.sleep(float(self._setup.faults.get("slow", {}).get("seconds", 0.0)))

    def _add(self, step: int, energy: float, change: float, entropy: float) -> None:
        line = f"DAV: {step:3d}    {energy: .12E}   {change: .5E}   {change: .5E}  {self._setup.bands * 8:4d}"
        self._report(f"{line}   {abs(change): .3E}    {abs(change): .3E}")
        seconds = float(self._setup.faults.get("slow", {}).get("seconds", 0.0))
        self._outcar.electronic_step(step, energy, entropy, seconds)
        self._xml.electronic_step(energy, entropy, seconds)

    def _report(self, line: str) -> None:
        say(line)
        print(line, file=self._oszicar, flush=True)  # type: ignore[call-overload]

    def _soft_stop(self) -> None:
        if stop_asked(self._directory, "LSTOP"):
            self._outcar.stop(hard=False)


def solve(poscar: Poscar) -> Solution:
    """Exact answer for a structure."""
    energy, forces, stress = evaluate(poscar.symbols, poscar.cell, poscar.fractional)
    return Solution(energy, forces, -stress * EV_A3_IN_KB, ENTROPY * len(poscar.symbols))


def has_wavefunctions(setup: Setup, directory: Path) -> bool:
    """Whether a WAVECAR is read; VASP does so with ISTART = 1."""
    path = directory / "WAVECAR"
    there = setup.settings["ISTART"] > 0 and path.is_file() and path.stat().st_size > 0
    say(" found WAVECAR, reading the header" if there else " WAVECAR not read")
    return there


def fail_in_step(setup: Setup, step: int, directory: Path) -> None:
    """Faults in the middle of the cycle."""
    faults = setup.faults
    if step == 2:
        if "segfault" in faults:
            print("forrtl: severe (174): SIGSEGV, segmentation fault occurred", file=sys.stderr, flush=True)
            kill_self(signal.SIGSEGV)
        if "killed" in faults:
            kill_self(signal.SIGKILL)
        if "stopcar" in faults:
            (directory / "STOPCAR").write_text("LABORT = .TRUE.\n")
    if step == 3:
        if "brmix" in faults:
            say(" BRMIX: very serious problems\n the old and the new charge density differ")
        if "edddav" in faults:
            say(" Error EDDDAV: Call to ZHEGV failed. Returncode =   6 2   8")
            sys.exit(1)
        if "sigterm" in faults:
            kill_self(signal.SIGTERM)
        if "disk_full" in faults:
            sys.exit("forrtl: No space left on device\nforrtl: severe (38): error during write, unit 20, vasprun.xml")


def kill_self(number: signal.Signals) -> None:
    """Die by a signal, without the traceback and without a core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)


def stop_asked(directory: Path, tag: str) -> bool:
    """Whether a STOPCAR holds this tag."""
    path = directory / "STOPCAR"
    return path.is_file() and re.search(rf"{tag}\s*=\s*\.?T", path.read_text().upper()) is not None


def finish(setup: Setup, directory: Path, solution: Solution, converged: bool) -> None:
    """Write CONTCAR, WAVECAR and the last line; then the faults of the end."""
    if "empty_contcar" not in setup.faults:
        (directory / "CONTCAR").write_text(contcar(setup.poscar))
    if setup.settings["LWAVE"]:
        (directory / "WAVECAR").write_bytes(b"made-up wave functions of the stand-in\n" * 8)
    free, half = solution.energy, solution.entropy / 2
    last = f"   1 F= {free:.8E} E0= {free - half:.8E}  d E ={half:.6E}" + "  mag=    0.0000" * (setup.spins - 1)
    with (directory / "OSZICAR").open("a") as oszicar:
        print(last, file=oszicar)
    say(last)
    if not converged:
        say(" the run ends without convergence")
    if stop_asked(directory, ""):
        (directory / "STOPCAR").unlink()
    if "truncated_xml" in setup.faults:
        cut(directory / "vasprun.xml", 0.6)
    if "half_outcar" in setup.faults:
        cut(directory / "OUTCAR", 0.5)
    if "exit_status" in setup.faults:
        sys.exit(int(setup.faults["exit_status"].get("code", 1)))


def cut(path: Path, share: float) -> None:
    """Keep the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def contcar(poscar: Poscar) -> str:
    """Format a POSCAR of VASP 5."""
    rows = ["   " + "".join(f"{x:22.16f}" for x in a) for a in poscar.cell]
    names, counts = "   ".join(poscar.species), "".join(f"{n:6d}" for n in poscar.counts)
    positions = ["".join(f"{x:20.16f}" for x in np.asarray(r)) for r in poscar.fractional]
    return "\n".join([poscar.comment, "   1.0", *rows, f"   {names}", counts, "Direct", *positions]) + "\n"
