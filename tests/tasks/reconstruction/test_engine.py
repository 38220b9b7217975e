"""Engine, box gradient and stitching, with the tungsten EAM."""

import numpy as np
import pytest
from defectgenome.schemas.campaign import Material
from defectgenome.schemas.errors import SimulationError
from defectgenome.tasks.potentials import load_potential
from defectgenome.tasks.reconstruction.cells import close_pairs, count_within
from defectgenome.tasks.reconstruction.crystal import Crystal
from defectgenome.tasks.reconstruction.engine import Configuration, open_engine
from defectgenome.tasks.reconstruction.perfect import measure_crystal
from defectgenome.tasks.reconstruction.refine import voids
from defectgenome.tasks.reconstruction.relax import deformed, relax_box
from defectgenome.tasks.reconstruction.stitch import delete_atom, insert_atom, stitch, uncover

from .crystals import TURNED, lattice

TUNGSTEN = Crystal("bcc", 3.16485, -8.76)


@pytest.fixture(scope="module")
def engine():
    with open_engine(load_potential("zhou2004", ["W"])) as opened:
        yield opened


@pytest.fixture
def rattled():
    x = lattice(TUNGSTEN)
    cell = np.array([[4, 0, 0], [0.5, 3.5, 0.5], [-0.5, 0.5, 3.5]]) * 3.16485 @ TURNED
    c = stitch(x @ TURNED, ("W",) * len(x), 15, cell, 140, 2.0)
    moved = c.positions + np.random.default_rng(2).normal(0, 0.08, c.positions.shape)
    moved[0] = 0.0
    return Configuration(cell, moved, c.symbols, 15)


def test_a_cell_stitched_from_bulk_is_bulk(engine):
    x = lattice(TUNGSTEN)
    for turn in (np.eye(3), TURNED):
        cell = 4 * 3.16485 * turn
        c = stitch(x @ turn, ("W",) * len(x), 59, cell, 140, 2.0)
        state = engine.evaluate(c)
        assert len(c) == 128
        assert state.energy / 128 == pytest.approx(-8.76, abs=1e-4)
        assert np.abs(state.forces).max() < 1e-6


def test_box_gradient_is_the_derivative_with_the_core_held(engine, rattled):
    gradient = engine.evaluate(rattled).box_gradient
    step = 1e-5
    for i in range(3):
        for j in range(3):
            u = np.zeros((3, 3))
            u[i, j] = step
            up, down = (engine.evaluate(deformed(rattled, s * u)).energy for s in (1, -1))
            assert gradient[i, j] == pytest.approx((up - down) / (2 * step), abs=2e-3)


def test_relaxation_keeps_the_core_and_the_line_and_lowers_the_energy(engine, rattled):
    line = rattled.cell[0]
    start = engine.minimise(rattled, 40)
    for kept in (None, line):
        state = relax_box(engine, start, steps=3, minimise_steps=40, stiffness=2.0, gap=2.3, line=kept)
        assert state.energy < start.energy - 0.01
        assert np.array_equal(state.configuration.core, rattled.core)
        if kept is not None:
            assert state.configuration.cell[0] == pytest.approx(line, abs=1e-9)


def test_the_perfect_crystal_is_measured(engine):
    crystal = measure_crystal(engine, Material(elements=("W",), structure="bcc", lattice_constant=3.2))
    assert crystal.lattice_constant == pytest.approx(3.16485, abs=2e-4)
    assert crystal.cohesive_energy == pytest.approx(-8.76, abs=1e-3)
    with pytest.raises(SimulationError, match="no minimum"):
        measure_crystal(engine, Material(elements=("W",), structure="bcc", lattice_constant=6.5))


def test_the_engine_survives_a_cell_that_lammps_refuses(engine):
    flat = Configuration(np.diag([1e-3, 30.0, 30.0]), np.zeros((1, 3)), ("W",), 1)
    good = Configuration(3.16485 * np.eye(3) * 3, lattice(TUNGSTEN)[:1], ("W",), 1)
    before = engine.evaluate(good).energy
    with pytest.raises(SimulationError):
        engine.evaluate(flat)
    assert engine.evaluate(good).energy == before


def test_thinning_spares_the_core_and_leaves_no_other_pair():
    rng = np.random.default_rng(5)
    cell = 9.0 * np.eye(3)
    x = rng.uniform(-4.5, 4.5, (60, 3))
    pairs = close_pairs(x, cell, 2.0)
    kept = uncover(x, 20, pairs)
    assert np.array_equal(kept[:20], np.arange(20))
    left = close_pairs(x[kept], cell, 2.0)
    assert ((left < 20).all(axis=1)).all()


def test_a_vacancy_is_the_largest_void_and_takes_one_atom():
    x = lattice(TUNGSTEN)
    c = stitch(x, ("W",) * len(x), 15, 4 * 3.16485 * np.eye(3), 140, 2.0)
    assert voids(c, 1.10 * TUNGSTEN.void_radius, 1.6) == []
    hole = delete_atom(c, 100)
    [place] = voids(hole, 1.10 * TUNGSTEN.void_radius, 1.6)
    away = (place - c.positions[100]) @ np.linalg.inv(c.cell)
    assert np.abs(away - np.round(away)).max() * 12.66 < 1e-6
    assert len(insert_atom(hole, place, "W")) == len(c)
    assert count_within(insert_atom(hole, place, "W").positions, c.cell, 5.0) == count_within(c.positions, c.cell, 5.0)
    with pytest.raises(ValueError, match="core"):
        delete_atom(c, 3)
