"""What the stand-in computes with, and what its files tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .inputs import Dataset, Mesh, Poscar

EV_A3_IN_KB = 1602.176634
ENTROPY = -2e-4  # eV per atom: T*S of a smearing, so that free energy and energy at sigma -> 0 differ


@dataclass(frozen=True)
class Setup:
    """
    A run before its first step.

    Attributes
    ----------
    incar
        As read.
    settings
        What runs: the INCAR's values or VASP's defaults.
    poscar, potcar, mesh
        Structure, headers by species, k-points.
    faults
        Those that strike.
    """

    incar: Mapping[str, str]
    settings: Mapping[str, Any]
    poscar: Poscar
    potcar: tuple[Dataset, ...]
    mesh: Mesh
    faults: Mapping[str, Mapping[str, Any]]

    @property
    def electrons(self) -> float:
        """Number of valence electrons."""
        return sum(d.valence * n for d, n in zip(self.potcar, self.poscar.counts, strict=True))

    @property
    def bands(self) -> int:
        """Number of bands, by VASP's rule."""
        return int(self.electrons / 2 + max(len(self.poscar.symbols) / 2, 3)) + 1

    @property
    def spins(self) -> int:
        """1 or 2."""
        return int(self.settings["ISPIN"])


@dataclass(frozen=True)
class Solution:
    """
    The answer.

    Attributes
    ----------
    energy
        Free energy, eV.
    forces
        eV/A, shape (N, 3).
    stress
        kB, positive in compression as VASP prints it, shape (3, 3).
    entropy
        T*S, eV.
    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray
    entropy: float


def settings_of(incar: Mapping[str, str], faults: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the INCAR with VASP's defaults."""
    steps = int(incar.get("NSW", 0))
    out = {
        "PREC": incar.get("PREC", "Normal").lower(),
        "ENMAX": float(incar.get("ENCUT", 300)) * (0.8 if "other_encut" in faults else 1.0),
        "EDIFF": float(incar.get("EDIFF", 1e-4)),
        "NELM": int(incar.get("NELM", 60)),
        "ISTART": int(incar.get("ISTART", 1)),
        "ISMEAR": int(incar.get("ISMEAR", 1)),
        "SIGMA": float(incar.get("SIGMA", 0.2)),
        "ISPIN": int(incar.get("ISPIN", 1)),
        "ISYM": int(incar.get("ISYM", 2)),
        "NSW": steps,
        "IBRION": int(incar.get("IBRION", -1 if steps <= 0 else 0)),
        "ISIF": int(incar.get("ISIF", 2)),
        "GGA": incar.get("GGA", "--"),
        "METAGGA": incar.get("METAGGA", "--"),
    }
    for name, default in (("LREAL", "F"), ("LASPH", "F"), ("LWAVE", "T"), ("LCHARG", "T")):
        out[name] = incar.get(name, default).strip().upper().lstrip(".").startswith(("T", "A", "O"))
    return out


def band_energies(setup: Setup) -> tuple[np.ndarray, float]:
    """A ladder of bands with a little dispersion, shape (K, bands), and the Fermi energy: made up, eV."""
    ladder = np.linspace(-6.0, 6.0, setup.bands)[None, :]
    energies = ladder + 0.5 * np.cos(2 * np.pi * setup.mesh.points).sum(1)[:, None]
    order = np.argsort(energies, axis=None)
    filled = 2 * np.cumsum(np.repeat(setup.mesh.weights, setup.bands)[order])
    last = min(int(np.searchsorted(filled, setup.electrons)), len(order) - 1)
    return energies, float(energies.ravel()[order[last]]) + 1e-3


def occupations(energies: np.ndarray, fermi: float, sigma: float) -> np.ndarray:
    """Fermi function."""
    return np.asarray(1 / (1 + np.exp(np.clip((energies - fermi) / max(sigma, 0.01), -60, 60))))
