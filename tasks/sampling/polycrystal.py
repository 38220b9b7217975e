"""Scenario: a Voronoi polycrystal, relaxed and annealed at a temperature."""

from __future__ import annotations

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from ...schemas.scenario import Polycrystal, PolycrystalTension
from .protocol import Protocol
from .system import System, make_system
from .thermal import annealing, barostat, blow_up, relaxation, timestep_ps
from .voronoi import polycrystal_points

LEAST_PER_GRAIN = 50  # atoms


def check(scenario: Polycrystal | PolycrystalTension, material: Material) -> None:
    """
    Check the size of the grains, if it is known yet.

    Raises
    ------
    InputError
        If they would be too small to hold a crystal.
    """
    if scenario.box is None or scenario.grains is None:
        return
    per_grain = scenario.box**3 / scenario.grains / material.atomic_volume
    if per_grain < LEAST_PER_GRAIN:
        raise InputError(
            f"scenario {scenario.kind}: {scenario.grains} grains in a box of {scenario.box:g} A have {per_grain:.0f} "
            f"atoms each, at least {LEAST_PER_GRAIN} are needed: a larger box or fewer grains"
        )


def build(scenario: Polycrystal | PolycrystalTension, material: Material, seed: int) -> System:
    """Build the polycrystal; every atom may be a centre."""
    assert scenario.box is not None, "resolve the scenario first"
    assert scenario.grains is not None, "resolve the scenario first"
    positions, _ = polycrystal_points(material, scenario.box, scenario.grains, seed)
    return make_system(positions, np.eye(3) * scenario.box, (True, True, True), material.elements, seed)


def protocol(scenario: Polycrystal, system: System, material: Material, minimise_steps: int) -> Protocol:
    """Relax, then anneal at zero stress at the first of the temperatures."""
    del system
    assert scenario.duration is not None, "resolve the scenario first"
    temperature = scenario.temperatures[0]
    anneal = annealing(
        temperature, scenario.duration, timestep_ps(material), scenario.snapshots or 1, barostat(temperature)
    )
    return Protocol((relaxation(minimise_steps), anneal), blow_up(temperature))
