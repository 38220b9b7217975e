"""Coverage of simulations by a dataset, whole and without a part."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.snapshot import Snapshot
from defectgenome.tasks.selection.coverage import WHOLE, coverage, coverage_figure, coverage_rows


def crystal(seed, n=3, vacancy=False, family="bulk"):
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (n, n, n)
    atoms.rattle(0.04, seed=seed)
    if vacancy:
        del atoms[0]
    atoms.info["family"] = family
    return atoms


def snapshot(seed, scenario, **how):
    atoms = crystal(seed, 5, **how)
    n = len(atoms)
    cell = np.array(atoms.cell)
    info = {"scenario": scenario}
    return Snapshot(atoms.get_positions(), cell, (True,) * 3, np.zeros(n, int), ("W",), np.ones(n, bool), info=info)


@pytest.fixture(scope="module")
def spectra():
    frames = [crystal(s) for s in range(4)] + [crystal(s, vacancy=True, family="vacancy") for s in range(4, 12)]
    snapshots = [snapshot(20, "bulk"), snapshot(21, "vacancies", vacancy=True)]
    return coverage(snapshots, frames, "pod-34", ["W"], without=["vacancy"])


def test_vacancies_are_covered_by_a_dataset_that_has_them_and_not_without(spectra):
    table = {(r["dataset"], r["scenario"]): r for r in coverage_rows(spectra)}
    assert table[WHOLE, "vacancies"]["gamma_max"] < 5
    assert table["without vacancy", "vacancies"]["gamma_max"] > 20
    assert table["without vacancy", "vacancies"]["n_above_select"] >= 14
    assert table["without vacancy", "bulk"]["gamma_max"] < 3
    assert table[WHOLE, "bulk"]["centres"] == 250


def test_figures_are_reproducible(spectra):
    for image, start in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        figure = coverage_figure(spectra, "W, pod-34", image=image)
        assert figure.startswith(start)
        assert figure == coverage_figure(spectra, "W, pod-34", image=image)


def test_an_unknown_family_is_said():
    with pytest.raises(InputError, match="'slip': the dataset has bulk"):
        coverage([], [crystal(1)], "pod-34", ["W"], without=["slip"])
