"""Crystals: density, coordination and commensurability in any orientation."""

import numpy as np
import pytest
from defectgenome.schemas.campaign import Material
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.sampling.lattice import bulk_block, conventional_cell, crystal_points, nearest_neighbour
from defectgenome.tasks.sampling.orientation import lattice_vectors_in_plane, oriented
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

STRUCTURES = ("bcc", "fcc", "hcp", "diamond")
COORDINATION = {"bcc": 8, "fcc": 12, "hcp": 12, "diamond": 4}


def crystal(structure, a=3.2):
    return Material(elements=("W",), structure=structure, lattice_constant=a)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_coordination_and_density(structure):
    material = crystal(structure)
    positions, cell = bulk_block(material, (4, 4, 4))
    tree = cKDTree(positions, boxsize=np.diag(cell) * (1 + 1e-12))
    d = nearest_neighbour(material)
    counts = [len(n) - 1 for n in tree.query_ball_point(positions, d * 1.01)]
    assert set(counts) == {COORDINATION[structure]}
    assert tree.count_neighbors(tree, d * 0.99) == len(positions)
    assert np.linalg.det(cell) / len(positions) == pytest.approx(material.atomic_volume)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(STRUCTURES), st.integers(0, 10**6))
def test_any_orientation(structure, seed):
    rng = np.random.default_rng(seed)
    material = crystal(structure)
    lower = rng.normal(scale=20, size=3)
    upper = lower + rng.uniform(15, 25, size=3)
    rotation = Rotation.random(random_state=seed).as_matrix()
    points = crystal_points(material, lower, upper, rotation, rng.normal(scale=5, size=3))
    assert (points >= lower).all()
    assert (points < upper).all()
    volume = np.prod(upper - lower)
    surface = 2 * volume * (1 / (upper - lower)).sum()
    assert abs(len(points) * material.atomic_volume - volume) < 0.5 * surface  # within part of a layer
    tree = cKDTree(points)
    inner = points[((points > lower + 4) & (points < upper - 4)).all(axis=1)]
    counts = [len(n) - 1 for n in tree.query_ball_point(inner, nearest_neighbour(material) * 1.01)]
    assert set(counts) <= {COORDINATION[structure]}


@pytest.mark.parametrize("structure", ["bcc", "fcc", "diamond"])
@pytest.mark.parametrize("normal", [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 1, 2), (2, 1, 0), (1, -2, 3)])
def test_oriented_boxes_are_commensurate(structure, normal):
    material = crystal(structure)
    rotation, periods = oriented(material, normal)
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)
    assert np.allclose(rotation @ (np.array(normal) / np.linalg.norm(normal)), [0, 0, 1])
    points = crystal_points(material, np.zeros(3), periods, rotation)
    assert len(points) == round(float(np.prod(periods)) / material.atomic_volume)
    repeats = np.maximum(1, np.ceil(6 / periods)).astype(int)
    many = crystal_points(material, np.zeros(3), periods * repeats, rotation)
    tree = cKDTree(many, boxsize=periods * repeats)
    counts = {len(n) - 1 for n in tree.query_ball_point(many, nearest_neighbour(material) * 1.01)}
    assert counts == {COORDINATION[structure]}


def test_slip_vectors():
    assert np.linalg.norm(lattice_vectors_in_plane(crystal("bcc"), (1, 1, 0), 9)[0]) == pytest.approx(3.2 * 3**0.5 / 2)
    assert np.linalg.norm(lattice_vectors_in_plane(crystal("fcc"), (1, 1, 1), 9)[0]) == pytest.approx(3.2 / 2**0.5)
    assert np.linalg.norm(lattice_vectors_in_plane(crystal("hcp"), (0, 0, 1), 9)[0]) == pytest.approx(3.2)


def test_planes_of_hcp():
    assert np.allclose(oriented(crystal("hcp"), (0, 0, 1))[1], conventional_cell(crystal("hcp"))[0])
    with pytest.raises(InputError, match="basal"):
        oriented(crystal("hcp"), (1, 0, 0))
    with pytest.raises(InputError, match="Miller"):
        oriented(crystal("bcc"), (0, 0, 0))
