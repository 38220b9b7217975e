"""Environments are whole, centred, and do not depend on how a simulation numbers its atoms."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.snapshot import Snapshot
from defectgenome.tasks.frames import environment_from_atoms, environment_to_atoms, frames_from_bytes, frames_to_bytes
from defectgenome.tasks.selection.environments import cut
from hypothesis import given, settings
from hypothesis import strategies as st
from matscipy.neighbours import neighbour_list


def snapshot(positions, cell, pbc=(True, True, True), types=None, elements=("W",), **info) -> Snapshot:
    n = len(positions)
    types = np.zeros(n, int) if types is None else types
    return Snapshot(np.asarray(positions), np.asarray(cell), pbc, types, elements, np.ones(n, bool), info=info)


def of(atoms, **info) -> Snapshot:
    return snapshot(atoms.get_positions(), np.array(atoms.cell), tuple(map(bool, atoms.pbc)), **info)


@pytest.mark.parametrize("repeat", [1, 2, 10])
def test_shells_of_bcc_also_in_a_box_smaller_than_the_context(repeat):
    a = 3.165
    found = cut(of(bulk("W", "bcc", a=a, cubic=True) * ((repeat,) * 3)), 0, 1.2 * a)
    assert len(found) == 1 + 8 + 6
    np.testing.assert_array_equal(found.positions[0], 0)
    np.testing.assert_allclose(np.linalg.norm(found.positions[1:9], axis=1), a * np.sqrt(3) / 2, atol=1e-5)
    assert found.line is None


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.tuples(*[st.floats(3.0, 25.0)] * 3),
    tilt=st.floats(-4.0, 4.0),
    pbc=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    radius=st.floats(1.0, 12.0),
    seed=st.integers(0, 2**16),
)
def test_every_atom_and_image_within_the_radius_is_there(lengths, tilt, pbc, radius, seed):
    cell = np.diag(lengths)
    cell[1, 0], cell[2, 0] = tilt, -tilt
    positions = np.random.default_rng(seed).random((30, 3)) @ cell
    found = cut(snapshot(positions, cell, pbc), 7, radius)
    i = neighbour_list("i", positions=positions, cell=cell, pbc=pbc, cutoff=radius)
    assert len(found) == 1 + np.sum(i == 7)
    assert (np.diff(np.linalg.norm(found.positions, axis=1)) >= 0).all()


def test_the_id_depends_on_the_surroundings_alone():
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (6, 6, 6)
    atoms.rattle(0.1, seed=0)
    first = cut(of(atoms, scenario="one", step=1), 17, 8.0)
    order = np.random.default_rng(0).permutation(len(atoms))
    moved = atoms[order]
    moved.translate([10.0, -3.0, 1.0])
    second = cut(of(moved, scenario="two", step=2), int(np.flatnonzero(order == 17)[0]), 8.0)
    assert first.id == second.id
    assert first.info["scenario"] == "one"
    assert first.info["atom"] == 17


def test_a_frame_keeps_the_id():
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (6, 6, 6)
    atoms.rattle(0.1, seed=0)
    line = cut(of(atoms, line_axis=2), 3, 14.0)
    for found in (cut(of(atoms), 3, 9.0, {"gamma": 3.5}), line):
        [frame] = frames_from_bytes(frames_to_bytes([environment_to_atoms(found)]))
        back = environment_from_atoms(frame)
        assert back.id == found.id == frame.info["environment"]
        assert back.symbols == found.symbols


def test_along_a_short_dislocation_line_the_context_is_one_period():
    a = 3.0
    atoms = bulk("W", "bcc", a=a, cubic=True) * (12, 12, 2)
    found = cut(of(atoms, line_axis=2), 0, 9.5)
    np.testing.assert_allclose(found.line, [0, 0, 2 * a])
    assert np.ptp(found.positions[:, 2]) < 2 * a
    across = np.linalg.norm(atoms.get_distances(0, range(len(atoms)), mic=True, vector=True)[:, :2], axis=1)
    assert len(found) == np.sum(across < 9.5)
    assert cut(of(atoms * (1, 1, 4), line_axis=2), 0, 9.5).line is None


def test_bad_input_is_said():
    atoms = bulk("W", "bcc", a=3.165, cubic=True)
    with pytest.raises(InputError, match="atom 2 of a snapshot of 2"):
        cut(of(atoms), 2, 5.0)
    atoms.pbc = (True, True, False)
    with pytest.raises(InputError, match="line_axis 2"):
        cut(of(atoms, line_axis=2), 0, 5.0)


def test_species_follow_their_atoms():
    cell = np.eye(3) * 20.0
    positions = [[1, 1, 1], [3, 1, 1], [1, 4, 1]]
    found = cut(snapshot(positions, cell, types=np.array([0, 1, 0]), elements=("W", "Ta")), 0, 5.0)
    assert found.symbols == ("W", "Ta", "W")
