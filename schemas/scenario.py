"""Sampling scenarios: what a user may ask for, and what each size means."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from .base import UserModel

Size = Literal["quick", "standard", "production"]
Temperature = Annotated[float, Field(ge=0, le=10000, description="K")]


def _unit(unit: str) -> Any:
    return {"unit": unit}


class ScenarioBase(UserModel):
    """What all scenarios share. A parameter left out takes the value of the campaign's size."""

    structures: ClassVar[tuple[str, ...]] = ("bcc", "fcc", "hcp", "diamond")

    name: str | None = Field(None, description="label in tables; the kind by default", pattern=r"^[\w.+-]+$")
    potential: str | None = Field(None, description="sampling potential of this scenario alone")
    snapshots: int | None = Field(None, ge=1, le=1000, description="frames kept along the run")


class Polycrystal(ScenarioBase):
    """Voronoi polycrystal, relaxed and annealed at each temperature (one run a temperature)."""

    kind: Literal["polycrystal"] = "polycrystal"
    grains: int | None = Field(None, ge=1, le=1000, description="number of grains")
    box: float | None = Field(
        None, ge=15, le=2000, description="edge of the cubic box, A", json_schema_extra=_unit("A")
    )
    temperatures: tuple[Temperature, ...] = Field((300.0,), min_length=1, description="K", json_schema_extra=_unit("K"))
    duration: float | None = Field(
        None, gt=0, le=1e5, description="ps at each temperature", json_schema_extra=_unit("ps")
    )


class PolycrystalTension(ScenarioBase):
    """Voronoi polycrystal pulled along x, lateral stress relaxed."""

    kind: Literal["polycrystal_tension"] = "polycrystal_tension"
    grains: int | None = Field(None, ge=1, le=1000, description="number of grains")
    box: float | None = Field(
        None, ge=15, le=2000, description="edge of the cubic box, A", json_schema_extra=_unit("A")
    )
    temperature: Temperature = Field(300.0, description="of the thermostat", json_schema_extra=_unit("K"))
    strain: float = Field(
        0.15,
        gt=-0.9,
        le=2,
        description="engineering strain at the end; negative compresses",
        json_schema_extra=_unit("1"),
    )
    rate: float | None = Field(
        None, gt=0, le=10, description="engineering strain rate, 1/ps", json_schema_extra=_unit("1/ps")
    )

    @field_validator("strain")
    @classmethod
    def _some(cls, value: float) -> float:
        if value == 0:
            raise ValueError("a strain of 0 deforms nothing; kind polycrystal anneals without")
        return value


class Nanoindentation(ScenarioBase):
    """Spherical indenter pressed into a free surface."""

    kind: Literal["nanoindentation"] = "nanoindentation"
    orientation: tuple[int, int, int] = Field((1, 0, 0), description="Miller indices of the surface")
    radius: float | None = Field(None, gt=0, le=1000, description="of the indenter, A", json_schema_extra=_unit("A"))
    depth: float | None = Field(None, gt=0, le=500, description="A", json_schema_extra=_unit("A"))
    speed: float | None = Field(
        None, gt=0, le=100, description="of the indenter, A/ps", json_schema_extra=_unit("A/ps")
    )
    width: float | None = Field(None, ge=15, le=2000, description="of the crystal, A", json_schema_extra=_unit("A"))
    height: float | None = Field(None, ge=15, le=2000, description="of the crystal, A", json_schema_extra=_unit("A"))
    temperature: Temperature = Field(10.0, description="of the thermostat", json_schema_extra=_unit("K"))


class ScrewDislocation(ScenarioBase):
    """Screw dislocation (bcc: 1/2<111>, easy core) in a cylinder with a fixed rim, periodic along its line."""

    structures: ClassVar[tuple[str, ...]] = ("bcc",)

    kind: Literal["screw_dislocation"] = "screw_dislocation"
    radius: float | None = Field(
        None, ge=30, le=500, description="of the cylinder, A; its outer 12 A are held", json_schema_extra=_unit("A")
    )
    length: int = Field(3, ge=1, le=200, description="along the line, Burgers vectors", json_schema_extra=_unit("b"))
    temperature: Temperature = Field(300.0, description="of the thermostat", json_schema_extra=_unit("K"))
    duration: float | None = Field(None, gt=0, le=1e5, description="ps", json_schema_extra=_unit("ps"))


