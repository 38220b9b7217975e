"""Gamma of the atoms of structures, against the active set of a potential."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot
from .active_set import ActiveSet
from .descriptors import DescriptorCalculator, descriptor_calculator

if TYPE_CHECKING:
    from ase import Atoms

CARD, ACTIVE_SET = "potential.json", "active_set.npz"
GROUPS = ("scenario", "family")


def potential_active_set(directory: Path) -> ActiveSet:
    """
    Read the active set of a potential that `train` wrote.

    Raises
    ------
    InputError
        If the directory is none, or its active set does not belong to its card.
    """
    for name in (CARD, ACTIVE_SET):
        if not (directory / name).is_file():
            raise InputError(f"{directory}: has no {name}; give the directory that `defectgenome train` wrote")
    active = ActiveSet.from_bytes((directory / ACTIVE_SET).read_bytes())
    try:
        card = json.loads((directory / CARD).read_text(encoding="utf-8"))
        said = (card["descriptors"], tuple(card["elements"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{directory / CARD}: needs `descriptors` and `elements` ({error})") from error
    if said != (active.descriptors, active.elements):
        raise InputError(f"{directory}: {CARD} says {said}, {ACTIVE_SET} is {(active.descriptors, active.elements)}")
    return active


def snapshot_gamma(snapshot: Snapshot, calculator: DescriptorCalculator, active_set: ActiveSet) -> np.ndarray:
    """Extrapolation grade of each atom, shape (N,); NaN for atoms with too few neighbours for descriptors."""
    gamma = np.full(len(snapshot), np.nan)
    for atoms, rows in calculator.rows_of_snapshot(snapshot):
        gamma[atoms] = active_set.gamma(rows)
    return gamma


def with_gamma(frames: Iterable[Atoms], active_set: ActiveSet) -> Iterator[Atoms]:
    """
    Grade frame after frame, of any size.

    Yields
    ------
    ase.Atoms
        A copy with an array ``gamma``, shape (N,).

    Raises
    ------
    InputError
        If a frame has an element that the active set does not know, or no finite positions.
    """
    with descriptor_calculator(active_set.descriptors, active_set.elements) as calculator:
        for atoms in frames:
            out = atoms.copy()
            out.calc = atoms.calc
            out.set_array("gamma", snapshot_gamma(_as_snapshot(atoms), calculator, active_set))
            yield out


def _as_snapshot(atoms: Atoms) -> Snapshot:
    """Take a frame as it is: descriptors need neither wrapped positions nor a particular cell."""
    elements, types = np.unique(atoms.get_chemical_symbols(), return_inverse=True)
    pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
    return Snapshot(
        positions=atoms.get_positions(),
        cell=np.array(atoms.cell.complete()),
        pbc=pbc,
        types=types,
        elements=tuple(str(e) for e in elements),
        centres=np.ones(len(atoms), bool),
    )


def grade_report(frames: Sequence[Atoms], active_set: ActiveSet, gamma_select: float) -> dict[str, Any]:
    """
    Sum up graded frames.

    Returns
    -------
    dict
        ``gamma_max``, ``gamma_p99``, ``n_above_select``, ``n_atoms``, ``n_structures``, ``n_isolated``,
        ``gamma_select``, ``descriptors``, and ``by`` ``scenario`` or ``family`` where frames have that info.
    """
    report = {**_summary(frames, gamma_select), "gamma_select": gamma_select, "descriptors": active_set.descriptors}
    by = {}
    for key in GROUPS:
        values = sorted({str(f.info[key]) for f in frames if key in f.info})
        if values:
            members = {v: [f for f in frames if str(f.info.get(key)) == v] for v in values}
            by[key] = {v: _summary(m, gamma_select) for v, m in members.items()}
    return {**report, "by": by} if by else report


def _summary(frames: Sequence[Atoms], gamma_select: float) -> dict[str, Any]:
    gamma = np.concatenate([f.arrays["gamma"] for f in frames])
    known = gamma[np.isfinite(gamma)]
    return {
        "gamma_max": float(known.max(initial=0.0)),
        "gamma_p99": float(np.percentile(known, 99)) if len(known) else 0.0,
        "n_above_select": int((known > gamma_select).sum()),
        "n_atoms": len(gamma),
        "n_isolated": int(len(gamma) - len(known)),
        "n_structures": len(frames),
    }
