"""The card of a trained potential: what it is, what it was fitted to, how wrong it is (`potential.json`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CARD_NAME = "potential.json"
ACTIVE_SET_NAME = "active_set.npz"


class PotentialCard(BaseModel):
    """What stands in `potential.json`, beside the files that LAMMPS reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["defectgenome-potential-1"] = "defectgenome-potential-1"
    potential: Literal["pod"] = "pod"
    size: str = Field(description="name of the basis: its number of coefficients for a pure element")
    elements: tuple[str, ...] = Field(description="in the order of the LAMMPS atom types")
    cutoff: float = Field(description="A")
    files: dict[str, str] = Field(description="role -> file name: parameters, coefficients, active_set")
    members: tuple[str, ...] = Field(
        default=(), description="coefficient files of the ensemble, without the potential itself, which is member 0"
    )
    descriptors: str = Field(description="that gamma is measured in; gamma says what is covered, it is no error bar")
    n_structures: int = Field(description="fitted to")
    n_atoms: int
    dataset: str = Field(description="hash of the training structures and their labels")
    split: dict[str, Any] = Field(description="test_fraction, seed, how, and the number of test structures")
    fit: dict[str, Any] = Field(description="weights and regularisation")
    errors: dict[str, Any] = Field(description="train, test (null without): meV/atom, meV/A per component")
    engine: str = Field(description="that labelled the data, `unknown` where the data do not say")
    spec: str = Field(description="hash of the physics of the labels, empty where the data do not say")
    dft: bool | None = Field(description="whether the labels are DFT; null where the data do not say")
    lammps: tuple[str, ...] = Field(description="input lines")
    provenance: dict[str, Any] = Field(default_factory=dict, description="times and versions, no part of the content")

    def content(self) -> dict[str, Any]:
        """All but the provenance, as plain JSON."""
        return self.model_dump(mode="json", exclude={"provenance"})
