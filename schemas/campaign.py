"""The campaign file: one YAML, every key typed, bounded, documented and defaulted from the paper."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from .base import UserModel
from .reference import PotentialSpec, ReferenceSpec
from .scenario import Polycrystal, Scenario, Size

Structure = Literal["bcc", "fcc", "hcp", "diamond"]
PodSize = Literal["34", "73", "117", "255", "343", "530"]
Descriptors = Literal["pod-34", "pod-73", "pod-117", "pod-255", "pod-343", "pod-530"]
STAGES = ("sampling", "selection", "reconstruction", "reference", "training", "exploration")


class Material(UserModel):
    """The crystal."""

    elements: tuple[str, ...] = Field(min_length=1, max_length=8, description="chemical symbols")
    structure: Structure
    lattice_constant: float = Field(gt=1.5, le=15, description="a, A, at 0 K with the sampling potential")
    c_over_a: float = Field(math.sqrt(8 / 3), gt=1, le=2, description="hcp only")

    @field_validator("elements")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from ase.data import atomic_numbers

        for element in value:
            if element not in atomic_numbers or element == "X":
                raise ValueError(f"unknown element {element!r}, give chemical symbols such as W or Cu")
        if len(set(value)) != len(value):
            raise ValueError(f"{value} names an element twice")
        return value

    @property
    def atomic_volume(self) -> float:
        """Volume per atom of the perfect crystal, A^3."""
        a3 = self.lattice_constant**3
        return {"bcc": a3 / 2, "fcc": a3 / 4, "diamond": a3 / 8, "hcp": a3 * self.c_over_a * math.sqrt(3) / 4}[
            self.structure
        ]

    @property
    def neighbour_distance(self) -> float:
        """Distance of nearest neighbours in the perfect crystal, A (hcp: ideal c/a)."""
        factor = {"bcc": math.sqrt(3) / 2, "fcc": math.sqrt(0.5), "hcp": 1.0, "diamond": math.sqrt(3) / 4}
        return factor[self.structure] * self.lattice_constant


class Sampling(UserModel):
    """EIP-guided sampling (EIP-GS)."""

    potential: str = Field("zhou2004", description="zhou2004, a setfl file, or a YAML with pair_style and pair_coeff")
    size: Size = "standard"
    scenarios: tuple[Scenario, ...] = ()


class BasicSet(UserModel):
    """Small cells that every potential needs: made here, and / or the user's own labelled set."""

    dataset: str | None = Field(None, description="extended XYZ with energies and forces, relative to this file")
    spec: Literal["same", "relabel"] | None = Field(
        None, description="same: its labels have exactly the spec of `reference`; relabel: use its structures only"
    )
    equation_of_state: bool = True
    strains: float = Field(0.05, ge=0, le=0.3, description="largest strain of the strained cells; 0: none")
    rattles: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field((0.05, 0.1, 0.3), description="A, 3 cells each")
    vacancy: bool = True
    surfaces: tuple[tuple[int, int, int], ...] = Field(((1, 0, 0), (1, 1, 0)), description="Miller indices")
    gamma_surface: tuple[tuple[int, int, int], ...] = Field(((1, 1, 0), (1, 1, 2)), description="planes")

    @model_validator(mode="after")
    def _spec_stated(self) -> BasicSet:
        if self.dataset is not None and self.spec is None:
            raise ValueError(
                "dataset without spec: state `spec: same` if its labels were made exactly as `reference` says, "
                "or `spec: relabel` to use its structures only"
            )
        return self

    @model_validator(mode="after")
    def _something(self) -> BasicSet:
        cells = (self.equation_of_state, self.strains, self.rattles, self.vacancy, self.surfaces, self.gamma_surface)
        if self.dataset is None and not any(cells):
            raise ValueError("every part of it is off: nothing to start from; leave one on, or give a dataset")
        return self


class Selection(UserModel):
    """D-optimal selection of environments (MaxVol)."""

    descriptors: Descriptors = "pod-117"
    gamma_select: float = Field(2.0, ge=1, le=1000)
    max_environments: int = Field(60, ge=1, le=100000, description="per iteration; those with most information")
    context_radius: float = Field(14.0, ge=6, le=30, description="A")


