"""Candidate environments: what travels from where snapshots are to where the selection is made."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...schemas.environment import Environment
from ..frames import environment_from_atoms, environment_to_atoms, frames_from_bytes, frames_to_bytes
from .spectra import GammaSpectrum, sum_counts

ENVIRONMENTS_BLOB = "environments.extxyz"
ROWS_BLOB = "candidates.npz"


@dataclass(frozen=True)
class Candidates:
    """
    Environments with the rows of their centres, and the gamma statistics of where they come from.

    Attributes
    ----------
    environments
        n of them.
    rows
        Descriptor rows of the centres, shape (n, m).
    gammas
        Extrapolation grade of the centres against the active set they were found with, shape (n,).
    gains
        ln of the factor by which the volume of the active set grew when they came in, shape (n,).
    spectra
        One for each snapshot looked at.
    """

    environments: tuple[Environment, ...]
    rows: np.ndarray
    gammas: np.ndarray
    gains: np.ndarray
    spectra: tuple[GammaSpectrum, ...] = ()

    def __len__(self) -> int:
        return len(self.environments)

    @property
    def report(self) -> dict[str, Any]:
        """
        Plain JSON for a ledger.

        ``histogram`` has counts over the bins of `GAMMA_EDGES`, of all atoms and of those that may be centres;
        the other numbers are over the latter.
        """
        return {
            "candidates": len(self),
            "snapshots": len(self.spectra),
            "atoms": sum(s.n_atoms for s in self.spectra),
            "centres": sum(s.n_centres for s in self.spectra),
            "isolated": sum(s.n_isolated for s in self.spectra),
            "gamma_max": max((s.gamma_max for s in self.spectra), default=0.0),
            "gamma_p99": max((s.gamma_p99 for s in self.spectra), default=0.0),
            "n_above_select": sum(s.n_above_select for s in self.spectra),
            "histogram": {
                "all_atoms": sum_counts(s.all_atoms for s in self.spectra).tolist(),
                "centres": sum_counts(s.centres for s in self.spectra).tolist(),
            },
        }

    def to_blobs(self) -> dict[str, bytes]:
        """Serialise: extended XYZ frames, and the numbers as npz; bit by bit reproducible."""
        frames = [environment_to_atoms(e) for e in self.environments]
        spectra = json.dumps([s.to_dict() for s in self.spectra], sort_keys=True).encode()
        buffer = io.BytesIO()
        np.savez(
            buffer,
            rows=self.rows,
            gammas=self.gammas,
            gains=self.gains,
            spectra=np.frombuffer(spectra, np.uint8),
        )
        return {ENVIRONMENTS_BLOB: frames_to_bytes(frames) if frames else b"", ROWS_BLOB: buffer.getvalue()}

    @classmethod
    def from_blobs(cls, blobs: Mapping[str, bytes]) -> Candidates:
        """Inverse of `to_blobs`."""
        raw = blobs[ENVIRONMENTS_BLOB]
        environments = tuple(environment_from_atoms(a) for a in frames_from_bytes(raw)) if raw else ()
        with np.load(io.BytesIO(blobs[ROWS_BLOB]), allow_pickle=False) as z:
            spectra = json.loads(z["spectra"].tobytes())
            return cls(
                environments=environments,
                rows=z["rows"],
                gammas=z["gammas"],
                gains=z["gains"],
                spectra=tuple(GammaSpectrum.from_dict(s) for s in spectra),
            )
