"""``OUTCAR``, piece by piece, as the run goes on."""

from __future__ import annotations

import time
from typing import TextIO

import numpy as np

from .state import EV_A3_IN_KB, Setup, Solution, band_energies, occupations

BANNER = " vasp.6.4.1 05Apr23 (STAND-IN, not VASP) complex"
LINE = "-" * 104


class OutcarWriter:
    """Writes the file; each method adds what VASP knows by then."""

    def __init__(self, stream: TextIO, setup: Setup) -> None:
        self._stream = stream
        self._setup = setup
        self._started = time.monotonic()

    def write(self, *lines: str) -> None:
        """Add lines, and let a reader see them."""
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()

    def head(self) -> None:
        """Program, INCAR, sizes, settings, lattice, plane waves by k-point."""
        s, settings = self._setup, self._setup.settings
        volume = abs(np.linalg.det(s.poscar.cell))
        counts = "".join(f"{n:6d}" for n in s.poscar.counts)
        points = len(s.mesh.points)
        self.write(BANNER, " executed on             LinuxGNU date 2000.01.01  00:00:00")
        self.write(" running    1 mpi-ranks, with    1 threads/rank, on    1 nodes")
        self.write(" distrk:  each k-point on    1 cores,    1 groups")
        self.write(" distr:  one band on NCORE=   1 cores,    1 groups", "", LINE, "", " INCAR:")
        self.write(*(f"   {k} = {v}" for k, v in s.incar.items()))
        self.write(*(f" POTCAR:    {d.title}" for d in s.potcar), *(f"   TITEL  = {d.title}" for d in s.potcar))
        self.write(
            f"   ions per type =          {counts}",
            f"   k-points           NKPTS ={points:7d}   k-points in BZ     NKDIM ={points:7d}   "
            f"number of bands    NBANDS={s.bands:7d}",
            f"   number of dos      NEDOS =    301   number of ions     NIONS ={len(s.poscar.symbols):7d}",
            f"   total plane-waves  NPLWV ={int(volume * 20):7d}",
            f"   ENCUT  ={settings['ENMAX']:7.1f} eV",
            f"   NELM   ={settings['NELM']:7d};   NELMIN=  2; NELMDL= -5     # of ELM steps",
            f"   EDIFF  = {settings['EDIFF']:.1E}   stopping-criterion for ELM",
            f"   ISPIN  = {settings['ISPIN']:6d}    spin polarized calculation?",
            f"   NSW    = {settings['NSW']:6d}    number of steps for IOM",
            f"   IBRION = {settings['IBRION']:6d}    ionic relax: 0-MD 1-quasi-New 2-CG",
            f"   ISMEAR = {settings['ISMEAR']:6d};   SIGMA  ={settings['SIGMA']:7.2f}  broadening in eV",
            f"   NELECT = {s.electrons:12.4f}    total number of electrons",
            "   LEPSILON=     F    determine dielectric tensor",
        )
        self._lattice()
        self.write("", LINE, "")
        for i, k in enumerate(s.mesh.points, 1):
            position = "".join(f"{x:9.4f}" for x in k)
            self.write(f" k-point {i:3d} : {position}  plane waves: {int(volume * 1.2):7d}")
        waves = f"{int(volume * 1.2):7d}"
        self.write("", f" maximum and minimum number of plane-waves per node :   {waves}  {waves}", "")

    def _lattice(self) -> None:
        cell = self._setup.poscar.cell
        self.write(
            f"  energy-cutoff  :{self._setup.settings['ENMAX']:12.2f}",
            f"  volume of cell :{abs(np.linalg.det(cell)):12.2f}",
            "      direct lattice vectors                 reciprocal lattice vectors",
        )
        for a, b in zip(cell, np.linalg.inv(cell).T, strict=True):
            self.write("   " + "".join(f"{x:13.9f}" for x in a) + "  " + "".join(f"{x:13.9f}" for x in b))

    def electronic_step(self, number: int, energy: float, entropy: float, seconds: float) -> None:
        """Add an electronic step with its energies, eV."""
        electrons = self._setup.electrons
        self.write(
            "",
            f"{'-' * 39} Iteration {1:6d}({number:4d})  {'-' * 39}",
            "",
            f"      LOOP:  cpu time{seconds:12.4f}: real time{seconds:12.4f}",
            f" number of electron {electrons:16.7f} magnetization" + f"{0.0:16.7f}" * (self._setup.spins - 1),
            f" augmentation part  {electrons / 2:16.7f} magnetization",
            " Free energy of the ion-electron system (eV)",
            "  ---------------------------------------------------",
            f"  entropy T*S    EENTRO ={entropy:19.8f}",
            f"  eigenvalues    EBANDS ={-electrons:19.8f}",
            f"  free energy    TOTEN  ={energy:19.8f} eV",
            "",
            f"  energy without entropy ={energy - entropy:19.8f}  energy(sigma->0) ={energy - entropy / 2:19.8f}",
        )

    def stop(self, hard: bool) -> None:
        """Say that a STOPCAR ends the run."""
        self.write(f" {'hard' if hard else 'soft'} stop encountered!  aborting job ...")

    def loop_ended(self, converged: bool) -> None:
        """Say how the electronic loop ended."""
        why = "because EDIFF is reached" if converged else "EDIFF was not reached (unconverged)"
        self.write("", f"{'-' * 24} aborting loop {why} {'-' * 40}", "")

    def bands(self) -> None:
        """List the band energies."""
        s = self._setup
        levels, fermi = band_energies(s)
        filled = occupations(levels, fermi, s.settings["SIGMA"]) * 2 / s.spins
        self.write(f" E-fermi : {fermi:8.4f}     XC(G=0): -10.0000     alpha+bet :-10.0000", "")
        for i, (k, row, occupied) in enumerate(zip(s.mesh.points, levels, filled, strict=True), 1):
            lines = [f"  {b:5d}  {e:10.4f}  {o:10.5f}" for b, (e, o) in enumerate(zip(row, occupied, strict=True), 1)]
            position = "".join(f"{x:10.4f}" for x in k)
            head = (f" k-point {i:5d} : {position}", "  band No.  band energies     occupation ")
            self.write(*head, *lines, "")

    def results(self, solution: Solution) -> None:
        """Stress, forces, energies of the ionic step."""
        poscar, faults = self._setup.poscar, self._setup.faults
        volume = abs(np.linalg.det(poscar.cell))
        kb = [solution.stress[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0))]
        if "missing_stress" not in faults:
            self.write(
                "  FORCE on cell =-STRESS in cart. coord.  units (eV):",
                "  Direction    XX          YY          ZZ          XY          YZ          ZX",
                "  " + "-" * 86,
                "  Total " + "".join(f"{x * volume / EV_A3_IN_KB:12.5f}" for x in kb),
                "  in kB " + "".join(f"{x:12.5f}" for x in kb),
                f"  external pressure = {sum(kb[:3]) / 3:11.2f} kB  Pullay stress ={0.0:12.2f} kB",
                "",
            )
        self.write("", " VOLUME and BASIS-vectors are now :", " " + "-" * 77)
        self._lattice()
        if "missing_forces" not in faults:
            head = " POSITION                                       TOTAL-FORCE (eV/Angst)"
            self.write("", head, " " + "-" * 83)
            for r, f in zip(poscar.fractional @ poscar.cell, solution.forces, strict=True):
                self.write("".join(f"{x:13.5f}" for x in r) + "    " + "".join(f"{x:14.6f}" for x in f))
            drift = "".join(f"{x:14.6f}" for x in solution.forces.sum(0))
            self.write(" " + "-" * 83, f"    total drift:                         {drift}", "")
        free, entropy = solution.energy, solution.entropy
        self.write(
            "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
            "  ---------------------------------------------------",
            f"  free  energy   TOTEN  ={free:19.8f} eV",
            "",
            f"  energy  without entropy={free - entropy:19.8f}  energy(sigma->0) ={free - entropy / 2:19.8f}",
            "",
            f"     LOOP+:  cpu time{self._elapsed():12.4f}: real time{self._elapsed():12.4f}",
        )

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def footer(self) -> None:
        """Times and memory: VASP's last words."""
        self.write("", " General timing and accounting informations for this job:", " " + "=" * 56, "  ")
        for name, value in (
            ("Total CPU time used (sec)", time.process_time()),
            ("User time (sec)", time.process_time()),
            ("System time (sec)", 0.0),
            ("Elapsed time (sec)", self._elapsed()),
            ("Maximum memory used (kb)", 30000.0),
            ("Average memory used (kb)", 0.0),
        ):
            self.write(f"{name:>43s}: {value:12.3f}")
