"""Scenario: a screw dislocation in a cylinder with a fixed rim, periodic along its line."""

from __future__ import annotations

import math

import numpy as np

from ...schemas.campaign import Material
from ...schemas.scenario import ScrewDislocation
from ..lammps import wrap
from .lattice import crystal_points
from .orientation import oriented
from .protocol import Protocol
from .system import System, make_system
from .thermal import annealing, blow_up, relaxation, thermostat, timestep_ps

RIM = 12.0  # A, held: two cutoffs of an embedded-atom potential
UNSEEN = 6.0  # A; atoms so close to the rim see it, and are no centres
ROOM = 5.0  # A around the cylinder
ROUNDING = 1e-6  # A


def build(scenario: ScrewDislocation, material: Material, seed: int) -> System:
    """
    Displace a bcc cylinder by the elastic field of a 1/2<111> screw dislocation in its easy core.

    Other structures are refused before (`ScrewDislocation.structures`).

    The line is along z, in the middle of three atomic strings.
    """
    assert scenario.radius is not None, "resolve the scenario first"
    burgers = material.lattice_constant * math.sqrt(3) / 2
    radius, length = scenario.radius, scenario.length * burgers
    half = radius + ROOM
    rotation, _ = oriented(material, (1, 1, 1))
    centre, sense = easy_core(material, rotation)
    # a lattice point at the origin; the line, at `centre` of it, goes to the middle of the box
    origin = np.array([half, half, ROUNDING]) - np.array([*centre, 0.0])
    points = crystal_points(material, np.zeros(3), np.array([2 * half, 2 * half, length]), rotation, origin)
    x, y = points[:, 0] - half, points[:, 1] - half
    points[:, 2] += sense * burgers * np.arctan2(y, x) / (2 * math.pi)
    distance = np.hypot(x, y)
    inside = distance < radius
    cell = np.diag([2 * half, 2 * half, length])
    pbc = (False, False, True)
    return make_system(
        wrap(points[inside], cell, pbc),
        cell,
        pbc,
        material.elements,
        seed,
        frozen=distance[inside] > radius - RIM,
        centres=distance[inside] < radius - RIM - UNSEEN,
    )


def easy_core(material: Material, rotation: np.ndarray) -> tuple[np.ndarray, int]:
    """
    Centre and sense of the dislocation whose core is easy.

    Going round three neighbouring <111> strings, their heights rise by a third of b in the crystal, or fall. A
    screw that turns the same way reverses this helix (easy core); the other one brings all three to one height
    (hard core).

    Returns
    -------
    tuple
        (point in the plane relative to a lattice point, A, shape (2,); +1 or -1).
    """
    a = material.lattice_constant
    first = rotation @ (np.array([1, 1, -1]) * a / 2)  # a third of b up
    second = -(rotation @ (np.array([1, -1, 1]) * a / 2))  # a third of b down
    centre = (first[:2] + second[:2]) / 3
    counterclockwise = first[0] * second[1] - first[1] * second[0] > 0
    return centre, 1 if counterclockwise else -1


def protocol(scenario: ScrewDislocation, system: System, material: Material, minimise_steps: int) -> Protocol:
    """Relax inside the rim, then anneal."""
    del system
    assert scenario.duration is not None, "resolve the scenario first"
    anneal = annealing(
        scenario.temperature,
        scenario.duration,
        timestep_ps(material),
        scenario.snapshots or 1,
        thermostat(scenario.temperature),
    )
    return Protocol((relaxation(minimise_steps), anneal), blow_up(scenario.temperature))
