"""Reference specs: every key that decides a label's numbers, and the limits of its gate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .base import UserModel
from .calculator_spec import CalculatorSpec
from .gpaw_spec import GpawSpec
from .keys import content_key
from .spec_parts import MAGNETIC, Limits, Smearing


class PotentialSpec(UserModel):
    """A classical potential as the reference: rehearsals, tests, tutorials. Its labels are never DFT."""

    engine: Literal["potential"] = "potential"
    potential: str = Field(default="finnis-sinclair", description="finnis-sinclair, zhou2004, a setfl file or a YAML")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers (the potential's content is added by whoever loads it)."""
        return {"engine": self.engine}


MeshDivision = Annotated[int, Field(ge=1, le=200)]


class VaspSpec(UserModel):
    """VASP: the defaults are the paper's; smearing and POTCAR variants are the user's choice."""

    engine: Literal["vasp"]
    functional: Literal["PBE", "PBEsol", "LDA", "SCAN", "r2SCAN"] = "PBE"
    encut: float = Field(default=520.0, gt=0, le=5000, description="eV")
    ediff: float = Field(default=1e-6, gt=0, le=1e-2, description="eV")
    nelm: int = Field(default=200, ge=5, le=2000, description="electronic steps at most (NELM); no part of the key")
    precision: Literal["normal", "accurate"] = Field(default="accurate", description="PREC")
    aspherical: bool = Field(default=True, description="aspherical gradient corrections in the spheres (LASPH)")
    kpoint_spacing: float = Field(default=0.1885, gt=0, le=2, description="1/A, 2 pi included: VASP's KSPACING")
    kpoint_rounding: Literal["up", "nearest"] = Field(default="up", description="of |b| / spacing; VASP rounds up")
    kpoint_mesh: tuple[MeshDivision, MeshDivision, MeshDivision] | None = Field(
        default=None, description="this mesh for every cell, in place of a spacing"
    )
    gamma_centred: bool = Field(default=False, description="mesh with Gamma in it; else Monkhorst-Pack")
    vacuum: float = Field(default=10.0, gt=0, le=50, description="A beyond the atoms of a cluster that has no cell")
    smearing: Smearing = Smearing()
    spin: bool | None = Field(default=None, description="collinear spin polarisation (ISPIN 2)")
    magnetic_moments: dict[str, float] = Field(
        default_factory=dict, description="element -> moment to start from, mu_B (MAGMOM); VASP's 1 for all if empty"
    )
    symmetry: bool = Field(default=False, description="use symmetry (ISYM)")
    potcar: dict[str, str] = Field(default_factory=dict, description="element -> POTCAR variant, e.g. {W: W_sv}")
    potcar_release: Literal["52", "54", "64"] = Field(default="54", description="release of the POTCAR library")
    stand_in: bool = Field(default=False, description="rehearse with the program that stands in for VASP: no DFT")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    @model_validator(mode="after")
    def _spin_is_said(self) -> Self:
        silent = sorted(MAGNETIC & self.potcar.keys())
        if silent and self.spin is None:
            raise ValueError(f"spin: say true or false for {' '.join(silent)}")
        if self.magnetic_moments and not self.spin:
            raise ValueError("magnetic_moments: they need spin: true")
        return self

    def physics(self) -> dict[str, Any]:
        """What decides the numbers: not how many steps may be taken, and no key that another one overrules."""
        out = self.model_dump(mode="json", exclude={"limits", "max_refused", "nelm"})
        out["spin"] = bool(self.spin)
        for name in ("kpoint_spacing", "kpoint_rounding") if self.kpoint_mesh else ("kpoint_mesh",):
            del out[name]
        return out

    def problems(self, elements: Iterable[str]) -> list[str]:
        """What this spec leaves open for these elements, a sentence each."""
        out = [
            f"reference.potcar: no variant for {e} (e.g. {{{e}: {e}}})" for e in sorted({*elements} - {*self.potcar})
        ]
        silent = sorted(MAGNETIC & {*elements})
        if silent and self.spin is None:
            out.append(f"reference.spin: say true or false for {' '.join(silent)}")
        return out


AnySpec = PotentialSpec | VaspSpec | GpawSpec | CalculatorSpec
ReferenceSpec = Annotated[AnySpec, Field(discriminator="engine")]


def spec_key(physics: dict[str, Any]) -> str:
    """Hash of a physics spec: labels with different ones never meet in a dataset."""
    return content_key("spec", 1, physics)
