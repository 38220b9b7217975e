"""Candidate environments: what travels from where snapshots are to where the selection is made."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...schemas.environment import Environment
from ..frames import environment_from_atoms, environment_to_atoms, frames_from_bytes, frames_to_bytes
from .spectra import GammaSpectrum

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

    def subset(self, chosen: np.ndarray) -> Candidates:
        """Some of them, in the order given, without the spectra."""
        return Candidates(
            environments=tuple(self.environments[i] for i in chosen),
            rows=self.rows[chosen],
            gammas=self.gammas[chosen],
            gains=self.gains[chosen],
        )

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
