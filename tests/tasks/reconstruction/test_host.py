import numpy as np
import pytest
from defectgenome.tasks.reconstruction.crystal import Crystal
from defectgenome.tasks.reconstruction.host import host_orientations
from scipy.spatial.transform import Rotation

from .crystals import RADIUS, TURNED, lattice

A = {"bcc": 3.165, "fcc": 3.615, "hcp": 3.2, "diamond": 5.43}


def misorientation(found, true, crystal):
    """Degrees, up to the symmetry of the lattice."""
    relative = crystal.rotations @ true @ found.T
    cosine = (np.trace(relative, axis1=1, axis2=2).max() - 1) / 2
    return np.degrees(np.arccos(min(1.0, cosine)))


@pytest.mark.parametrize("structure", A)
def test_the_orientation_of_a_noisy_crystal_is_found(structure):
    crystal = Crystal(structure, A[structure], -5.0)
    x = lattice(crystal) @ TURNED
    x += np.random.default_rng(1).normal(0, 0.03 * crystal.neighbour_distance, x.shape)
    found = host_orientations(x, crystal, RADIUS)
    assert len(found) == 1
    assert np.linalg.det(found[0]) == pytest.approx(1.0)
    assert misorientation(found[0], TURNED, crystal) < 0.5


def test_both_grains_of_a_boundary_are_found_and_a_glass_has_none():
    crystal = Crystal("bcc", 3.165, -8.76)
    x = lattice(crystal, RADIUS)
    other = TURNED @ Rotation.from_euler("y", 30, degrees=True).as_matrix()
    upper, lower = x @ TURNED, x @ other
    boundary = np.vstack([upper[upper[:, 2] > 1.0], lower[lower[:, 2] < -3.0]])
    found = host_orientations(boundary, crystal, RADIUS)
    assert len(found) == 2
    assert misorientation(found[0], TURNED, crystal) < 1.0
    assert misorientation(found[1], other, crystal) < 1.0
    glass = np.random.default_rng(0).uniform(-RADIUS, RADIUS, (700, 3))
    assert host_orientations(glass, crystal, RADIUS) == []
