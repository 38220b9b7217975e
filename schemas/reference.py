"""Reference specs: every key that decides a label's numbers, and the limits of its gate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .base import UserModel
from .keys import content_key
from .spec_parts import Limits, Smearing


class PotentialSpec(UserModel):
    """A classical potential as the reference: rehearsals, tests, tutorials. Its labels are never DFT."""

    engine: Literal["potential"] = "potential"
    potential: str = Field(default="finnis-sinclair", description="finnis-sinclair, zhou2004, a setfl file or a YAML")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers (the potential's content is added by whoever loads it)."""
        return {"engine": self.engine}


class VaspSpec(UserModel):
    """VASP: the defaults are the paper's; smearing and POTCAR variants are the user's choice."""

    engine: Literal["vasp"]
    functional: Literal["PBE", "PBEsol", "LDA", "SCAN", "r2SCAN"] = "PBE"
    encut: float = Field(default=520.0, gt=0, le=5000, description="eV")
    ediff: float = Field(default=1e-6, gt=0, le=1e-2, description="eV")
    kpoint_spacing: float = Field(default=0.1885, gt=0, le=2, description="1/A, 2 pi included: VASP's KSPACING")
    gamma_centred: bool = Field(default=False, description="KGAMMA")
    smearing: Smearing = Smearing()
    spin: bool = Field(default=False, description="collinear spin polarisation (ISPIN 2)")
    symmetry: bool = Field(default=False, description="use symmetry (ISYM)")
    potcar: dict[str, str] = Field(default_factory=dict, description="element -> POTCAR variant, e.g. {W: W_sv}")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    def physics(self) -> dict[str, Any]:
        """What decides the numbers."""
        return self.model_dump(mode="json", exclude={"limits", "max_refused"})


ReferenceSpec = Annotated[PotentialSpec | VaspSpec, Field(discriminator="engine")]


def spec_key(physics: dict[str, Any]) -> str:
    """Hash of a physics spec: labels with different ones never meet in a dataset."""
    return content_key("spec", 1, physics)
