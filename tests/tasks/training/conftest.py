"""Labelled structures for the tests of training: tungsten by the Finnis-Sinclair potential."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.schemas.reference import PotentialSpec
from defectgenome.tasks.frames import attach_label
from defectgenome.tasks.pair_calculator import pair_calculator
from defectgenome.tasks.reference.finnis_sinclair import finnis_sinclair
from defectgenome.tasks.reference.potential import label_with_calculator


def distorted(i: int):
    """A small cell, rattled and sheared; every third one has a vacancy, some are triclinic, one is left-handed."""
    random = np.random.default_rng(i)
    atoms = bulk("W", a=3.165, cubic=i % 2 == 0) * ((2, 2, 2) if i % 2 == 0 else (2, 2, 3))
    atoms.set_cell(atoms.cell @ (np.eye(3) + random.normal(0, 0.015, (3, 3))), scale_atoms=True)
    if i % 3 == 0:
        del atoms[0]
    atoms.positions += random.normal(0, 0.1, atoms.positions.shape)
    if i == 5:
        atoms.set_cell(np.array(atoms.cell)[[1, 0, 2]])
    atoms.info["environment"] = f"env{i // 2}"
    atoms.info["family"] = "vacancy" if i % 3 == 0 else "bulk"
    return atoms


@pytest.fixture(scope="session")
def labelled():
    """40 labelled frames in 20 source environments."""
    potential = finnis_sinclair(["W"])
    with pair_calculator(potential) as calculator:
        frames = [distorted(i) for i in range(40)]
        return [attach_label(f, label_with_calculator(f, PotentialSpec(), potential, calculator)) for f in frames]
