"""The POD fit: what it returns, what it refuses, and that it always returns the same."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from defectgenome.schemas.errors import InputError, SimulationError
from defectgenome.tasks.frames import energy_of, forces_of
from defectgenome.tasks.lammps import to_lammps_cell
from defectgenome.tasks.pair_calculator import boxed, pair_calculator
from defectgenome.tasks.selection.descriptors import pod_rows
from defectgenome.tasks.training.fitpod import check_coefficients, repeats
from defectgenome.tasks.training.neighbours import neighbour_counts
from defectgenome.tasks.training.pod import fit_pod, outer_cutoff, pod_potential
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def fitted(labelled):
    return fit_pod(labelled, "34", ["W"])


def coefficients(files):
    words = files["W_coefficients.pod"].decode().split()
    return np.array([float(w) for w in words[4:]])


def test_fit_reproduces_what_it_was_fitted_to(fitted, labelled):
    with pair_calculator(pod_potential(fitted, ["W"])) as calculator:
        results = [calculator.evaluate(frame) for frame in labelled]
    energy = [1000 * (r.energy - energy_of(f)) / len(f) for r, f in zip(results, labelled, strict=True)]
    force = np.concatenate([r.forces - forces_of(f) for r, f in zip(results, labelled, strict=True)])
    spread = np.std([1000 * energy_of(f) / len(f) for f in labelled])
    assert np.sqrt(np.mean(np.square(energy))) < 0.05 * spread
    assert np.sqrt(np.mean(force**2)) < 0.12 * np.sqrt(np.mean(np.concatenate([forces_of(f) for f in labelled]) ** 2))


def test_energy_is_linear_in_the_descriptor_rows(fitted, labelled):
    frames = labelled[:6]
    with pair_calculator(pod_potential(fitted, ["W"])) as calculator:
        energies = [calculator.evaluate(frame).energies for frame in frames]
    for rows, expected in zip(pod_rows(frames, "34", ["W"]), energies, strict=True):
        np.testing.assert_allclose(rows @ coefficients(fitted), expected, atol=1e-9)


def test_fit_solves_the_regularised_normal_equations(labelled):
    """With energies only: weights, cells and the meaning of the regularisation are what they are said to be."""
    strength = 1e-7
    files = fit_pod(labelled, "34", ["W"], weights=(1.0, 1e-14), regularisation=strength)
    rows = np.array([r.mean(axis=0) for r in pod_rows(labelled, "34", ["W"])])
    target = np.array([energy_of(f) / len(f) for f in labelled])
    normal = rows.T @ rows
    solution = np.linalg.solve(normal + strength * np.diag(np.diag(normal)), rows.T @ target)
    np.testing.assert_allclose(rows @ coefficients(files), rows @ solution, atol=1e-8)


@given(
    lengths=st.tuples(*[st.floats(2.2, 12)] * 3),
    tilts=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_repeated_cells_hold_all_neighbours(lengths, tilts, seed):
    """The images that fitpod looks at hold every neighbour that there is."""
    H = np.diag(lengths).astype(float)
    H[1, 0], H[2, 0], H[2, 1] = tilts[0] * lengths[0], tilts[1] * lengths[0], tilts[2] * lengths[1]
    n = repeats(H, 5.0)
    cell = np.array(n)[:, None] * H
    x = np.random.default_rng(seed).random((2, 3)) @ H
    atoms = Atoms("W2", x, cell=H, pbc=True).repeat(n)
    atoms.wrap()
    reach = [int(np.ceil(5.0 / cell[k, k])) for k in range(3)]
    shifts = np.array(list(itertools.product(*(range(-m, m + 1) for m in reach)))) @ cell
    images = (atoms.positions[None] + shifts[:, None]).reshape(-1, 3)
    distances = np.linalg.norm(images[None] - atoms.positions[:, None], axis=2)
    np.testing.assert_array_equal((distances < 5.0).sum(axis=1) - 1, neighbour_counts(atoms, 5.0))


def test_large_cells_are_not_repeated():
    assert repeats(np.array([[6.0, 0, 0], [2.5, 6.0, 0], [2.0, 2.0, 7.0]]), 5.0) == (1, 1, 1)
    assert repeats(3.165 * np.eye(3), 5.0) == (1, 1, 1)


def test_forces_are_the_gradient_of_the_energy(fitted):
    atoms = bulk("W", a=3.165, cubic=True) * (3, 3, 3)
    atoms.positions += np.random.default_rng(4).normal(0, 0.1, atoms.positions.shape)
    with pair_calculator(pod_potential(fitted, ["W"])) as calculator:
        forces = calculator.evaluate(atoms).forces
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[3, 1] += sign * 1e-4
            energies.append(calculator.evaluate(moved).energy)
    assert forces[3, 1] == pytest.approx(-(energies[0] - energies[1]) / 2e-4, abs=1e-5)


def test_same_bytes_again_in_one_process_and_in_another(labelled, fitted, tmp_path):
    fit_pod(labelled[:7], "73", ["W"])  # leaves its traces in memory
    assert fit_pod(labelled, "34", ["W"]) == fitted
    from defectgenome.tasks.frames import write_frames

    write_frames(tmp_path / "frames.extxyz", labelled)
    code = (
        "import sys; from defectgenome.tasks.frames import read_frames;"
        "from defectgenome.tasks.training.pod import fit_pod;"
        "fit_pod(read_frames(sys.argv[1])[5:9], '73', ['W']);"
        "sys.stdout.buffer.write(fit_pod(read_frames(sys.argv[1]), '34', ['W'])['W_coefficients.pod'])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code, tmp_path / "frames.extxyz"], check=True, capture_output=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_cluster_and_cell_give_the_same_fit(labelled):
    """A cluster gets vacuum beyond the cutoff: as if it were in a large periodic cell."""
    cluster = bulk("W", a=3.165, cubic=True) * (2, 2, 2)
    cluster.positions += np.random.default_rng(0).normal(0, 0.1, cluster.positions.shape)
    forces = np.random.default_rng(1).normal(0, 1, cluster.positions.shape)
    boxed = cluster.copy()
    boxed.set_cell(40 * np.eye(3))
    boxed.positions += 12
    cluster.pbc = False
    files = []
    for atoms in (cluster, boxed):
        atoms.calc = SinglePointCalculator(atoms, energy=-100.0, forces=forces)
        files.append(coefficients(fit_pod([*labelled[:10], atoms], "34", ["W"], regularisation=1e-6)))
    np.testing.assert_allclose(files[0], files[1], rtol=1e-4, atol=1e-4)


def test_a_repeated_cell_counts_once(labelled):
    """fitpod sees a thin tilted cell eight times; the equations must weigh as much as those of any other."""
    thin = next(f for f in labelled if len(f) in {11, 12})
    assert repeats(to_lammps_cell(boxed(thin)[0])[0], 5.0) != (1, 1, 1)
    rows = np.array([r.mean(axis=0) for r in pod_rows([thin, *labelled[:4:2]], "34", ["W"])])
    frames = [thin, *labelled[:4:2]]
    weights, strength = (3.0, 0.7), 1e-6
    normal = weights[0] ** 2 * rows.T @ rows
    right = weights[0] ** 2 * rows.T @ np.array([energy_of(f) / len(f) for f in frames])
    for frame in frames:
        gradient = np.zeros((3 * len(frame), 34))
        for i in range(3 * len(frame)):
            ends = []
            for sign in (1, -1):
                moved = frame.copy()
                moved.positions[i // 3, i % 3] += sign * 1e-4
                ends.append(moved)
            plus, minus = (r.sum(axis=0) for r in pod_rows(ends, "34", ["W"]))
            gradient[i] = -(plus - minus) / 2e-4
        normal += weights[1] ** 2 * gradient.T @ gradient
        right += weights[1] ** 2 * gradient.T @ forces_of(frame).ravel()
    solution = np.linalg.solve(normal + strength * np.diag(np.diag(normal)), right)
    fitted = coefficients(fit_pod(frames, "34", ["W"], weights=weights, regularisation=strength))
    np.testing.assert_allclose(rows @ fitted, rows @ solution, atol=2e-5)


def test_refuses_frames_that_cannot_be_fitted(labelled):
    bare = labelled[0].copy()
    bare.calc = None
    with pytest.raises(InputError, match=r"frame 1.*no energy or no forces"):
        fit_pod([labelled[1], bare], "34", ["W"])
    with pytest.raises(InputError, match="no frame"):
        fit_pod([], "34", ["W"])
    with pytest.raises(InputError, match="has W, the potential is for Ta"):
        fit_pod(labelled[:2], "34", ["Ta"])
    broken = labelled[0].copy()
    broken.calc = SinglePointCalculator(broken, energy=np.nan, forces=forces_of(labelled[0]))
    with pytest.raises(InputError, match="finite"):
        fit_pod([broken], "34", ["W"])


def test_refuses_atoms_with_too_few_neighbours():
    pair = Atoms("W2", [[0, 0, 0], [0, 0, 2.7]], cell=20 * np.eye(3), pbc=True)
    pair.calc = SinglePointCalculator(pair, energy=-5.0, forces=np.zeros((2, 3)))
    with pytest.raises(InputError, match="frame 0: atom 0 has 1 neighbours"):
        fit_pod([pair], "34", ["W"])


@pytest.mark.parametrize(
    "data",
    [b"", b"model_coefficients: 3 0 0\n1.0\n2.0\n", b"model_coefficients: 2 0 0\n1.0\nnan\n", b"model: x 0 0\n1.0\n"],
)
def test_coefficients_are_checked(data):
    with pytest.raises(SimulationError):
        check_coefficients(data, None)


def test_number_of_coefficients_is_checked(fitted):
    with pytest.raises(SimulationError, match="34 coefficients of 35"):
        check_coefficients(fitted["W_coefficients.pod"], 35)


def test_cutoff_is_read_from_the_parameters(fitted):
    assert outer_cutoff(fitted["W.pod"]) == 5.0
    with pytest.raises(InputError):
        outer_cutoff(b"rin 1\n")
    with pytest.raises(InputError, match=r"one \.pod"):
        pod_potential({"W.pod": fitted["W.pod"]}, ["W"])
