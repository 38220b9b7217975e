"""Gamma statistics of a snapshot: histograms over fixed bins, which add up over snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# 10 bins a decade; the first and the last also take what is below and above
GAMMA_EDGES = np.logspace(-2.0, 4.0, 61)


@dataclass(frozen=True)
class GammaSpectrum:
    """
    How a set of atoms is covered by an active set.

    Attributes
    ----------
    all_atoms, centres
        Counts by bin of `GAMMA_EDGES`, shape (60,): every atom, and those that may become centres.
    gamma_max, gamma_p99
        Largest value and 99th percentile over the centres; 0 without centres.
    n_above_select
        Centres with gamma above ``gamma_select``.
    gamma_select
        That threshold.
    n_isolated
        Atoms with too few neighbours to have descriptors.
    info
        Of the snapshot: ``scenario``, ``step``, ...
    """

    all_atoms: np.ndarray
    centres: np.ndarray
    gamma_max: float
    gamma_p99: float
    n_above_select: int
    gamma_select: float
    n_isolated: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_atoms(self) -> int:
        """Atoms with a gamma."""
        return int(self.all_atoms.sum())

    @property
    def n_centres(self) -> int:
        """Centres with a gamma."""
        return int(self.centres.sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "info": dict(self.info),
            "gamma_max": self.gamma_max,
            "gamma_p99": self.gamma_p99,
            "n_above_select": self.n_above_select,
            "gamma_select": self.gamma_select,
            "n_isolated": self.n_isolated,
            "all_atoms": self.all_atoms.tolist(),
            "centres": self.centres.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GammaSpectrum:
        """Inverse of `to_dict`."""
        return cls(
            all_atoms=np.array(data["all_atoms"], int),
            centres=np.array(data["centres"], int),
            gamma_max=float(data["gamma_max"]),
            gamma_p99=float(data["gamma_p99"]),
            n_above_select=int(data["n_above_select"]),
            gamma_select=float(data["gamma_select"]),
            n_isolated=int(data["n_isolated"]),
            info=data["info"],
        )


def gamma_spectrum(
    gamma: np.ndarray, centres: np.ndarray, gamma_select: float, info: Mapping[str, Any] | None = None
) -> GammaSpectrum:
    """
    Sum up the gamma of the atoms of one snapshot.

    Parameters
    ----------
    gamma
        Shape (N,); NaN for atoms without descriptors.
    centres
        Which may become centres, shape (N,).
    gamma_select
        Threshold of selection.
    info
        Provenance that is kept.
    """
    known = np.isfinite(gamma)
    mine = gamma[known & centres]
    return GammaSpectrum(
        all_atoms=_histogram(gamma[known]),
        centres=_histogram(mine),
        gamma_max=float(mine.max()) if len(mine) else 0.0,
        gamma_p99=float(np.percentile(mine, 99)) if len(mine) else 0.0,
        n_above_select=int((mine > gamma_select).sum()),
        gamma_select=float(gamma_select),
        n_isolated=int((~known).sum()),
        info=dict(info or {}),
    )


def by_info(spectra: Iterable[GammaSpectrum], key: str) -> dict[str, list[GammaSpectrum]]:
    """Group by an info key (``scenario``, ``family``), sorted by its value; without it under ``""``."""
    groups: dict[str, list[GammaSpectrum]] = {}
    for spectrum in spectra:
        groups.setdefault(str(spectrum.info.get(key, "")), []).append(spectrum)
    return dict(sorted(groups.items()))


def sum_counts(counts: Iterable[np.ndarray]) -> np.ndarray:
    """Add histograms up, shape (60,)."""
    total = np.zeros(len(GAMMA_EDGES) - 1, int)
    for one in counts:
        total = total + one
    return total


def _histogram(gamma: np.ndarray) -> np.ndarray:
    return np.histogram(np.clip(gamma, GAMMA_EDGES[0], GAMMA_EDGES[-1]), GAMMA_EDGES)[0]
