"""The basic set: families, sizes, names, and cells that mean what they say."""

import numpy as np
import pytest
from ase.neighborlist import neighbor_list
from defectgenome.schemas.campaign import BasicSet, Material
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.sampling.basic_set import MOST_ATOMS, basic_set

FAMILIES = {"eos", "strain", "rattle", "vacancy", "surface", "gamma_surface"}


def test_tungsten(tungsten):
    frames = basic_set(BasicSet(), tungsten, 1)
    assert 45 <= len(frames) <= 65
    assert {f.info["family"] for f in frames} == FAMILIES
    assert len({f.info["origin"] for f in frames}) == len(frames)
    assert max(len(f) for f in frames) <= 60
    for frame in frames:
        assert frame.pbc.all()
        assert frame.get_volume() > 0
        assert neighbor_list("d", frame, 3.0).min() > 1.8


def test_deterministic(tungsten):
    one, two = basic_set(BasicSet(), tungsten, 1), basic_set(BasicSet(), tungsten, 1)
    other = basic_set(BasicSet(), tungsten, 2)
    for a, b, c in zip(one, two, other, strict=True):
        assert np.array_equal(a.positions, b.positions)
        assert a.info == b.info
        assert np.array_equal(a.positions, c.positions) != ("rattle" in a.info["origin"])


@pytest.mark.parametrize(("structure", "plane"), [("fcc", (1, 1, 1)), ("hcp", (0, 0, 1)), ("diamond", (1, 1, 1))])
def test_other_crystals(structure, plane):
    material = Material(elements=("Cu", "Ni"), structure=structure, lattice_constant=3.6)
    frames = basic_set(BasicSet(surfaces=(plane,), gamma_surface=(plane,)), material, 1)
    assert {f.info["family"] for f in frames} == FAMILIES
    assert max(len(f) for f in frames) <= MOST_ATOMS
    bulk = next(f for f in frames if f.info["family"] == "rattle")
    assert bulk.get_chemical_symbols().count("Cu") == len(bulk) / 2


def test_nothing_asked_nothing_made(tungsten):
    options = BasicSet(
        dataset="own.extxyz",
        spec="same",
        equation_of_state=False,
        strains=0,
        rattles=(),
        vacancy=False,
        surfaces=(),
        gamma_surface=(),
    )
    assert basic_set(options, tungsten, 1) == []


def test_energies_are_physical(tungsten, zhou_tungsten):
    frames = basic_set(BasicSet(), tungsten, 1)
    with pair_calculator(zhou_tungsten) as calculator:
        energy = {f.info["origin"]: calculator.evaluate(f).energy for f in frames}
    by_origin = {f.info["origin"]: f for f in frames}
    volumes = [f.get_volume() for f in frames if f.info["family"] == "eos"]
    eos = [energy[f.info["origin"]] / 2 for f in frames if f.info["family"] == "eos"]
    assert min(eos) == pytest.approx(-8.76, abs=0.01)
    assert np.all(np.diff(np.sign(np.diff(eos))) >= 0)  # one minimum
    assert volumes == sorted(volumes)
    assert energy["vacancy/1"] + 53 * 8.76 == pytest.approx(3.85, abs=0.3)  # unrelaxed
    # an unstable stacking fault on {110}: symmetric, largest in the middle, 1.82 J/m^2 for this potential
    fault = by_origin["gamma_surface/110-0.500b"]
    area = np.linalg.norm(np.cross(fault.cell[0], fault.cell[1]))
    gamma = {
        k: (energy[f"gamma_surface/110-{k}b"] + 8.76 * len(fault)) / area * 16.0218 for k in ("0.333", "0.500", "0.667")
    }
    assert gamma["0.333"] == pytest.approx(gamma["0.667"], rel=1e-6)
    assert gamma["0.500"] == pytest.approx(1.82, abs=0.02)
    # shear: +- are the same state turned round; volume-conserving strains cost more than the dilation they contain
    assert energy["strain/shear-5.0%"] == pytest.approx(energy["strain/shear+5.0%"], abs=1e-6)
    assert energy["strain/tetragonal+5.0%"] != pytest.approx(energy["strain/tetragonal-5.0%"], abs=1e-3)
