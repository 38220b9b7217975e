"""The check finds what is wrong with a cell that is otherwise right."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from defectgenome.schemas.cell import Cell
from defectgenome.schemas.keys import rounded
from defectgenome.tasks.reconstruction.crystal import Crystal
from defectgenome.tasks.reconstruction.verify import verify

from .crystals import TURNED, environment, lattice

A = 3.165
CRYSTAL = Crystal("bcc", A, -8.76)
N_CORE = 59


@pytest.fixture(scope="module")
def surroundings():
    return environment(lattice(CRYSTAL), "W", TURNED)


@pytest.fixture(scope="module")
def good(surroundings):
    """The perfect 4 x 4 x 4 cell, in the crystal's axes; the core is the first five shells."""
    core = surroundings.positions[:N_CORE] @ TURNED.T
    corners = np.array(list(itertools.product(range(-2, 2), repeat=3)))
    sites = np.vstack([corners, corners + 0.5]) * A
    f = (sites[:, None] - core[None]) / (4 * A)
    free = np.linalg.norm((f - np.round(f)) * 4 * A, axis=2).min(axis=1) > 0.1
    x = rounded(np.vstack([core, sites[free]]))
    return Cell(
        cell=rounded(4 * A * np.eye(3)),
        positions=x,
        symbols=("W",) * len(x),
        core=np.arange(len(x)) < N_CORE,
        environment=surroundings.id,
        rotation=TURNED.T,
        energy_per_atom=-8.76,
        excess_energy=0.0,
        dmin=2.74,
        image_gap=2.74,
        centre_force_error=0.0,
        neighbour_force_error=0.0,
        status="ok",
        seed=0,
    )


def codes(surroundings, cell, **limits):
    defaults = {"max_atoms": 140, "exact_radius": 5.0, "minimum_distance": 2.2}
    return set(verify(surroundings, cell, **{**defaults, **limits}).codes)


def moved(cell, index, vector):
    x = cell.positions.copy()
    x[index] += vector
    return replace(cell, positions=x)


def test_a_right_cell_passes(surroundings, good):
    assert len(good) == 128
    report = verify(surroundings, good, max_atoms=140, exact_radius=5.0, minimum_distance=2.2)
    assert report.verdict == "ok"
    assert report.core_displacement < 2e-6
    assert report.dmin == pytest.approx(A * np.sqrt(3) / 2, abs=1e-5)
    assert report.image_gap == pytest.approx(A, abs=1e-5)
    assert report.rotation == pytest.approx(TURNED.T, abs=1e-5)


def test_it_passes_wherever_it_lies_and_however_it_is_wrapped(surroundings, good):
    f = (good.positions + [1.7, -3.3, 0.4]) / (4 * A)
    wrapped = replace(good, positions=(f - np.floor(f)) @ np.asarray(good.cell))
    assert codes(surroundings, wrapped) == set()
    turned = replace(good, positions=good.positions @ TURNED, cell=good.cell @ TURNED)
    assert codes(surroundings, turned) == set()


def test_a_core_atom_out_of_place_is_seen(surroundings, good):
    assert codes(surroundings, moved(good, 50, [4e-6, 0, 0])) == {"core_moved"}
    assert "lae_violated" in codes(surroundings, moved(good, 3, [1e-3, 0, 0]))


def test_a_mirror_image_is_no_rotation(surroundings, good):
    strained = replace(surroundings, positions=surroundings.positions + 0.1 * np.sin(surroundings.positions))
    x = good.positions.copy()
    x[:N_CORE] = strained.positions[:N_CORE] @ TURNED.T
    assert codes(strained, replace(good, positions=x), exact_radius=3.0) == set()
    mirrored = replace(good, positions=x * [1, 1, -1])
    assert "core_moved" in codes(strained, mirrored, exact_radius=3.0)


def test_missing_extra_and_foreign_neighbours_are_told_apart(surroundings, good):
    extra = replace(
        good,
        positions=np.vstack([good.positions, [[A / 2, A / 4, 0.0]]]),
        symbols=(*good.symbols, "W"),
        core=np.append(good.core, False),
    )
    assert verify(surroundings, extra, max_atoms=140, exact_radius=5.0, minimum_distance=0.5).extra == 1
    keep = np.arange(len(good)) != 5
    gone = replace(good, positions=good.positions[keep], symbols=good.symbols[:-1], core=good.core[keep])
    assert verify(surroundings, gone, max_atoms=140, exact_radius=5.0, minimum_distance=2.2).missing >= 1
    swapped = replace(good, symbols=("W", "Ta", *good.symbols[2:]))
    report = verify(surroundings, swapped, max_atoms=140, exact_radius=5.0, minimum_distance=2.2)
    assert report.wrong_species == 1
    assert "lae_violated" in report.codes


def test_an_image_inside_the_exact_sphere_is_extra(surroundings, good):
    small = replace(good, cell=np.diag([2 * A, 4 * A, 4 * A]))
    found = codes(surroundings, small)
    assert {"lae_violated", "core_overlap", "too_close"} <= found


def test_cap_and_distances(surroundings, good):
    assert codes(surroundings, good, max_atoms=127) == {"over_cap"}
    assert codes(surroundings, good, minimum_distance=3.2) == {"core_overlap"}  # the core's own pairs may be closer
    seam = moved(good, len(good) - 1, (good.positions[-2] - good.positions[-1]) * 0.4)
    assert "too_close" in codes(surroundings, seam)
