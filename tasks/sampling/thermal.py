"""Pieces of protocols that several scenarios share: time steps, thermostats, relaxation."""

from __future__ import annotations

import math

from ...schemas.campaign import Material
from .protocol import Stage

COLDEST = 1.0  # K; a thermostat needs a temperature: 0 K in a scenario means this
EQUILIBRATION_PS = 0.2
TRANSIENTS = (10, 70)  # CG steps at which defects that full minimisation would heal are still there


def timestep_ps(material: Material) -> float:
    """2 fs for metals from titanium on, 1 fs for lighter elements."""
    from ase.data import atomic_masses, atomic_numbers

    lightest = min(float(atomic_masses[atomic_numbers[e]]) for e in material.elements)
    return 0.002 if lightest > 45 else 0.001


def md_steps(duration_ps: float, timestep: float, snapshots: int = 1) -> int:
    """Number of MD steps, rounded up to a multiple of the snapshots that are taken evenly along them."""
    return math.ceil(round(duration_ps / timestep / snapshots, 9)) * snapshots


def thermostat(temperature: float) -> tuple[str, ...]:
    """Nose-Hoover at constant volume on the mobile atoms."""
    t = max(temperature, COLDEST)
    return (f"fix bath mobile nvt temp {t} {t} 0.1",)


def barostat(temperature: float, axes: str = "xyz") -> tuple[str, ...]:
    """Nose-Hoover at zero stress along each of the axes."""
    t = max(temperature, COLDEST)
    stress = " ".join(f"{axis} 0 0 1.0" for axis in axes)
    return (f"fix bath all npt temp {t} {t} 0.1 {stress}",)


def blow_up(temperature: float) -> float:
    """Temperature that a healthy run never reaches, K."""
    return max(3 * temperature, temperature + 3000.0)


def relaxation(steps: int, *, transients: bool = True) -> Stage:
    """Conjugate gradients at fixed box."""
    return Stage(name="relax", steps=steps, transients=TRANSIENTS if transients else (), sampled=transients)


def equilibration(temperature: float, timestep: float, bath: tuple[str, ...], *, conserves: bool = True) -> Stage:
    """
    Heat a relaxed crystal.

    Velocities are drawn at twice the temperature: half of that energy becomes potential energy.
    """
    return Stage(
        name="equilibrate",
        steps=md_steps(EQUILIBRATION_PS, timestep),
        timestep=timestep,
        before=bath,
        after=("unfix bath",),
        velocities=2 * max(temperature, COLDEST),
        sampled=False,
        conserves=conserves,
    )


def annealing(temperature: float, duration_ps: float, timestep: float, snapshots: int, bath: tuple[str, ...]) -> Stage:
    """
    Hold a temperature after relaxation.

    Velocities are drawn at twice the temperature: half of that energy becomes potential energy.
    """
    return Stage(
        name="anneal",
        steps=md_steps(duration_ps, timestep, snapshots),
        timestep=timestep,
        before=bath,
        after=("unfix bath",),
        velocities=2 * max(temperature, COLDEST),
        conserves=True,
    )
