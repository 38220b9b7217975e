"""
Selection in two steps.

`preselect` runs next to the snapshots and hands over the few atoms that would enlarge the volume of the active set;
`merge` selects among the candidates of many such runs. Both are greedy MaxVol swaps into a copy of the active set,
with gamma_select as the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ...schemas.environment import Environment
from ...schemas.keys import canonical_json
from ...schemas.snapshot import Snapshot
from .active_set import ActiveSet
from .candidates import Candidates
from .descriptors import DescriptorCalculator, descriptor_calculator
from .environments import cut
from .maxvol import TOLERANCE, Chunks, StreamingMaxVol
from .spectra import gamma_spectrum
from .spool import RowSpool

DIGITS = 6  # of gamma and gain in an environment's provenance


def preselect(
    snapshots: Sequence[Snapshot],
    active_set: ActiveSet,
    gamma_select: float = 2.0,
    context_radius: float = 14.0,
    max_candidates: int = 1000,
) -> Candidates:
    """
    Find the atoms of some snapshots that the active set does not cover.

    Memory does not grow with the number of atoms above the threshold, nor with the size of a snapshot beyond the
    snapshot itself.

    Parameters
    ----------
    snapshots
        Only atoms marked as centres are selected; the statistics have all.
    active_set
        Grades the atoms.
    gamma_select
        Atoms with a larger gamma enter the swaps; an atom replaces a row if the volume grows by this factor.
    context_radius
        Radius that is cut around a candidate, A.
    max_candidates
        Those with the largest gain are kept.

    Returns
    -------
    Candidates
        Ordered by gain, the largest first; no more than the active set has rows.

    Raises
    ------
    InputError
        If a snapshot has an element that the active set does not know.
    """
    with (
        descriptor_calculator(active_set.descriptors, active_set.elements) as calculator,
        RowSpool(calculator.n_columns) as spool,
    ):
        spectra, sources, gammas = [], [], []
        for number, snapshot in enumerate(snapshots):
            gamma, found = _spool_candidates(calculator, snapshot, active_set, gamma_select, spool)
            spectra.append(gamma_spectrum(gamma, snapshot.centres, gamma_select, snapshot.info))
            sources += [(number, int(i)) for i in found]
            gammas.append(gamma[found])
        gains = _greedy(active_set.state(), spool.chunks, gamma_select)
        best = sorted(gains, key=lambda i: (-gains[i], i))[:max_candidates]
        rows = _pick(spool, best)
    values = np.concatenate(gammas) if gammas else np.zeros(0)
    environments = []
    for i in best:
        number, atom = sources[i]
        info = {"gamma": round(float(values[i]), DIGITS), "gain": round(gains[i], DIGITS)}
        environments.append(cut(snapshots[number], atom, context_radius, info))
    return Candidates(
        environments=tuple(environments),
        rows=rows,
        gammas=values[best],
        gains=np.array([gains[i] for i in best]),
        spectra=tuple(spectra),
    )


def merge(
    parts: Sequence[Candidates], active_set: ActiveSet, gamma_select: float = 2.0, max_environments: int = 60
) -> list[Environment]:
    """
    Select among the candidates of several runs; their order does not matter.

    Of candidates with equal rows (the same environment, also rotated) at most one is selected: when it is in the
    active set, gamma of the others is 1.

    Parameters
    ----------
    parts
        Results of `preselect` against the same active set.
    active_set
        As there.
    gamma_select
        An environment is selected if it enlarges the volume by this factor.
    max_environments
        Those with the largest gain are kept.

    Returns
    -------
    list of Environment
        By information gained, the largest first; their ``info`` has ``gamma`` (against the active set) and
        ``gain`` (ln of the factor by which the volume grew).
    """
    unique = _unique(parts)
    ids = sorted(unique)
    if not ids:
        return []
    rows = np.vstack([unique[k][0].rows[unique[k][1]] for k in ids])
    gammas = active_set.gamma(rows)
    numbers = np.arange(len(ids))
    gains = _greedy(active_set.state(), lambda: ((numbers, rows),), gamma_select)
    best = sorted(gains, key=lambda i: (-gains[i], ids[i]))[:max_environments]
    chosen = []
    for i in best:
        part, j = unique[ids[i]]
        environment = part.environments[j]
        info = {"gamma": round(float(gammas[i]), DIGITS), "gain": round(gains[i], DIGITS)}
        chosen.append(replace(environment, info={**environment.info, **info}))
    return chosen


def _spool_candidates(
    calculator: DescriptorCalculator, snapshot: Snapshot, active_set: ActiveSet, gamma_select: float, spool: RowSpool
) -> tuple[np.ndarray, np.ndarray]:
    """Grade a snapshot and spool the rows above the threshold; return (gamma of all atoms, spooled atoms)."""
    gamma = np.full(len(snapshot), np.nan)
    found = []
    for atoms, rows in calculator.rows_of_snapshot(snapshot):
        gamma[atoms] = active_set.gamma(rows)
        above = np.flatnonzero((gamma[atoms] > gamma_select) & snapshot.centres[atoms])
        spool.append(rows[above])
        found.append(atoms[above])
    return gamma, np.concatenate(found) if found else np.zeros(0, int)


def _greedy(state: StreamingMaxVol, chunks: Callable[[], Chunks], tolerance: float) -> dict[int, float]:
    """
    Swap until nothing gains more than the tolerance; return {id: gain} of what came in and stayed.

    A tolerance of 1 would let rows of equal volume take each other's place for ever.
    """
    tolerance = max(tolerance, TOLERANCE)
    gains: dict[int, float] = {}
    while True:
        swaps = [swap for ids, rows in chunks() for swap in state.absorb(rows, ids, tolerance)]
        if not swaps:
            return {int(i): gains[int(i)] for i in state.ids if i >= 0}
        gains.update({swap.came: swap.gain for swap in swaps})


def _pick(spool: RowSpool, wanted: Sequence[int]) -> np.ndarray:
    """Rows of a spool by number."""
    place = {number: k for k, number in enumerate(wanted)}
    out = np.empty((len(wanted), spool.n_columns))
    for numbers, rows in spool.chunks():
        for number in wanted:
            if numbers[0] <= number <= numbers[-1]:
                out[place[number]] = rows[number - numbers[0]]
    return out


def _unique(parts: Sequence[Candidates]) -> dict[str, tuple[Candidates, int]]:
    """Candidates by id; of several with one id, always the same one, however the parts are ordered."""
    found: dict[str, list[tuple[bytes, bytes, Candidates, int]]] = {}
    for part in parts:
        for i, e in enumerate(part.environments):
            found.setdefault(e.id, []).append((canonical_json(e.info), part.rows[i].tobytes(), part, i))
    first = {k: min(v, key=lambda entry: entry[:2]) for k, v in found.items()}
    return {k: (part, i) for k, (_, _, part, i) in first.items()}
