"""Ensembles of independent fits, and the force uncertainty that they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.keys import derive_seed
from ...schemas.pair_potential import PairPotential
from ..frames import forces_of
from ..pair_calculator import pair_calculator
from .evaluate import check_evaluable
from .split import source_groups

if TYPE_CHECKING:
    from ase import Atoms

BINS = 10


def member_frames(train: Sequence[Atoms], member: int, seed: int) -> list[Atoms]:
    """
    Choose what a member of an ensemble is fitted to.

    Member 0 has the training set as it is. The others have bootstrap samples: as many source environments as
    there are, drawn with replacement, each with all of its structures. A linear fit has one minimum, so what
    makes members differ is their data.

    Parameters
    ----------
    train
        Training structures.
    member
        0, 1, 2, ...
    seed
        Of the ensemble or of the member; both give independent samples.
    """
    if member == 0:
        return list(train)
    names = source_groups(train)
    groups: dict[str, list[Atoms]] = {}
    for name, frame in zip(names, train, strict=True):
        groups.setdefault(name, []).append(frame)
    order = sorted(groups)
    random = np.random.default_rng(derive_seed(seed, "member", member))
    drawn = random.integers(len(order), size=len(order))
    return [frame for i in sorted(drawn.tolist()) for frame in groups[order[i]]]


def force_uncertainty(members: Sequence[PairPotential], frames: Sequence[Atoms]) -> list[np.ndarray]:
    """
    Spread of the forces over an ensemble.

    sigma_F = sqrt(sum over x, y, z of var(F)), the variance over the members (Shuang et al., npj Comput. Mater.
    11, 118 (2025), eq. 1).

    Parameters
    ----------
    members
        At least two.
    frames
        Structures.

    Returns
    -------
    list
        eV/A, one array of shape (N,) for each structure.

    Raises
    ------
    InputError
        If there are fewer than two members, or a frame cannot be evaluated.
    """
    forces = member_forces(members, frames)
    return [np.sqrt(np.var(f, axis=0).sum(axis=1)) for f in forces]


def member_forces(members: Sequence[PairPotential], frames: Sequence[Atoms]) -> list[np.ndarray]:
    """Forces by each member, eV/A: one array of shape (members, N, 3) for each structure."""
    if len(members) < 2:
        raise InputError(f"force uncertainty: {len(members)} member, at least 2 are needed (train --ensemble N)")
    by_member = []
    for potential in members:
        check_evaluable(potential, frames)
        with pair_calculator(potential) as calculator:
            by_member.append([calculator.evaluate(frame).forces for frame in frames])
    return [np.stack(forces) for forces in zip(*by_member, strict=True)]


def calibration(members: Sequence[PairPotential], frames: Sequence[Atoms]) -> dict[str, Any]:
    """
    Compare the force uncertainty with the true error of the first member.

    Parameters
    ----------
    members
        Member 0 first: the potential whose errors count.
    frames
        Labelled structures, best those that no member was fitted to.

    Returns
    -------
    dict
        ``sigma_mean``, ``sigma_p99``, ``error_rmse`` (of the force vector), ``correlation`` (rank, Spearman),
        and ``bins``: atoms sorted by sigma in groups of equal size, each with ``sigma`` and ``error`` (root mean
        squares, eV/A) and ``atoms``.
    """
    from scipy.stats import spearmanr

    forces = member_forces(members, frames)
    sigma = np.concatenate([np.sqrt(np.var(f, axis=0).sum(axis=1)) for f in forces])
    error = np.concatenate([np.linalg.norm(f[0] - forces_of(a), axis=1) for f, a in zip(forces, frames, strict=True)])
    order = np.argsort(sigma, kind="stable")
    bins = [
        {"sigma": _rms(sigma[part]), "error": _rms(error[part]), "atoms": len(part)}
        for part in np.array_split(order, BINS)
        if len(part)
    ]
    varied = len(sigma) > 1 and np.ptp(sigma) > 0 and np.ptp(error) > 0
    return {
        "members": len(members),
        "sigma_mean": float(sigma.mean()),
        "sigma_p99": float(np.percentile(sigma, 99)),
        "error_rmse": _rms(error),
        "correlation": float(spearmanr(sigma, error).statistic) if varied else 0.0,
        "bins": bins,
    }


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
