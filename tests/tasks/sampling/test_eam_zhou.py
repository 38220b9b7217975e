"""The generated potential against the published file, published crystals, and itself."""

import math

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.potentials import read_setfl
from defectgenome.tasks.sampling.eam_zhou import ELEMENTS, zhou2004
from defectgenome.tasks.sampling.equilibrium import lattice_constant

# structure, cohesive energy (eV) and lattice constant (A) that the potential was fitted to
PUBLISHED = {
    "Cu": ("fcc", 3.54, 3.615),
    "Ag": ("fcc", 2.85, 4.09),
    "Au": ("fcc", 3.93, 4.08),
    "Ni": ("fcc", 4.45, 3.52),
    "Pd": ("fcc", 3.91, 3.89),
    "Pt": ("fcc", 5.77, 3.92),
    "Al": ("fcc", 3.58, 4.05),
    "Pb": ("fcc", 2.02, 4.95),
    "Fe": ("bcc", 4.29, 2.866),
    "Mo": ("bcc", 6.81, 3.15),
    "Ta": ("bcc", 8.09, 3.303),
    "W": ("bcc", 8.76, 3.165),
    "Mg": ("hcp", 1.55, 3.196),
    "Co": ("hcp", 4.41, 2.506),
    "Ti": ("hcp", 4.87, 2.934),
    "Zr": ("hcp", 6.36, 3.200),
}


def rattled(symbols=("W",), a=3.165, amplitude=0.3, seed=1):
    cell = bulk("W", cubic=True, a=a).repeat(3)
    cell.set_chemical_symbols([symbols[i % len(symbols)] for i in range(len(cell))])
    cell.rattle(amplitude, seed=seed)
    return cell


@pytest.mark.parametrize(("scale", "amplitude"), [(1.0, 0.1), (0.85, 0.3), (1.1, 0.6)])
def test_agrees_with_the_published_file(data, zhou_tungsten, scale, amplitude):
    published = read_setfl(data / "W_Zhou04.eam.alloy", ["W"])
    cell = rattled(a=3.165 * scale, amplitude=amplitude)
    with pair_calculator(zhou_tungsten) as calculator:
        ours = calculator.evaluate(cell)
    with pair_calculator(published) as calculator:
        theirs = calculator.evaluate(cell)
    assert np.abs(ours.energies - theirs.energies).max() < 1e-8
    assert np.abs(ours.forces - theirs.forces).max() < 1e-7
    assert np.abs(ours.stress - theirs.stress).max() < 1e-8


@pytest.mark.parametrize("element", ELEMENTS)
def test_crystals_of_all_metals(element):
    structure, cohesive, a = PUBLISHED[element]
    a0, energy = lattice_constant(zhou2004([element]), structure)
    assert energy == pytest.approx(-cohesive, abs=0.002)
    assert a0 == pytest.approx(a, rel=0.002)


@pytest.mark.parametrize("element", ["Cu", "W", "Mg"])
def test_the_own_structure_is_the_stable_one(element):
    potential = zhou2004([element])
    energies = {s: lattice_constant(potential, s)[1] for s in ("bcc", "fcc", "hcp")}
    assert min(energies, key=energies.get) == PUBLISHED[element][0]


def test_golden_tungsten(zhou_tungsten):
    a0, energy = lattice_constant(zhou_tungsten, "bcc")
    assert a0 == pytest.approx(3.16485, abs=1e-5)
    assert energy == pytest.approx(-8.7600, abs=1e-4)


def test_alloys_do_not_depend_on_the_order_of_their_elements():
    cell = rattled(("W", "Ta"), a=3.23)
    with pair_calculator(zhou2004(["W", "Ta"])) as calculator:
        one = calculator.evaluate(cell)
    with pair_calculator(zhou2004(["Ta", "W"])) as calculator:
        other = calculator.evaluate(cell)
    assert np.abs(one.forces - other.forces).max() < 1e-9
    assert one.energy == pytest.approx(other.energy, abs=1e-9)


def test_johnsons_rule_in_a_dimer():
    """The mixed pair term, from the densities and pair terms of the pure metals at the same distance."""
    r = 2.6

    def energy(symbols):
        with pair_calculator(zhou2004(["Cu", "Ni"])) as calculator:
            return calculator.evaluate(Atoms(symbols, positions=[[0, 0, 0], [r, 0, 0]])).energies

    def density(fe, re, beta, lam):
        return fe * math.exp(-beta * (r / re - 1)) / (1 + (r / re - lam) ** 20)

    def pair(A, B, re, alpha, beta, kappa, lam):
        x = r / re
        return A * math.exp(-alpha * (x - 1)) / (1 + (x - kappa) ** 20) - B * math.exp(-beta * (x - 1)) / (
            1 + (x - lam) ** 20
        )

    f_cu = density(1.554485, 2.556162, 4.334731, 0.756515)
    f_ni = density(2.007018, 2.488746, 4.471175, 0.820658)
    p_cu = pair(0.396620, 0.548085, 2.556162, 8.127620, 4.334731, 0.308782, 0.756515)
    p_ni = pair(0.429046, 0.633531, 2.488746, 8.383453, 4.471175, 0.443599, 0.820658)
    mixed = 0.5 * (f_ni / f_cu * p_cu + f_cu / f_ni * p_ni)

    def embed(rho, rho_e, fn):
        x = rho / (0.85 * rho_e) - 1
        return sum(c * x**i for i, c in enumerate(fn))

    cu = embed(f_ni, 21.175871, (-2.170269, -0.263788, 1.088878, -0.817603))
    ni = embed(f_cu, 27.562015, (-2.693513, -0.076445, 0.241442, -2.375626))
    assert energy(["Cu", "Ni"]) == pytest.approx([cu + mixed / 2, ni + mixed / 2], abs=2e-6)


def test_forces_are_the_gradient():
    cell = rattled(("Cu", "Ni"), a=2.9, amplitude=0.2)
    step = 1e-4
    with pair_calculator(zhou2004(["Cu", "Ni"])) as calculator:
        force = calculator.evaluate(cell).forces[7, 1]
        energies = []
        for sign in (1, -1):
            moved = cell.copy()
            moved.positions[7, 1] += sign * step
            energies.append(calculator.evaluate(moved).energy)
    assert force == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=2e-4)


def test_what_it_does_not_know():
    with pytest.raises(InputError, match="no parameters for U, it has Cu Ag"):
        zhou2004(["W", "U"])
    with pytest.raises(InputError, match="twice"):
        zhou2004(["W", "W"])


def test_the_same_text_every_time(zhou_tungsten):
    from defectgenome.tasks.sampling.eam_zhou import zhou2004_setfl

    zhou2004_setfl.cache_clear()
    assert zhou2004(["W"]).key == zhou_tungsten.key
