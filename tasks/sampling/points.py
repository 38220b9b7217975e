"""Scenario: a crystal with vacancies at random sites, annealed."""

from __future__ import annotations

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import InputError
from ...schemas.keys import derive_seed
from ...schemas.scenario import Vacancies
from .lattice import bulk_block, repeats_for
from .protocol import Protocol
from .system import System, make_system
from .thermal import annealing, barostat, blow_up, relaxation, timestep_ps


def build(scenario: Vacancies, material: Material, seed: int) -> System:
    """
    Take atoms out of a block of crystal, at least one.

    Raises
    ------
    InputError
        If the box is smaller than a cutoff sphere.
    """
    assert scenario.box is not None, "resolve the scenario first"
    positions, cell = bulk_block(material, repeats_for(material, scenario.box))
    if np.diag(cell).min() < 10:
        raise InputError(
            f"vacancies: a box of {scenario.box} A holds {np.diag(cell).min():.1f} A of crystal, at least 10"
        )
    n_empty = max(1, round(scenario.concentration * len(positions)))
    rng = np.random.default_rng(derive_seed(seed, "vacancies"))
    keep = np.ones(len(positions), bool)
    keep[rng.choice(len(positions), n_empty, replace=False)] = False
    return make_system(positions[keep], cell, (True, True, True), material.elements, seed)


def protocol(scenario: Vacancies, system: System, material: Material, minimise_steps: int) -> Protocol:
    """Relax, then anneal at zero stress."""
    del system
    assert scenario.duration is not None, "resolve the scenario first"
    anneal = annealing(
        scenario.temperature,
        scenario.duration,
        timestep_ps(material),
        scenario.snapshots or 1,
        barostat(scenario.temperature),
    )
    return Protocol((relaxation(minimise_steps, transients=False), anneal), blow_up(scenario.temperature))
