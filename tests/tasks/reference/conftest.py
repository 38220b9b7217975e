"""Run directories as VASP leaves them: the least of OUTCAR and vasprun.xml that tells what a run did."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest


@dataclass(frozen=True)
class Step:
    """One ionic step: electronic energies (the last but one and the last decide convergence), forces, stress in kB."""

    energies: tuple[float, ...] = (-20.0, -25.9, -25.99, -25.9999995, -26.0)
    entropy: float = -0.004
    forces: tuple[tuple[float, float, float], ...] | None = ((0.1, 0.0, -0.2), (-0.1, 0.0, 0.2))
    stress: tuple[tuple[float, float, float], ...] | None = ((80.0, 1.0, 2.0), (1.0, 90.0, 3.0), (2.0, 3.0, 100.0))
    reached: bool = True
    shift: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run directory; fields change one thing each."""

    steps: tuple[Step, ...] = (Step(),)
    incar: dict[str, str] = field(
        default_factory=lambda: {"GGA": "PE", "KSPACING": "0.1885", "KGAMMA": ".FALSE.", "ENCUT": "520"}
    )
    nelm: int = 60
    ediff: float = 1e-6
    ismear: int = 1
    sigma: float = 0.1
    encut: float = 520.0
    potcar: str = "PAW_PBE W_sv 04Sep2015"
    footer: bool = True
    closed: bool = True
    stopped: bool = False
    outcar_offset: float = 0.0
    custodian: str | None = None
    mesh: tuple[int, int, int] = (11, 11, 11)

    def write(self, directory: Path, *, zipped: bool = False, names=("OUTCAR", "vasprun.xml")) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in (("OUTCAR", self.outcar()), ("vasprun.xml", self.vasprun())):
            if name in names and zipped:
                (directory / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
            elif name in names:
                (directory / name).write_text(text)
        if self.custodian is not None:
            (directory / "custodian.json").write_text(self.custodian)
        return directory

    def outcar(self) -> str:
        out = [" vasp.6.4.1 05Apr23 complex", f"   NELM   = {self.nelm}", f"   EDIFF  = {self.ediff:.1E}"]
        for i, step in enumerate(self.steps, 1):
            for k, energy in enumerate(step.energies, 1):
                out += [
                    f"----------------- Iteration {i:6d}({k:4d})  -----------------",
                    f"  free energy    TOTEN  = {energy:18.8f} eV",
                ]
            mark = "because EDIFF is reached" if step.reached else "EDIFF was not reached (unconverged)"
            out += [
                f"------------------------ aborting loop {mark} ----------------",
                "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
                f"  free  energy   TOTEN  = {step.energies[-1] + self.outcar_offset:18.8f} eV",
            ]
        if self.stopped:
            out.append(" hard stop encountered!  aborting job ...")
        if self.footer:
            out += [
                " General timing and accounting informations for this job:",
                "                  Total CPU time used (sec):       27.244",
            ]
        return "\n".join(out) + "\n"

    def vasprun(self) -> str:
        out = ['<?xml version="1.0" encoding="ISO-8859-1"?>', "<modeling>"]
        out += [' <generator><i name="version" type="string">6.4.1  </i></generator>', " <incar>"]
        out += [f'  <i name="{k}">{v}</i>' for k, v in self.incar.items()]
        out += [" </incar>", ' <kpoints><generation param="Monkhorst-Pack">']
        out += [f'  <v type="int" name="divisions">{" ".join(map(str, self.mesh))}</v></generation></kpoints>']
        out += [" <parameters>", '  <separator name="electronic">', f'   <i name="ENMAX">{self.encut:16.8f}</i>']
        out += [f'   <i name="EDIFF">{self.ediff:16.8f}</i>', '   <separator name="electronic smearing">']
        out += [f'    <i type="int" name="ISMEAR">{self.ismear}</i>', f'    <i name="SIGMA">{self.sigma}</i>']
        out += ["   </separator>", f'   <i type="int" name="NELM">{self.nelm}</i>']
        out += ['   <i type="int" name="ISPIN">1</i>', '   <i type="int" name="ISYM">0</i>', "  </separator>"]
        out += [" </parameters>", " <atominfo>", '  <array name="atoms"><set>']
        out += ["   <rc><c>W </c><c>1</c></rc>"] * 2
        out += ["  </set></array>", '  <array name="atomtypes"><set>']
        out += [f"   <rc><c>2</c><c>W </c><c>183.85</c><c>14.0</c><c>  {self.potcar:40s}</c></rc>"]
        out += ["  </set></array>", " </atominfo>"]
        for step in self.steps:
            out += self.calculation(step)
        if self.closed:
            out.append("</modeling>")
        return "\n".join(out) + "\n"

    def calculation(self, step: Step) -> list[str]:
        def energy(e: float) -> list[str]:
            parts = (("e_fr_energy", e), ("e_wo_entrp", e - step.entropy), ("e_0_energy", e - step.entropy / 2))
            return ["   <energy>", *(f'    <i name="{n}">{v:17.8f} </i>' for n, v in parts), "   </energy>"]

        def rows(name: str, values) -> list[str]:
            lines = [f"    <v> {' '.join(f'{x:16.8f}' for x in row)} </v>" for row in values]
            return [f'   <varray name="{name}" >', *lines, "   </varray>"]

        out = ["  <calculation>"]
        for e in step.energies:
            out += ["   <scstep>", *energy(e), "   </scstep>"]
        out += ["   <structure><crystal>", *rows("basis", 3.17 * np.eye(3)), "   </crystal>"]
        out += [*rows("positions", [(0, 0, 0), (0.5 + step.shift, 0.5, 0.5)]), "   </structure>"]
        if step.forces is not None:
            out += rows("forces", step.forces)
        if step.stress is not None:
            out += rows("stress", step.stress)
        return [*out, *energy(step.energies[-1]), "  </calculation>"]


@pytest.fixture
def good_run() -> Run:
    """A converged static run of two tungsten atoms."""
    return Run()


@pytest.fixture
def changed():
    """Copy of a run, with one thing changed in its first step too where asked."""

    def change(run: Run, *, step=None, **fields) -> Run:
        if step is not None:
            run = replace(run, steps=(replace(run.steps[0], **step), *run.steps[1:]))
        return replace(run, **fields)

    return change
