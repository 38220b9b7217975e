"""What a report shows, as plain numbers: everything may be missing, for a campaign that is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .head import Head


@dataclass(frozen=True)
class ScenarioRow:
    """One sampling run: ``rates`` are in SI (``strain_rate_per_s``, ``speed_m_per_s``); None where not known."""

    label: str
    potential: str
    atoms: int | None
    ps: float | None
    temperature: float | None
    snapshots: int | None
    rates: Mapping[str, float]
    refused: str = ""


FUNNEL_STEPS = ("graded", "above", "candidates", "chosen", "cells", "labels")


@dataclass(frozen=True)
class FunnelRow:
    """
    How many environments of one scenario came how far.

    Attributes
    ----------
    iteration
        0: sampling with the empirical potential; above: exploration with the new one.
    scenario
        Label of the run.
    graded
        Atoms that were graded in all snapshots, None where it was not recorded.
    above
        Of these, gamma above gamma_select.
    candidates, chosen, cells, labels
        Environments handed over by the run, selected, rebuilt as a cell, and labelled.
    """

    iteration: int
    scenario: str
    graded: int | None = None
    above: int | None = None
    candidates: int = 0
    chosen: int = 0
    cells: int = 0
    labels: int = 0


@dataclass(frozen=True)
class GammaHistogram:
    """Atoms by extrapolation grade, in bins; ``partial`` when only frames above gamma_select were counted."""

    iteration: int
    edges: np.ndarray  # shape (n + 1,)
    counts: np.ndarray  # shape (n,)
    partial: bool = False


@dataclass(frozen=True)
class LearningPoint:
    """Errors of one iteration's potential, on what it was trained on and on what was held out (None: nothing)."""

    iteration: int
    structures: int
    atoms: int
    train_energy: float | None  # meV/atom
    train_force: float | None  # meV/A
    test_energy: float | None
    test_force: float | None


@dataclass(frozen=True)
class Parity:
    """
    Reference and prediction from the written file.

    Attributes
    ----------
    side
        ``train`` or ``test``.
    energy_reference, energy_predicted
        eV/atom, shape (M,).
    force_reference, force_predicted
        Components, eV/A, shape (K,); a subset where there are many.
    families
        Family of each structure, M of them.
    energy_rmse, force_rmse
        meV/atom and meV/A, over all structures shown or not.
    sampled
        Whether some structures or force components were left out.
    """

    side: str
    energy_reference: np.ndarray
    energy_predicted: np.ndarray
    force_reference: np.ndarray
    force_predicted: np.ndarray
    families: tuple[str, ...]
    energy_rmse: float
    force_rmse: float
    sampled: bool = False


@dataclass(frozen=True)
class FamilyError:
    """Errors on one family of structures; ``side`` is ``train`` or ``test``; meV/atom and meV/A."""

    family: str
    side: str
    structures: int
    energy: float
    force: float


@dataclass(frozen=True)
class Uncertainty:
    """
    Force uncertainty of the ensemble beside the true error.

    Attributes
    ----------
    members
        Size of the ensemble.
    sigma, error
        Mean uncertainty of a bin, and the error found there, eV/A; same length, empty when not binned.
    counts
        Atoms of each bin.
    facts
        Name -> number, as the calibration gave it.
    held_out
        Whether the structures were held out; without any, they are those of the training.
    """

    members: int | None
    sigma: np.ndarray
    error: np.ndarray
    counts: np.ndarray
    facts: Mapping[str, float]
    held_out: bool = True


@dataclass(frozen=True)
class Picture:
    """
    One environment and the cell that was made of it, in the axes of the environment.

    Attributes
    ----------
    environment
        Its id.
    scenario
        Where it comes from.
    iteration
        That selected it.
    gamma
        Of its centre, None where not recorded.
    context
        A, relative to the centre, shape (N, 3); atom 0 is the centre.
    n_core
        The first atoms of both are the held core.
    cell
        Rows are cell vectors, A, shape (3, 3); None when the environment was refused.
    atoms
        Of the cell, A, relative to the centre, unwrapped around it, shape (M, 3).
    kept
        Which atoms of the cell come from the environment's context (the core included), shape (M,).
    line
        Direction of a dislocation line, shape (3,), or None.
    caption
        Name -> value, for the line below.
    """

    environment: str
    scenario: str
    iteration: int
    gamma: float | None
    context: np.ndarray
    n_core: int
    cell: np.ndarray | None
    atoms: np.ndarray
    kept: np.ndarray
    line: np.ndarray | None = None
    caption: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RefusalRow:
    """Refusals of one kind; ``examples`` are reasons, the most frequent first."""

    stage: str
    code: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class TimeRow:
    """Cost of one stage of one iteration, s; items that came from a shared store cost what they once cost."""

    iteration: int
    stage: str
    items: int
    cpu: float
    wall: float


@dataclass(frozen=True)
class ExploredRow:
    """One run of molecular dynamics with a new potential; ``trace`` is (ps, largest gamma), shape (n, 2)."""

    iteration: int
    label: str
    temperature: float | None
    atoms: int
    ps: float
    ended: str
    gamma_max: float | None
    gamma_p99: float | None
    trace: np.ndarray


@dataclass(frozen=True)
class PropertyRow:
    """One property of the potential and of the reference; a text says why there is no number."""

    name: str
    unit: str
    potential: float | str | None
    reference: float | str | None


@dataclass(frozen=True)
class ReportData:
    """All of it."""

    head: Head
    scenarios: tuple[ScenarioRow, ...] = ()
    funnel: tuple[FunnelRow, ...] = ()
    gamma: tuple[GammaHistogram, ...] = ()
    learning: tuple[LearningPoint, ...] = ()
    parity: tuple[Parity, ...] = ()
    families: tuple[FamilyError, ...] = ()
    uncertainty: Uncertainty | None = None
    pictures: tuple[Picture, ...] = ()
    refusals: tuple[RefusalRow, ...] = ()
    times: tuple[TimeRow, ...] = ()
    explored: tuple[ExploredRow, ...] = ()
    properties: tuple[PropertyRow, ...] = ()
