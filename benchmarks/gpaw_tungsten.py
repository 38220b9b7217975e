"""
Lattice constant and bulk modulus of tungsten with GPAW, through the engine that labels campaigns.

``python benchmarks/gpaw_tungsten.py [--command "mpirun -n 4 python"] [--encut 350] [--mesh 12] [--directory DIR]``

PBE reference values: a0 3.18 A within 0.01, B 302 GPa within 5 %. The lattice constant and the modulus also come from
the stress alone, which has nothing to do with the energy's fit: the difference is that of the finite plane-wave basis.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.eos import EquationOfState
from ase.units import GPa
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.gpaw_spec import GpawSpec
from defectgenome.tasks.reference.gpaw import label_with_gpaw
from defectgenome.tasks.reference.place import Place

LATTICE = np.linspace(3.08, 3.28, 9)  # A
A0, A0_TOLERANCE = 3.18, 0.01  # A
B0, B0_TOLERANCE = 302.0, 0.05  # GPa, relative


def label(a, spec, directory, command):
    answer = label_with_gpaw(bulk("W", a=a), spec, Place(directory / f"{a:.4f}", command))
    if isinstance(answer, Refusal):
        sys.exit(f"a = {a:.3f} A: {answer.reasons}")
    return answer


def from_pressure(volumes, pressures):
    """Zero of the pressure and its slope there: (volume, bulk modulus)."""
    curve = np.polynomial.Polynomial.fit(volumes, pressures, 4)
    roots = [r.real for r in curve.roots() if abs(r.imag) < 1e-9 and volumes.min() < r.real < volumes.max()]
    return roots[0], -roots[0] * curve.deriv()(roots[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--command", default=sys.executable, help="launches a Python that has GPAW")
    parser.add_argument("--encut", type=float, default=350.0)
    parser.add_argument("--mesh", type=int, default=12)
    parser.add_argument("--directory", type=Path, help="keeps the calculations, and finds finished ones there")
    options = parser.parse_args()
    spec = GpawSpec(engine="gpaw", encut=options.encut, kpoint_mesh=(options.mesh,) * 3, smearing={"sigma": 0.1})
    directory = options.directory or Path(tempfile.mkdtemp(prefix="gpaw-tungsten-"))
    started = time.monotonic()
    labels = [label(a, spec, directory, tuple(shlex.split(options.command))) for a in LATTICE]
    wall = time.monotonic() - started
    volumes = LATTICE**3 / 2
    for a, one in zip(LATTICE, labels, strict=True):
        pressure = -one.stress[:3].mean() / GPa
        print(f"a {a:.4f} A   F {one.energy:12.6f} eV   P {pressure:8.2f} GPa   {one.cost['cpu_seconds']:5.1f} CPU-s")
    v0, _, modulus = EquationOfState(volumes, [one.energy_sigma0 for one in labels], "birchmurnaghan").fit()
    v1, slope = from_pressure(volumes, np.array([-one.stress[:3].mean() for one in labels]))
    a0, b0 = (2 * v0) ** (1 / 3), modulus / GPa
    cpu = sum(one.cost["cpu_seconds"] for one in labels)
    print(f"{labels[0].engine_version}; {labels[0].pseudopotentials[0]}; PW {options.encut:g} eV, k {options.mesh}^3")
    print(f"wanted       : a0 {A0} +- {A0_TOLERANCE} A, B {B0:g} GPa +- {B0_TOLERANCE:.0%}")
    print(f"from energies: a0 {a0:.4f} A, B {b0:.1f} GPa")
    print(f"from stresses: a0 {(2 * v1) ** (1 / 3):.4f} A, B {slope / GPa:.1f} GPa")
    print(f"{len(labels)} labels: {cpu:.0f} CPU-s, {wall:.0f} s")
    passed = abs(a0 - A0) <= A0_TOLERANCE and abs(b0 / B0 - 1) <= B0_TOLERANCE
    print("PASS" if passed else "FAIL")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
