import itertools

import numpy as np
import pytest
from defectgenome.tasks.reconstruction.candidates import host_cells, random_cells
from defectgenome.tasks.reconstruction.cells import (
    close_pairs,
    count_within,
    image_gap,
    reduce_cell,
    translations,
)
from defectgenome.tasks.reconstruction.crystal import Crystal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

GRID = np.array(list(itertools.product(range(-4, 5), repeat=3)))
cells = arrays(float, (3, 3), elements=st.floats(-6, 6, width=32)).filter(lambda h: abs(np.linalg.det(h)) > 20)


@settings(max_examples=50, deadline=None)
@given(cells)
def test_a_reduced_cell_spans_the_same_lattice_with_its_shortest_vectors(h):
    reduced = reduce_cell(h)
    change = reduced @ np.linalg.inv(h)
    assert np.allclose(change, np.round(change), atol=1e-6)
    assert np.linalg.det(reduced) == pytest.approx(abs(np.linalg.det(h)))
    lengths = np.sort(np.linalg.norm((GRID @ reduced)[np.any(GRID != 0, axis=1)], axis=1))
    assert np.linalg.norm(reduced, axis=1)[0] == pytest.approx(lengths[0])
    assert reduced @ reduced.T == pytest.approx((reduced @ reduced.T).T)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert 2 * abs(reduced[i] @ reduced[j]) <= reduced[i] @ reduced[i] + 1e-6


@settings(max_examples=50, deadline=None)
@given(cells, st.floats(1, 9))
def test_translations_are_all_lattice_vectors_of_a_sphere(h, cutoff):
    h = reduce_cell(h)
    everything = GRID @ h
    lengths = np.linalg.norm(everything, axis=1)
    assume(np.abs(lengths - cutoff).min() > 1e-6)
    assume((4 * (1 / np.linalg.norm(np.linalg.inv(h), axis=0)) > cutoff).all())
    found = translations(h, cutoff)
    assert 2 * len(found) == np.count_nonzero((lengths < cutoff) & (lengths > 0))
    both = {tuple(v.round(5) + 0.0) for v in np.vstack([found, -found])}
    assert both == {tuple(v.round(5) + 0.0) for v in everything[(lengths < cutoff) & (lengths > 0)]}


def random_case(seed):
    rng = np.random.default_rng(seed)
    h = reduce_cell(rng.normal(size=(3, 3)) * 2.5 + 9 * np.eye(3))
    return h, rng.uniform(-5, 5, (25, 3))


@pytest.mark.parametrize("seed", range(5))
def test_image_gap_counts_and_pairs_agree_with_all_images(seed):
    h, x = random_case(seed)
    shifts = GRID @ h
    nonzero = shifts[np.any(GRID != 0, axis=1)]
    gap = min(np.linalg.norm(x[:, None] - x[None] - t, axis=2).min() for t in nonzero)
    assert image_gap(x, h, 9.0) == pytest.approx(min(gap, 9.0))
    inside = sum(np.count_nonzero(np.linalg.norm(x + t, axis=1) < 5.0) for t in shifts)
    assert count_within(x, h, 5.0) == inside
    expected = set()
    for t in shifts:
        for i, j in np.argwhere(np.linalg.norm(x[:, None] - x[None] - t, axis=2) < 2.5):
            if i != j or t.any():
                expected.add((min(i, j), max(i, j)))
    found = {(min(i, j), max(i, j)) for i, j in close_pairs(x, h, 2.5).tolist()}
    assert found == expected


def test_images_along_a_line_leave_no_gap_to_count():
    h = np.diag([2.7, 20.0, 20.0])
    core = np.array([[0.0, 0, 0], [0, 2.0, 0]])
    assert image_gap(core, h, 6.0) == pytest.approx(2.7)
    assert image_gap(core, h, 6.0, h[0]) == 6.0


@pytest.mark.parametrize("structure", ["bcc", "fcc", "hcp", "diamond"])
def test_host_cells_are_compact_supercells(structure):
    crystal = Crystal(structure, 1.0, -1.0)
    found = host_cells(crystal, 100, 140)
    assert len(found) >= 60
    ratios = []
    for h in found:
        integers = h @ np.linalg.inv(crystal.primitive)
        assert np.allclose(integers, np.round(integers), atol=1e-9)
        atoms = round(abs(np.linalg.det(integers))) * crystal.atoms_per_point
        assert 100 <= atoms <= 140
        shortest = np.linalg.norm((GRID @ h)[np.any(GRID != 0, axis=1)], axis=1).min()
        ratios.append(shortest / abs(np.linalg.det(h)) ** (1 / 3))
    assert ratios[0] > 1.08  # the densest lattice has 1.122
    assert all(a >= b - 1e-3 for a, b in itertools.pairwise(ratios))


def test_random_cells_have_their_volumes_and_follow_the_seed():
    volumes = np.linspace(1500, 2200, 12)
    a, b = (random_cells(volumes, np.random.default_rng(3)) for _ in range(2))
    assert np.allclose([np.linalg.det(h) for h in a], volumes)
    assert np.array_equal(a, b)
