"""The Finnis-Sinclair tables against the published properties and against the closed form."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.reference.finnis_sinclair import PARAMETERS, finnis_sinclair

GPA = 160.2176634  # per eV/A^3
PUBLISHED = {"V": 5.31, "Nb": 7.57, "Ta": 8.10, "Mo": 6.82, "W": 8.90}  # cohesive energies, eV


@pytest.fixture(scope="module")
def tungsten():
    with pair_calculator(finnis_sinclair(["W"])) as calculator:
        yield calculator


def closed_form(atoms: Atoms, element: str) -> float:
    from ase.neighborlist import neighbor_list

    p = PARAMETERS[element]
    i, r = neighbor_list("id", atoms, p.cutoff)
    rho = np.bincount(i, p.density(r), len(atoms))
    return 0.5 * p.repulsion(r).sum() + p.embedding(rho).sum()


def rattled(amplitude: float) -> Atoms:
    atoms = bulk("W", a=3.1652, cubic=True) * (3, 3, 3)
    atoms.positions += np.random.default_rng(1).normal(0, amplitude, atoms.positions.shape)
    return atoms


def strained(strain: np.ndarray) -> Atoms:
    atoms = bulk("W", a=3.1652)
    atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    return atoms


@pytest.mark.parametrize("element", sorted(PARAMETERS))
def test_crystal_is_in_equilibrium_at_the_published_cohesive_energy(element):
    atoms = bulk(element, a=PARAMETERS[element].lattice_constant)
    with pair_calculator(finnis_sinclair([element])) as calculator:
        result = calculator.evaluate(atoms)
    assert result.energy == pytest.approx(-PUBLISHED[element], abs=0.006)
    assert np.abs(result.stress).max() * GPA < 0.6


def test_elastic_constants_of_tungsten(tungsten):
    step = 1e-3
    along = np.zeros((3, 3))
    along[0, 0] = step
    shear = np.zeros((3, 3))
    shear[1, 2] = shear[2, 1] = step / 2

    def response(strain):
        return (tungsten.evaluate(strained(strain)).stress - tungsten.evaluate(strained(-strain)).stress) / 2 / step

    assert response(along)[0] * GPA == pytest.approx(522, abs=4)
    assert response(along)[1] * GPA == pytest.approx(204, abs=4)
    assert response(shear)[3] * GPA == pytest.approx(161, abs=4)


def test_vacancy_of_tungsten(tungsten):
    perfect = bulk("W", a=3.1652, cubic=True) * (4, 4, 4)
    vacancy = perfect.copy()
    del vacancy[0]
    for _ in range(40):  # steepest descent is enough: 0.07 eV of relaxation
        result = tungsten.evaluate(vacancy)
        vacancy.positions += 0.03 * result.forces
    energy = tungsten.evaluate(vacancy).energy - tungsten.evaluate(perfect).energy * 127 / 128
    assert 3.55 < energy < 3.70


def test_forces_are_the_gradient_of_the_energy(tungsten):
    atoms = rattled(0.15)
    forces = tungsten.evaluate(atoms).forces
    step = 1e-4
    for i, k in ((0, 0), (7, 1), (20, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[i, k] += sign * step
            energies.append(tungsten.evaluate(moved).energy)
        assert forces[i, k] == pytest.approx(-(energies[0] - energies[1]) / 2 / step, abs=2e-6)


@pytest.mark.parametrize("amplitude", [0.05, 0.3])
def test_tables_follow_the_closed_form(tungsten, amplitude):
    atoms = rattled(amplitude)
    assert tungsten.evaluate(atoms).energy == pytest.approx(closed_form(atoms, "W"), abs=1e-8 * len(atoms))


def test_repulsion_grows_down_to_one_angstrom(tungsten):
    energies = [tungsten.evaluate(Atoms("W2", [[0, 0, 0], [0, 0, r]])).energy for r in np.arange(1.0, 2.45, 0.05)]
    assert (np.diff(energies) < 0).all()
    assert energies[0] > 200


def test_no_alloys_and_no_other_elements():
    with pytest.raises(InputError, match="Cu"):
        finnis_sinclair(["Cu"])
    with pytest.raises(InputError, match="one of"):
        finnis_sinclair(["W", "Ta"])


def test_same_bytes_every_time():
    assert finnis_sinclair(["W"]).key == finnis_sinclair(["W"]).key
