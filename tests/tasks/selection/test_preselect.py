"""The two steps of selection: what is new is found, once, whatever the order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.snapshot import Snapshot
from defectgenome.tasks.selection.active_set import ActiveSet, build_active_set
from defectgenome.tasks.selection.candidates import Candidates
from defectgenome.tasks.selection.descriptors import pod_rows
from defectgenome.tasks.selection.preselect import merge, preselect
from defectgenome.tasks.selection.spectra import GAMMA_EDGES, by_info


def crystal(n: int = 4, amplitude: float = 0.03, seed: int = 0) -> Atoms:
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (n, n, n)
    atoms.rattle(amplitude, seed=seed)
    return atoms


def snapshot(atoms: Atoms, centres: np.ndarray | None = None, **info) -> Snapshot:
    return Snapshot(
        positions=atoms.get_positions(wrap=True),
        cell=np.array(atoms.cell),
        pbc=(True, True, True),
        types=np.zeros(len(atoms), int),
        elements=("W",),
        centres=np.ones(len(atoms), bool) if centres is None else centres,
        info={"scenario": "test", **info},
    )


def with_vacancy(seed: int = 5) -> Atoms:
    atoms = crystal(6, seed=seed)
    del atoms[0]
    return atoms


@pytest.fixture(scope="module")
def active() -> ActiveSet:
    return build_active_set([crystal(seed=s, amplitude=0.04) for s in range(4)], "pod-34", ["W"])


def test_a_vacancy_in_a_known_crystal_is_what_is_selected(active):
    found = preselect([snapshot(with_vacancy(), step=7, temperature_K=300.0)], active, 2.0, 8.0)
    assert 1 <= len(found) <= 14
    spectrum = found.spectra[0]
    assert spectrum.gamma_max > 10
    assert 14 <= spectrum.n_above_select < 100
    for environment, gamma, gain in zip(found.environments, found.gammas, found.gains, strict=True):
        assert environment.info["gamma"] == pytest.approx(gamma, abs=1e-5)
        assert environment.info["step"] == 7
        assert gamma > 2
        assert gain > np.log(2)
        whole = Atoms("W" * len(environment), environment.positions)
        assert np.sum(np.linalg.norm(whole.positions, axis=1) < 3.165 * 1.2) == 14  # one of 15 atoms is missing
    assert list(found.gains) == sorted(found.gains, reverse=True)


def test_what_was_selected_covers_the_snapshot(active):
    snapshots = [snapshot(with_vacancy())]
    for _ in range(4):
        found = preselect(snapshots, active, 2.0, 6.0)
        if not len(found):
            break
        active = active.extend(found.rows, [("new", i) for i in range(len(found))])
    assert found.spectra[0].gamma_max <= 2.0


def test_atoms_that_are_no_centres_are_counted_but_not_selected(active):
    atoms = with_vacancy()
    near = np.linalg.norm(atoms.get_positions() - atoms.cell.sum(axis=0) / 2, axis=1) < 4
    found = preselect([snapshot(atoms, near)], active, 2.0, 6.0)
    assert len(found) == 0
    assert found.spectra[0].n_centres == near.sum()
    assert found.spectra[0].n_atoms == len(atoms)
    high = GAMMA_EDGES[:-1] >= 10
    assert found.spectra[0].all_atoms[high].sum() > 0
    assert found.spectra[0].centres[high].sum() == 0


def test_merge_does_not_depend_on_order_and_ranks_by_gain(active):
    parts = [preselect([snapshot(with_vacancy(s))], active, 2.0, 6.0) for s in (5, 6, 7)]
    chosen = merge(parts, active, 2.0)
    ids = [e.id for e in chosen]
    assert ids == [e.id for e in merge(parts[::-1], active, 2.0)]
    assert ids == [e.id for e in merge([*parts, parts[0]], active, 2.0)]
    gains = [e.info["gain"] for e in chosen]
    assert gains == sorted(gains, reverse=True)
    assert ids[:2] == [e.id for e in merge(parts, active, 2.0, max_environments=2)]
    assert len(set(ids)) == len(ids)
    assert 1 <= len(ids) <= sum(len(p) for p in parts)


def test_one_environment_and_its_rotated_copy_are_one(active):
    atoms = with_vacancy()
    turned = atoms.copy()
    turned.rotate(90, "x", rotate_cell=True)
    parts = [preselect([snapshot(a)], active, 2.0, 6.0) for a in (atoms, turned)]
    assert len(parts[0]) == len(parts[1])
    assert {e.id for e in parts[0].environments}.isdisjoint(e.id for e in parts[1].environments)
    assert len(merge(parts, active, 2.0)) == len(parts[0])


def test_blobs_there_and_back(active):
    found = preselect([snapshot(with_vacancy(), step=3), snapshot(crystal())], active, 2.0, 7.0)
    blobs = found.to_blobs()
    back = Candidates.from_blobs(blobs)
    assert back.to_blobs() == blobs
    assert [e.id for e in back.environments] == [e.id for e in found.environments]
    assert back.report == found.report
    assert found.report["snapshots"] == 2
    assert sum(found.report["histogram"]["all_atoms"]) == found.report["atoms"]
    assert preselect([snapshot(with_vacancy(), step=3), snapshot(crystal())], active, 2.0, 7.0).to_blobs() == blobs


def test_nothing_new_and_nothing_at_all(active):
    for snapshots in ([snapshot(crystal(4, 0.01, seed=9))], []):
        found = preselect(snapshots, active, 2.0, 6.0)
        assert len(found) == 0
        assert len(Candidates.from_blobs(found.to_blobs())) == 0
        assert merge([found], active, 2.0) == []
    assert merge([], active, 2.0) == []


def test_limits_keep_the_largest_gains(active):
    every = preselect([snapshot(with_vacancy())], active, 2.0, 6.0)
    some = preselect([snapshot(with_vacancy())], active, 2.0, 6.0, max_candidates=2)
    assert [e.id for e in some.environments] == [e.id for e in every.environments[:2]]
    np.testing.assert_array_equal(some.rows, every.rows[:2])


def test_rows_belong_to_the_centres(active):
    atoms = with_vacancy()
    found = preselect([snapshot(atoms)], active, 2.0, 6.0)
    [rows] = pod_rows([atoms], "pod-34", ["W"])
    for environment, row in zip(found.environments, found.rows, strict=True):
        np.testing.assert_allclose(row, rows[environment.info["atom"]], rtol=1e-8, atol=1e-8)


def test_evaporated_atoms_are_counted_and_skipped(active):
    atoms = with_vacancy()
    atoms.set_cell(np.array(atoms.cell) + np.diag([0, 0, 30.0]))
    gas = atoms + Atoms("W", [[9.0, 9.0, 33.0]])
    centres = np.ones(len(gas), bool)
    found = preselect([snapshot(gas, centres)], active, 2.0, 6.0)
    assert found.spectra[0].n_isolated == 1
    assert all(e.info["atom"] != len(gas) - 1 for e in found.environments)


def test_spectra_group_by_scenario(active):
    snapshots = [snapshot(crystal(), scenario=name) for name in ("b", "a", "b")]
    groups = by_info(preselect(snapshots, active, 2.0, 6.0).spectra, "scenario")
    assert list(groups) == ["a", "b"]
    assert len(groups["b"]) == 2
    assert replace(groups["a"][0], info={}).to_dict() == replace(groups["b"][0], info={}).to_dict()
