"""POD rows: the linear model of `pair_style pod`, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bcc110, bulk
from defectgenome.schemas.errors import InputError, SimulationError
from defectgenome.schemas.pair_potential import PairPotential
from defectgenome.schemas.snapshot import Snapshot
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.selection.blocks import spatial_blocks
from defectgenome.tasks.selection.descriptors import descriptor_calculator, pod_rows
from defectgenome.tasks.selection.pod_basis import POD_BASES, param_file, pod_basis
from hypothesis import given, settings
from hypothesis import strategies as st
from matscipy.neighbours import neighbour_list


def rattled(n: int = 3, amplitude: float = 0.15, seed: int = 0) -> Atoms:
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (n, n, n)
    atoms.rattle(amplitude, seed=seed)
    return atoms


def snapshot_of(atoms: Atoms) -> Snapshot:
    return Snapshot(
        positions=atoms.get_positions(),
        cell=np.array(atoms.cell),
        pbc=tuple(bool(p) for p in atoms.pbc),
        types=np.zeros(len(atoms), int),
        elements=("W",),
        centres=np.ones(len(atoms), bool),
    )


def pod_energies(atoms: Atoms, name: str, elements: tuple[str, ...], coefficients: np.ndarray) -> np.ndarray:
    text = f"model_coefficients: {len(coefficients)} 0 0\n" + "".join(f"{c:.17g}\n" for c in coefficients)
    potential = PairPotential(
        name="random",
        elements=elements,
        pair_style="pod",
        pair_coeff=("* * {W.pod} {W_coefficients.pod} {elements}",),
        files={"W.pod": param_file(POD_BASES[name], elements), "W_coefficients.pod": text.encode()},
        masses=(100.0,) * len(elements),
    )
    with pair_calculator(potential) as calculator:
        return calculator.evaluate(atoms).energies


@pytest.mark.parametrize("name", ["pod-34", "pod-117", "pod-255"])
def test_rows_are_the_linear_model_of_pair_style_pod(name):
    atoms = rattled()
    [rows] = pod_rows([atoms], name, ["W"])
    assert rows.shape == (len(atoms), POD_BASES[name].descriptors)
    c = np.random.default_rng(1).standard_normal(rows.shape[1]) / np.abs(rows).max(axis=0)
    np.testing.assert_allclose(rows @ c, pod_energies(atoms, name, ("W",), c), rtol=0, atol=1e-10)


def test_rows_of_an_alloy_are_the_linear_model_too():
    atoms = rattled()
    atoms.symbols[::3] = "Ta"
    [rows] = pod_rows([atoms], "pod-34", ["W", "Ta"])
    tungsten = np.array(atoms.get_chemical_symbols()) == "W"
    half = rows.shape[1] // 2
    assert (rows[tungsten, 0] == 1).all()
    assert (rows[~tungsten, half] == 1).all()
    assert (rows[tungsten, half:] == 0).all()
    assert (rows[~tungsten, :half] == 0).all()
    c = np.random.default_rng(1).standard_normal(rows.shape[1]) / np.maximum(np.abs(rows).max(axis=0), 1e-9)
    np.testing.assert_allclose(rows @ c, pod_energies(atoms, "pod-34", ("W", "Ta"), c), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", list(POD_BASES))
def test_sizes_are_what_the_names_say(name):
    [rows] = pod_rows([bulk("W", "bcc", a=3.165)], name, ["W"])
    assert rows.shape == (1, int(name.removeprefix("pod-")))
    assert pod_basis(name.removeprefix("pod-")) is POD_BASES[name]


def test_rows_do_not_change_with_rotation_permutation_repetition_or_handedness():
    atoms = rattled(2, 0.2)
    turned = atoms.copy()
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    order = np.random.default_rng(3).permutation(len(atoms))
    mirrored_axes = atoms.copy()
    mirrored_axes.set_cell(np.array(atoms.cell)[[1, 0, 2]])
    skewed = atoms.copy()
    skewed.set_cell(np.array(atoms.cell) @ np.eye(3) + np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]]) * atoms.cell[0, 0])
    plain, rotated, permuted, repeated, left_handed, sheared = pod_rows(
        [atoms, turned, atoms[order], atoms * (1, 2, 2), mirrored_axes, skewed], "pod-117", ["W"]
    )
    scale = np.abs(plain).max(axis=0)
    for other in (rotated, permuted[np.argsort(order)], repeated[: len(atoms)], left_handed, sheared):
        np.testing.assert_allclose(other / scale, plain / scale, rtol=0, atol=1e-9)


def test_a_primitive_cell_has_the_rows_of_its_supercell():
    primitive = bulk("W", "bcc", a=3.2)
    cubic = bulk("W", "bcc", a=3.2, cubic=True)
    small, two, large, general = pod_rows([primitive, cubic, cubic * (4, 4, 4), rattled()], "pod-117", ["W"])
    scale = np.abs(general).max(axis=0)  # some columns vanish by symmetry in a perfect crystal
    np.testing.assert_allclose(small[0] / scale, large[0] / scale, rtol=0, atol=1e-8)
    np.testing.assert_allclose(two[1] / scale, large[5] / scale, rtol=0, atol=1e-8)


def test_slabs_and_clusters_have_surfaces():
    slab = bcc110("W", (3, 3, 6), a=3.165, vacuum=20.0)
    slab.pbc = (True, True, True)
    open_slab = slab.copy()
    open_slab.pbc = (True, True, False)
    cluster = slab.copy()
    cluster.pbc = False
    free_cluster = Atoms(slab.symbols, slab.get_positions())
    periodic, free, finite, no_cell = pod_rows([slab, open_slab, cluster, free_cluster], "pod-73", ["W"])
    np.testing.assert_allclose(free, periodic, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(no_cell, finite, rtol=1e-9, atol=1e-8)
    assert np.abs(finite - periodic).max() > 1


def test_an_environment_periodic_along_a_line_is_taken():
    atoms = rattled(4)
    atoms.pbc = (False, False, True)
    atoms.set_cell([[0, 0, 0], [0, 0, 0], np.array(atoms.cell)[2]])
    [rows] = pod_rows([atoms], "pod-34", ["W"])
    assert np.isfinite(rows).all()


def test_a_lonely_atom_is_named():
    atoms = rattled(2)
    atoms.pbc = False
    atoms += Atoms("W", [[40.0, 0, 0]])
    with (
        descriptor_calculator("pod-117", ["W"]) as calculator,
        pytest.raises(SimulationError, match=r"atom 16 \(W\) has 0 neighbours"),
    ):
        calculator.rows(atoms)


def test_lonely_atoms_of_a_snapshot_are_left_out():
    atoms = rattled(3)
    atoms.pbc = False
    crowd = Atoms("W3", [[40.0, 0, 0], [42.5, 0, 0], [60.0, 0, 0]]) + atoms
    with descriptor_calculator("pod-117", ["W"]) as calculator:
        [(indices, rows)] = calculator.rows_of_snapshot(snapshot_of(crowd))
        expected = calculator.rows(atoms)
        pair = calculator.known_rows(crowd[:3])
    np.testing.assert_array_equal(indices, np.arange(3, len(crowd)))
    np.testing.assert_allclose(rows, expected, rtol=1e-9, atol=1e-8)
    assert len(pair[0]) == 0


@pytest.mark.parametrize("pbc", [(True, True, True), (True, True, False)])
def test_a_snapshot_in_blocks_has_the_rows_of_the_whole(pbc):
    atoms = rattled(6)
    atoms.pbc = pbc
    snapshot = snapshot_of(atoms)
    with descriptor_calculator("pod-34", ["W"]) as calculator:
        expected = calculator.rows(atoms)
        seen = np.full((len(atoms), calculator.n_columns), np.nan)
        for indices, rows in calculator.rows_of_snapshot(snapshot, max_atoms=100):
            assert np.isnan(seen[indices]).all()
            seen[indices] = rows
    np.testing.assert_allclose(seen, expected, rtol=1e-9, atol=1e-8)


def test_rows_do_not_depend_on_what_was_computed_before():
    first, second = rattled(3, seed=1), rattled(2, seed=2)
    [alone] = pod_rows([second], "pod-117", ["W"])
    [_, after] = pod_rows([first, second], "pod-117", ["W"])
    assert alone.tobytes() == after.tobytes()


def test_bad_input_is_said():
    with pytest.raises(InputError, match="pod-118"), descriptor_calculator("pod-118", ["W"]):
        pass
    with pytest.raises(InputError, match="element Cu"):
        pod_rows([bulk("Cu")], "pod-34", ["W"])
    broken = rattled(2)
    broken.positions[3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        pod_rows([broken], "pod-34", ["W"])


CUTOFF = 4.0123457  # A; no round number, so that no pair lies at it to the last digit


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(5, 200),
    lengths=st.tuples(*[st.floats(3.0, 30.0)] * 3),
    tilt=st.floats(-3.0, 3.0),
    pbc=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    seed=st.integers(0, 2**16),
)
def test_blocks_hold_every_neighbour(n, lengths, tilt, pbc, seed):
    cell = np.diag(lengths)
    cell[1, 0], cell[2, 1] = tilt, -tilt
    positions = np.random.default_rng(seed).random((n, 3)) @ cell
    expected = np.bincount(neighbour_list("i", positions=positions, cell=cell, pbc=pbc, cutoff=CUTOFF), minlength=n)
    found = np.zeros(n, int)
    for block in spatial_blocks(positions, cell, pbc, CUTOFF, 20):
        i = neighbour_list("i", positions=block.positions, cell=block.cell, pbc=block.pbc, cutoff=CUTOFF)
        found[block.core] += np.bincount(i, minlength=len(block.indices))[: len(block.core)]
        assert len(block.core) <= 20
    np.testing.assert_array_equal(found, expected)
