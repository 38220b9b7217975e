"""Scenario: a polycrystal pulled or compressed along x, its lateral stress relaxed."""

from __future__ import annotations

import math

from ...schemas.campaign import Material
from ...schemas.scenario import PolycrystalTension
from . import polycrystal
from .protocol import Protocol, Stage
from .system import System
from .thermal import barostat, blow_up, equilibration, md_steps, relaxation, timestep_ps

build = polycrystal.build


def protocol(scenario: PolycrystalTension, system: System, material: Material, minimise_steps: int) -> Protocol:
    """Relax, heat at zero stress, then strain at a constant engineering rate."""
    del system
    assert scenario.rate is not None, "resolve the scenario first"
    dt = timestep_ps(material)
    rate = math.copysign(scenario.rate, scenario.strain)
    pull = Stage(
        name="deform",
        steps=md_steps(abs(scenario.strain) / scenario.rate, dt, scenario.snapshots or 1),
        timestep=dt,
        before=(*barostat(scenario.temperature, "yz"), f"fix pull all deform 1 x erate {rate} remap x"),
        after=("unfix pull", "unfix bath"),
        growth={"strain": rate},
    )
    heat = equilibration(scenario.temperature, dt, barostat(scenario.temperature))
    return Protocol(
        (relaxation(minimise_steps, transients=False), heat, pull),
        blow_up(scenario.temperature),
    )
