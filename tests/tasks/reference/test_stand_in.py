"""The stand-in for VASP: its physics, its mesh, its files, and that nobody meets it by accident."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.reference.finnis_sinclair import finnis_sinclair
from defectgenome.tasks.reference.stand_in.inputs import read_poscar, reduced_mesh
from defectgenome.tasks.reference.stand_in.potcar import write_potcars
from defectgenome.tasks.reference.stand_in.potential import evaluate
from defectgenome.tasks.reference.vasp_gate import judge_run
from defectgenome.tasks.reference.vasp_outputs import read_run

PROGRAM = [sys.executable, "-m", "defectgenome.tasks.reference.stand_in"]


def solve(atoms: Atoms):
    return evaluate(atoms.get_chemical_symbols(), np.array(atoms.cell), atoms.get_scaled_positions(wrap=False))


def test_it_is_the_finnis_sinclair_potential():
    atoms = bulk("W", "bcc", a=3.17, cubic=True) * (2, 2, 2)
    atoms.rattle(0.15, seed=1)
    energy, forces, stress = solve(atoms)
    with pair_calculator(finnis_sinclair(["W"])) as calculator:
        exact = calculator.evaluate(atoms)
    assert energy == pytest.approx(exact.energy, abs=1e-5)
    np.testing.assert_allclose(forces, exact.forces, atol=5e-4)  # LAMMPS interpolates a table
    np.testing.assert_allclose(np.diag(stress), exact.stress[:3], atol=1e-5)


@pytest.mark.parametrize("symbols", ["W2", "WAl", "Fe2"])
def test_forces_and_stress_are_derivatives(symbols):
    atoms = Atoms(symbols, [[0.1, 0, 0], [1.5, 1.7, 1.4]], cell=[[3.2, 0.1, 0], [0, 3.1, 0.2], [0.1, 0, 3.3]], pbc=True)
    _, forces, stress = solve(atoms)
    h = 1e-5
    for k in range(3):
        ends = []
        for step in (h, -h):
            moved = atoms.copy()
            moved.positions[1, k] += step
            ends.append(solve(moved)[0])
        assert forces[1, k] == pytest.approx(-(ends[0] - ends[1]) / (2 * h), abs=1e-6)
        ends = []
        for step in (h, -h):
            deformation = np.eye(3)
            deformation[k, 0] += step
            moved = atoms.copy()
            moved.set_cell(atoms.cell @ deformation, scale_atoms=True)
            ends.append(solve(moved)[0])
        assert stress[k, 0] == pytest.approx((ends[0] - ends[1]) / (2 * h) / atoms.get_volume(), abs=1e-6)


@pytest.mark.parametrize("divisions", [(1, 1, 1), (2, 2, 2), (3, 4, 5), (6, 6, 1)])
@pytest.mark.parametrize("gamma", [True, False])
def test_the_mesh_is_whole(divisions, gamma):
    mesh = reduced_mesh(divisions, gamma)
    assert mesh.weights.sum() == pytest.approx(1)
    whole = np.concatenate([mesh.points, -mesh.points])
    whole = np.unique(np.round(whole - np.floor(whole + 1e-9), 9) % 1, axis=0)
    assert len(whole) == np.prod(divisions)
    shift = 0.0 if gamma else np.where(np.array(divisions) % 2 == 0, 0.5, 0.0)
    steps = whole * np.array(divisions) - shift
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)


def prepare(directory, atoms):
    write(directory / "POSCAR", atoms, format="vasp", direct=True)
    library = write_potcars(directory / "library", {"W": "W"})
    (directory / "POTCAR").write_text((library / "POT_GGA_PAW_PBE_54" / "POTCAR.W").read_text())
    (directory / "INCAR").write_text("ENCUT = 520\nEDIFF = 1e-6\nKSPACING = 0.5\nISMEAR = 1; SIGMA = 0.1 # a comment\n")


def test_nobody_meets_it_by_accident(tmp_path):
    prepare(tmp_path, bulk("W", "bcc", a=3.17))
    clean = {k: v for k, v in os.environ.items() if k != "DEFECTGENOME_STAND_IN"}
    run = subprocess.run(PROGRAM, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "not VASP" in run.stderr
    assert not (tmp_path / "OUTCAR").exists()


def test_its_files_are_read_by_us_and_by_pymatgen(tmp_path):
    from pymatgen.io.vasp import Outcar, Vasprun

    atoms = bulk("W", "bcc", a=3.17, cubic=True)
    atoms.rattle(0.1, seed=2)
    prepare(tmp_path, atoms)
    subprocess.run([*PROGRAM, "--stand-in"], cwd=tmp_path, capture_output=True, check=True)
    run = read_run(tmp_path)
    assert judge_run(run).accepted, judge_run(run).reasons
    assert run.engine == "vasp-stand-in"
    energy, forces, stress = solve(atoms)
    theirs = Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False)
    assert theirs.converged
    assert theirs.ionic_steps[-1]["e_fr_energy"] == pytest.approx(energy, abs=1e-6)
    assert run.vasprun.steps[-1].energy == pytest.approx(energy, abs=1e-6)
    np.testing.assert_allclose(theirs.ionic_steps[-1]["forces"], forces, atol=1e-7)
    np.testing.assert_allclose(np.array(theirs.ionic_steps[-1]["stress"]) / -1602.176634, stress, atol=1e-8)
    assert Outcar(tmp_path / "OUTCAR").run_stats["cores"] == 1
    again = read_poscar(tmp_path / "CONTCAR")
    np.testing.assert_allclose(again.fractional, atoms.get_scaled_positions(wrap=False), atol=1e-12)
