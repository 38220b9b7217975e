"""Parts that the reference specs of all engines share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import UserModel

MAGNETIC = frozenset({"Cr", "Mn", "Fe", "Co", "Ni"})  # without a word about spin these are refused


class Limits(UserModel):
    """What a label may show at most; beyond it the label is refused (the ledger keeps the value)."""

    max_force: float = Field(default=100.0, gt=0, description="largest force on an atom, eV/A")
    max_pressure: float = Field(default=2.0, gt=0, description="largest |pressure|, eV/A^3 (1 eV/A^3 = 160.2 GPa)")
    min_distance: float = Field(default=1.2, gt=0, description="smallest pair distance, A")


class Smearing(UserModel):
    """Electronic smearing."""

    method: Literal["methfessel-paxton", "gaussian", "fermi", "tetrahedron"] = "methfessel-paxton"
    order: int = Field(default=1, ge=0, le=5)
    sigma: float = Field(default=0.1, gt=0, le=5, description="eV")
