"""Scenario: a spherical indenter pressed into a free surface."""

from __future__ import annotations

import math

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from ...schemas.scenario import Nanoindentation
from .lattice import crystal_points
from .orientation import oriented
from .protocol import Protocol, Stage
from .system import System, make_system
from .thermal import blow_up, equilibration, md_steps, relaxation, thermostat, timestep_ps

BOTTOM = 8.0  # A, held
UNSEEN = 6.0  # A; atoms so close to the held ones are no centres
BELOW, ABOVE = 2.0, 30.0  # A of free space
LEAST_BELOW_TIP = 10.0  # A of mobile crystal
LARGEST_CONTACT = 0.8  # of the width
STIFFNESS = 10.0  # eV/A^3, of the repulsive sphere


def build(scenario: Nanoindentation, material: Material, seed: int) -> System:
    """Build a slab: its lower layers are held, the surface is real and its atoms may be centres."""
    assert scenario.width is not None, "resolve the scenario first"
    assert scenario.height is not None, "resolve the scenario first"
    rotation, periods = oriented(material, scenario.orientation)
    nx, ny = (max(1, round(scenario.width / period)) for period in periods[:2])
    lengths = np.array([nx * periods[0], ny * periods[1], scenario.height])
    points = crystal_points(material, np.zeros(3), lengths, rotation)
    height = points[:, 2] - points[:, 2].min()
    points[:, 2] = height + BELOW
    cell = np.diag([lengths[0], lengths[1], BELOW + float(height.max()) + ABOVE])
    return make_system(
        points,
        cell,
        (True, True, False),
        material.elements,
        seed,
        frozen=height < BOTTOM,
        centres=height > BOTTOM + UNSEEN,
    )


def check(scenario: Nanoindentation, material: Material) -> None:
    """
    Check the surface and, as far as they are known yet, the sizes.

    Raises
    ------
    InputError
        If the plane is not known for the crystal, the indenter would reach the held layers, or the contact its own
        periodic image.
    """
    oriented(material, scenario.orientation)
    radius, depth, width, height = scenario.radius, scenario.depth, scenario.width, scenario.height
    if depth is not None and height is not None and depth > height - BOTTOM - LEAST_BELOW_TIP:
        raise InputError(
            f"scenario nanoindentation: depth {depth:g} A is too much for a height of {height:g} A: the lowest "
            f"{BOTTOM:g} A are held, {LEAST_BELOW_TIP:g} A must stay between: at most "
            f"{height - BOTTOM - LEAST_BELOW_TIP:g} A"
        )
    if radius is None or depth is None or width is None:
        return
    contact = 2 * math.sqrt(depth * (2 * radius - depth)) if depth < radius else 2 * radius
    if contact > LARGEST_CONTACT * width:
        raise InputError(
            f"scenario nanoindentation: the contact is {contact:.0f} A wide, too much for a width of {width:g} A: "
            f"at least {contact / LARGEST_CONTACT:.0f} A, so that the indenter does not meet its own image"
        )


def protocol(scenario: Nanoindentation, system: System, material: Material, minimise_steps: int) -> Protocol:
    """Relax the surface, heat, then press at constant speed."""
    assert scenario.depth is not None, "resolve the scenario first"
    assert scenario.speed is not None, "resolve the scenario first"
    assert scenario.radius is not None, "resolve the scenario first"
    dt = timestep_ps(material)
    touching = float(system.positions[:, 2].max()) + scenario.radius
    x, y = system.cell[0, 0] / 2, system.cell[1, 1] / 2
    press = Stage(
        name="indent",
        steps=md_steps(scenario.depth / scenario.speed, dt, scenario.snapshots or 1),
        timestep=dt,
        before=(
            *thermostat(scenario.temperature),
            f"variable tip equal {touching}-{scenario.speed * dt}*step",
            f"fix tip mobile indent {STIFFNESS} sphere {x} {y} v_tip {scenario.radius} units box",
        ),
        after=("unfix tip", "unfix bath"),
        growth={"depth_A": scenario.speed},
    )
    heat = equilibration(scenario.temperature, dt, thermostat(scenario.temperature))
    return Protocol((relaxation(minimise_steps, transients=False), heat, press), blow_up(scenario.temperature))
