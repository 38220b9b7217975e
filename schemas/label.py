"""Labels: what a reference calculation says of one structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import MixedLabelsError

DFT_ENGINES = frozenset({"vasp", "gpaw"})  # all that is not named here, a stand-in included, is not DFT


@dataclass(frozen=True)
class Label:
    """
    Energies, forces and stress of one structure, with what produced them.

    Attributes
    ----------
    energy
        Force-consistent (free) energy, eV.
    energy_sigma0
        Energy extrapolated to zero smearing, eV; equals ``energy`` where there is no smearing.
    forces
        eV/A, shape (N, 3).
    stress
        eV/A^3, positive in tension as in ASE, Voigt order xx yy zz yz xz xy, shape (6,); None where the engine
        or the user's file has none.
    engine
        ``potential:<name>``, ``calculator:<import path>``, ``vasp``, ``gpaw``: decides whether the label is DFT.
    engine_version
        Version string; never part of a key.
    spec_key
        Hash of the physics spec.
    pseudopotentials
        Titles, in the order of the species.
    corrections
        What an error handler changed on the way.
    gate
        Criterion -> verdict, all of them true in an accepted label.
    """

    energy: float
    energy_sigma0: float
    forces: np.ndarray
    stress: np.ndarray | None
    engine: str
    spec_key: str
    engine_version: str = ""
    pseudopotentials: tuple[str, ...] = ()
    corrections: tuple[str, ...] = ()
    gate: Mapping[str, bool] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_dft(self) -> bool:
        """Whether a density-functional code computed it."""
        return self.engine in DFT_ENGINES


def check_one_origin(labels: list[tuple[str, str]]) -> tuple[str, str]:
    """
    Return the one (engine, spec key) that all labels share.

    Raises
    ------
    MixedLabelsError
        If there are two; the message names both.
    """
    origins = sorted(set(labels))
    if len(origins) != 1:
        names = ", ".join(f"{engine} (spec {spec[:12]})" for engine, spec in origins)
        raise MixedLabelsError(f"labels of {len(origins)} origins cannot be one dataset: {names or 'none at all'}")
    return origins[0]
