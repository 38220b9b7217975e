"""The reference spec of GPAW: plane waves and PAW data sets, in the words of the other engines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .base import UserModel
from .spec_parts import MAGNETIC, Limits, Smearing

RECIPE = 1  # raised when what the words below are turned into changes the numbers

Division = Annotated[int, Field(ge=1, le=100)]


class GpawSpec(UserModel):
    """GPAW: the defaults are the paper's where it names them; smearing and setups are the user's choice."""

    engine: Literal["gpaw"]
    functional: Literal["PBE", "PBEsol", "LDA"] = "PBE"
    encut: float = Field(default=520.0, gt=0, le=5000, description="plane-wave cutoff, eV")
    ediff: float = Field(
        default=1e-6,
        gt=0,
        le=1e-2,
        description="eV: spread of a cell's energy over its last 3 electronic steps",
    )
    kpoint_spacing: float = Field(
        default=0.1885, gt=0, le=2, description="1/A, 2 pi included: divisions are |b| / spacing, rounded up"
    )
    kpoint_mesh: tuple[Division, Division, Division] | None = Field(
        default=None, description="divisions for every cell, instead of the spacing"
    )
    gamma_centred: bool = Field(default=False, description="else Monkhorst and Pack: even divisions avoid Gamma")
    smearing: Smearing = Smearing()
    empty_bands: float | None = Field(
        default=None, ge=0, le=50, description="per atom, and 4; else a tenth of the valence electrons, and 4"
    )
    spin: bool | None = Field(default=None, description="collinear; to be stated for Cr, Mn, Fe, Co, Ni")
    moments: dict[str, float] = Field(default_factory=dict, description="element -> initial moment, mu_B; else 1")
    symmetry: bool = Field(default=True, description="use the point group of a cell (to 1e-5 A)")
    setups: dict[str, str] = Field(default_factory=dict, description="element -> PAW data set, e.g. {W: '6'}")
    max_scf_steps: int = Field(default=120, ge=3, le=10000, description="not converged by then: refused")
    limits: Limits = Limits()
    max_refused: float = Field(default=0.1, ge=0, le=1, description="share of refused labels that stops the campaign")

    @model_validator(mode="after")
    def _differentiable(self) -> GpawSpec:
        if self.smearing.method == "tetrahedron":
            raise ValueError(
                "smearing.method tetrahedron: in a metal its forces are no derivatives of the energy; "
                "give methfessel-paxton, gaussian or fermi"
            )
        return self

    def physics(self) -> dict[str, Any]:
        """What decides the numbers."""
        out = self.model_dump(mode="json", exclude={"limits", "max_refused", "max_scf_steps"})
        out["spin"] = bool(self.spin)
        if not self.spin:
            out.pop("moments")
        out.pop("kpoint_spacing" if self.kpoint_mesh else "kpoint_mesh")
        if self.smearing.method != "methfessel-paxton":
            out["smearing"].pop("order")
        return {**out, "recipe": RECIPE}

    def unstated_spin(self, elements: Iterable[str]) -> tuple[str, ...]:
        """Elements among those given that are magnetic, if the spec does not say whether to polarise."""
        return tuple(sorted(set(elements) & MAGNETIC)) if self.spin is None else ()
