"""Polycrystals: density, spacing, grains that are crystals."""

import numpy as np
import pytest
from defectgenome.schemas.campaign import Material
from defectgenome.tasks.sampling.lattice import nearest_neighbour
from defectgenome.tasks.sampling.voronoi import CLOSEST, polycrystal_points, without_overlap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree


@pytest.mark.parametrize(("structure", "coordination"), [("bcc", 8), ("fcc", 12), ("hcp", 12)])
@pytest.mark.parametrize("grains", [1, 3])
def test_polycrystal(structure, coordination, grains):
    material = Material(elements=("W",), structure=structure, lattice_constant=3.2)
    box = 34.0
    positions, grain = polycrystal_points(material, box, grains, seed=3)
    assert set(grain) == set(range(grains))
    assert (positions >= 0).all()
    assert (positions < box).all()
    assert 0.9 < len(positions) * material.atomic_volume / box**3 < 1.01
    d = nearest_neighbour(material)
    tree = cKDTree(positions, boxsize=box)
    assert len(tree.query_pairs(CLOSEST * d)) == 0
    counts = np.array([len(n) - 1 for n in tree.query_ball_point(positions, d * 1.01)])
    assert (counts == coordination).mean() > 0.3  # inside the grains


def test_same_seed_same_atoms(tungsten):
    one, other = (polycrystal_points(tungsten, 30.0, 3, seed=5)[0] for _ in range(2))
    assert np.array_equal(one, other)
    assert len(one) != len(polycrystal_points(tungsten, 30.0, 3, seed=6)[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10**6), st.floats(0.5, 4.0))
def test_overlaps_go_and_nothing_else(n, seed, closest):
    positions = np.random.default_rng(seed).random((n, 3)) * 10
    keep = without_overlap(positions, 10.0, closest)
    assert keep.any()
    tree = cKDTree(positions[keep], boxsize=10.0)
    assert len(tree.query_pairs(closest)) == 0
    # each atom that went had a neighbour that stayed
    for i in np.flatnonzero(~keep):
        assert tree.query(positions[i])[0] <= closest