class Reconstruction(UserModel):
    """Periodic cells around environments (PCC)."""

    method: Literal["stitch"] = "stitch"
    core_radius: float = Field(6.0, gt=2, le=20, description="held fixed, A")
    exact_radius: float = Field(5.0, gt=2, le=20, description="no atom missing and none extra within, A")
    max_atoms: int = Field(140, ge=16, le=2000)
    effort: Literal["quick", "standard", "thorough"] = "standard"
    max_refused: float = Field(0.5, ge=0, le=1, description="share of refused environments that stops the campaign")

    @model_validator(mode="after")
    def _exact_inside_core(self) -> Reconstruction:
        if self.exact_radius > self.core_radius:
            raise ValueError(f"exact_radius {self.exact_radius} exceeds core_radius {self.core_radius}")
        return self


class Training(UserModel):
    """The machine-learning potential."""

    potential: Literal["pod"] = "pod"
    size: PodSize = "255"
    ensemble: int = Field(0, ge=0, le=50, description="independently fitted members for the force uncertainty")
    test_fraction: float = Field(0.1, ge=0, le=0.5, description="of the source environments, held out")


class ActiveLearning(UserModel):
    """On-the-fly active learning: MD with the new potential, gamma watched."""

    scenarios: tuple[Scenario, ...] = (Polycrystal(temperatures=(300.0, 900.0, 1200.0, 2000.0)),)
    gamma_select: float = Field(2.0, ge=1, le=1000, description="environments above are collected")
    gamma_break: float = Field(10.0, ge=1, le=1e6, description="a run above ends there")
    check_every: int = Field(10, ge=1, le=10000, description="steps between looks at gamma")
    max_iterations: int = Field(8, ge=0, le=1000)

    @model_validator(mode="after")
    def _ordered(self) -> ActiveLearning:
        if self.gamma_break < self.gamma_select:
            raise ValueError(f"gamma_break {self.gamma_break} is below gamma_select {self.gamma_select}")
        if any(s.kind == "trajectory" for s in self.scenarios):
            raise ValueError("a trajectory cannot be explored with a new potential; give a simulation scenario")
        if not self.scenarios and self.max_iterations:
            raise ValueError("no scenarios to explore: give at least one, or max_iterations: 0")
        return self


class Resources(UserModel):
    """Where a stage runs on clusters; no part of the physics."""

    worker: str | tuple[str, ...] | None = None
    nodes: int = Field(1, ge=1)
    ntasks: int = Field(1, ge=1)
    gpus: int = Field(0, ge=0)
    walltime: str = Field("04:00:00", pattern=r"^(\d+-)?\d{1,3}:\d{2}:\d{2}$", description="[days-]HH:MM:SS")
    memory: str | None = Field(None, pattern=r"^\d+[MG]$", description="per node, e.g. 64G")


class Budget(UserModel):
    """A hard limit; the campaign pauses when it is reached."""

    core_hours: float = Field(gt=0)


class Campaign(UserModel):
    """A whole campaign."""

    campaign: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="its name")
    seed: int = Field(42, ge=0, le=2**31 - 1)
    material: Material
    sampling: Sampling
    basic_set: BasicSet = BasicSet()
    selection: Selection = Selection()
    reconstruction: Reconstruction = Reconstruction()
    reference: ReferenceSpec = PotentialSpec()
    training: Training = Training()
    active_learning: ActiveLearning = ActiveLearning()
    resources: dict[
        Literal["sampling", "selection", "reconstruction", "reference", "training", "exploration"], Resources
    ] = Field(default_factory=dict)
    budget: Budget | None = None

    @model_validator(mode="after")
    def _core_fits(self) -> Campaign:
        for location, message in core_contradictions(self.reconstruction, self.selection, self.material):
            raise ValueError(f"{'.'.join(location)}: {message}")
        return self


def core_contradictions(
    reconstruction: Reconstruction, selection: Selection, material: Material
) -> list[tuple[tuple[str, ...], str]]:
    """Contradictions between the core, its context and the cap, as (location, message)."""
    core = reconstruction.core_radius
    out: list[tuple[tuple[str, ...], str]] = []
    if core > selection.context_radius:
        out.append(
            (
                ("reconstruction", "core_radius"),
                f"{core:g} A exceeds selection.context_radius {selection.context_radius:g} A",
            )
        )
    # a sphere cannot fill more than 74 % of a periodic cell
    needed = math.ceil(4 / 3 * math.pi * core**3 / 0.7405 / material.atomic_volume)
    if needed > reconstruction.max_atoms:
        message = (
            f"{reconstruction.max_atoms} atoms cannot hold a core of {core:g} A without contact between its "
            f"images: at least {needed}, or a smaller core_radius"
        )
        out.append((("reconstruction", "max_atoms"), message))
    return out