class Vacancies(ScenarioBase):
    """Crystal with vacancies at random sites, annealed."""

    kind: Literal["vacancies"] = "vacancies"
    box: float | None = Field(
        None, ge=12, le=2000, description="edge of the cubic box, A", json_schema_extra=_unit("A")
    )
    concentration: float = Field(
        0.005, gt=0, le=0.2, description="share of sites that is empty", json_schema_extra=_unit("1")
    )
    temperature: Temperature = Field(300.0, description="of the thermostat", json_schema_extra=_unit("K"))
    duration: float | None = Field(None, gt=0, le=1e5, description="ps", json_schema_extra=_unit("ps"))


class Trajectory(ScenarioBase):
    """The user's own simulation: LAMMPS dumps (text, gzipped or not) or extended XYZ."""

    kind: Literal["trajectory"] = "trajectory"
    files: tuple[str, ...] = Field(min_length=1, description="paths or patterns, relative to the campaign file")
    stride: int = Field(1, ge=1, description="take every n-th frame")


Scenario = Annotated[
    Polycrystal | PolycrystalTension | Nanoindentation | ScrewDislocation | Vacancies | Trajectory,
    Field(discriminator="kind"),
]
SCENARIO_MODELS: tuple[type[ScenarioBase], ...] = (
    Polycrystal,
    PolycrystalTension,
    Nanoindentation,
    ScrewDislocation,
    Vacancies,
    Trajectory,
)

# What a parameter that was left out means. Quick is a rehearsal: its rates are those of the prototypes
# (tension 1e11 1/s, indentation 500 m/s) and what they show may be an artefact; standard keeps to
# <= 1e9 1/s and <= 50 m/s.
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "polycrystal": {
        "quick": {"grains": 4, "box": 40.0, "duration": 1.0, "snapshots": 2},
        "standard": {"grains": 8, "box": 120.0, "duration": 20.0, "snapshots": 10},
        "production": {"grains": 20, "box": 260.0, "duration": 100.0, "snapshots": 20},
    },
    "polycrystal_tension": {
        "quick": {"grains": 4, "box": 40.0, "rate": 0.1, "snapshots": 3},
        "standard": {"grains": 8, "box": 120.0, "rate": 0.001, "snapshots": 15},
        "production": {"grains": 20, "box": 260.0, "rate": 0.0005, "snapshots": 30},
    },
    "nanoindentation": {
        "quick": {"radius": 20.0, "depth": 8.0, "speed": 5.0, "width": 50.0, "height": 38.0, "snapshots": 3},
        "standard": {"radius": 40.0, "depth": 20.0, "speed": 0.5, "width": 130.0, "height": 100.0, "snapshots": 15},
        "production": {"radius": 80.0, "depth": 40.0, "speed": 0.2, "width": 280.0, "height": 220.0, "snapshots": 30},
    },
    "screw_dislocation": {
        "quick": {"radius": 40.0, "duration": 0.5, "snapshots": 2},
        "standard": {"radius": 80.0, "duration": 20.0, "snapshots": 10},
        "production": {"radius": 200.0, "duration": 100.0, "snapshots": 20},
    },
    "vacancies": {
        "quick": {"box": 22.0, "duration": 0.5, "snapshots": 2},
        "standard": {"box": 60.0, "duration": 20.0, "snapshots": 10},
        "production": {"box": 200.0, "duration": 100.0, "snapshots": 20},
    },
    "trajectory": {"quick": {}, "standard": {}, "production": {}},
}


def resolve(scenario: ScenarioBase, size: Size) -> ScenarioBase:
    """Fill the parameters that were left out with those of the size."""
    defaults = SIZES[scenario.kind][size]  # type: ignore[attr-defined]
    missing = {k: v for k, v in defaults.items() if getattr(scenario, k) is None}
    return scenario.model_copy(update=missing)


def rates(scenario: ScenarioBase) -> dict[str, float]:
    """Rates of a resolved scenario in SI: ``strain_rate_per_s``, ``speed_m_per_s``."""
    if isinstance(scenario, PolycrystalTension) and scenario.rate is not None:
        return {"strain_rate_per_s": scenario.rate * 1e12}
    if isinstance(scenario, Nanoindentation) and scenario.speed is not None:
        return {"speed_m_per_s": scenario.speed * 100.0}
    return {}


def single_runs(scenario: ScenarioBase) -> list[ScenarioBase]:
    """Split a resolved scenario into runs: a polycrystal has one for each of its temperatures."""
    if isinstance(scenario, Polycrystal):
        return [scenario.model_copy(update={"temperatures": (t,)}) for t in scenario.temperatures]
    return [scenario]


def label(scenario: ScenarioBase) -> str:
    """Name of a run in tables: ``polycrystal-300K``."""
    stem = scenario.name or scenario.kind  # type: ignore[attr-defined]
    if isinstance(scenario, Polycrystal) and len(scenario.temperatures) == 1:
        return f"{stem}-{scenario.temperatures[0]:g}K"
    return stem
