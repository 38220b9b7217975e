"""What a simulation does: stages in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stage:
    """
    One piece of a run: molecular dynamics, or minimisation.

    Attributes
    ----------
    name
        Unique in its protocol.
    steps
        MD steps, or at most so many steps of conjugate gradients.
    timestep
        ps; 0 makes it a minimisation.
    before, after
        LAMMPS commands around it.
    velocities
        Draw velocities for this temperature at the start, K; None keeps those that there are.
    transients
        Minimisation: steps at which the observer looks on the way.
    sampled
        Whether sampling takes snapshots here.
    conserves
        Whether LAMMPS' conserved quantity means something (no work done from outside).
    growth
        What grows linearly in this stage, per ps: ``{"strain": 0.1}``, ``{"depth_A": 5.0}``.
    """

    name: str
    steps: int
    timestep: float = 0.0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    velocities: float | None = None
    transients: tuple[int, ...] = ()
    sampled: bool = True
    conserves: bool = False
    growth: Mapping[str, float] = field(default_factory=dict)

    @property
    def minimises(self) -> bool:
        """Whether it is a minimisation."""
        return self.timestep == 0


@dataclass(frozen=True)
class Protocol:
    """
    Stages in their order.

    Attributes
    ----------
    stages
        What is done.
    max_temperature
        K; above it the run has blown up.
    setup
        LAMMPS commands after the potential and the groups ``mobile`` and ``frozen`` are there: computes of an
        observer, say.
    """

    stages: tuple[Stage, ...]
    max_temperature: float
    setup: tuple[str, ...] = ()

    def stage(self, name: str) -> Stage:
        """Find a stage by its name."""
        return next(s for s in self.stages if s.name == name)

    def progress(self, name: str, time_ps: float) -> dict[str, float]:
        """What has grown by ``time_ps`` (of the run) in a stage: strain, depth."""
        start = 0.0
        for stage in self.stages:
            if stage.name == name:
                return {k: rate * (time_ps - start) for k, rate in stage.growth.items()}
            start += stage.steps * stage.timestep
        raise KeyError(name)
