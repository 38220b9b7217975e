"""Where a reference calculation runs, and with what: no part of the physics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """
    How a program is launched on this machine.

    Attributes
    ----------
    command
        List form.
    environment
        Variables that are set for it.
    walltime_s
        Of one calculation, s; None without a limit.
    """

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    walltime_s: float | None = None


@dataclass(frozen=True)
class Place:
    """
    The circumstances of one calculation.

    Attributes
    ----------
    directory
        Its own; it survives a kill and is entered again by the next attempt.
    command
        How the program is launched, e.g. ``("mpirun", "-n", "48", "vasp_std")``.
    walltime_s
        That is left, s; None without a limit.
    attempt
        0 for the first.
    environment
        Variables that are set for the program besides those of this process.
    """

    directory: Path
    command: tuple[str, ...] = ()
    walltime_s: float | None = None
    attempt: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
