"""Active sets: what they cover, their bytes, alloys."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import key_of
from defectgenome.tasks.selection.active_set import NOWHERE, ActiveSet, build_active_set, empty_active_set
from defectgenome.tasks.selection.descriptors import pod_rows


def cells(amplitudes=(0.05, 0.1, 0.2), elements=("W",)) -> list[Atoms]:
    out = []
    for k, amplitude in enumerate(amplitudes):
        atoms = bulk("W", "bcc", a=3.165, cubic=True) * (3, 3, 2)
        atoms.rattle(amplitude, seed=k)
        for t, element in enumerate(elements[1:], 1):
            atoms.symbols[t :: len(elements)] = element
        out.append(atoms)
    return out


def test_it_covers_what_it_was_made_from_and_knows_where_its_rows_come_from():
    frames = cells()
    active = build_active_set(frames, "pod-34", ["W"])
    rows = dict(zip(map(key_of, frames), pod_rows(frames, "pod-34", ["W"]), strict=True))
    assert active.n_artificial == 0
    assert max(active.gamma(r).max() for r in rows.values()) <= 1.01
    for row, (key, atom) in zip(active.A, active.origins, strict=True):
        np.testing.assert_allclose(row, rows[key][atom], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(active.gamma(active.A), 1.0, rtol=1e-6)


def test_the_order_of_the_structures_and_repeats_do_not_matter():
    frames = cells()
    data = build_active_set(frames, "pod-34", ["W"]).to_bytes()
    assert build_active_set([*frames[::-1], frames[0]], "pod-34", ["W"]).to_bytes() == data


def test_bytes_there_and_back():
    active = build_active_set(cells(), "pod-34", ["W"])
    data = active.to_bytes()
    back = ActiveSet.from_bytes(data)
    assert back.to_bytes() == data
    assert (back.descriptors, back.elements, back.origins) == ("pod-34", ("W",), active.origins)
    assert back.log_volume == active.log_volume
    for damaged in (b"", b"nonsense", data[: len(data) // 2]):
        with pytest.raises(InputError, match="not an active set"):
            ActiveSet.from_bytes(damaged)


def test_extending_covers_the_new_and_keeps_the_old():
    frames = cells()
    active = build_active_set(frames[:1], "pod-34", ["W"])
    new = pod_rows(frames[2:], "pod-34", ["W"])[0]
    assert active.gamma(new).max() > 2
    wider = active.extend(new, [("new", i) for i in range(len(new))])
    assert wider.gamma(new).max() <= 1.01
    assert wider.log_volume > active.log_volume
    for row, (key, atom) in zip(wider.A, wider.origins, strict=True):
        if key == "new":
            np.testing.assert_array_equal(row, new[atom])
        else:
            assert (key, atom) in active.origins


def test_too_few_atoms_give_large_but_finite_grades():
    perfect = bulk("W", "bcc", a=3.165)
    active = build_active_set([perfect], "pod-34", ["W"])
    assert active.origins.count(NOWHERE) == 33
    gamma = active.gamma(pod_rows(cells(), "pod-34", ["W"])[0])
    assert np.isfinite(gamma).all()
    assert gamma.min() > 100
    assert ActiveSet.from_bytes(active.to_bytes()).n_artificial == 33


def test_an_empty_set_grades_everything_as_new():
    rows = pod_rows(cells(), "pod-34", ["W"])[0]
    assert empty_active_set(rows, "pod-34", ["W"]).gamma(rows).min() > 1e4


def test_a_free_atom_in_the_dataset_takes_no_part():
    frames = cells()
    free = Atoms("W", positions=[[5, 5, 5]], cell=[10, 10, 10], pbc=True)
    expected = build_active_set(frames, "pod-34", ["W"]).to_bytes()
    assert build_active_set([*frames, free], "pod-34", ["W"]).to_bytes() == expected
    with pytest.raises(InputError, match="no atom with at least 2 neighbours"):
        build_active_set([free], "pod-34", ["W"])
    with pytest.raises(InputError, match="no structure"):
        build_active_set([], "pod-34", ["W"])


def test_species_of_an_alloy_are_graded_apart():
    frames = cells((0.1, 0.15, 0.2, 0.25, 0.3, 0.2), ("W", "Ta"))
    active = build_active_set(frames, "pod-34", ["W", "Ta"])
    half = len(active.A) // 2
    assert active.n_artificial == 0
    kinds = active.A[:, 0] == 1
    assert kinds.sum() == half
    assert (active.A[kinds, half:] == 0).all()
    only_tungsten = build_active_set(cells(), "pod-34", ["W", "Ta"])
    gamma = only_tungsten.gamma(pod_rows(frames, "pod-34", ["W", "Ta"])[0])
    tantalum = np.array(frames[0].get_chemical_symbols()) == "Ta"
    assert gamma[tantalum].min() > 1e4


def test_rows_of_other_descriptors_are_refused():
    active = build_active_set(cells(), "pod-34", ["W"])
    with pytest.raises(InputError, match="73 columns for an active set of 34"):
        active.gamma(np.zeros((2, 73)))
