"""From an item to its published artifact; the one jobflow job that does the work."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from jobflow import Flow, job

from ..schemas.artifact import Item, Outcome
from .bench import Bench, current_bench
from .stage import Chain, Stage

Compute = Callable[[Item, Bench], Outcome]

# task name -> module of this package and function that computes it
COMPUTED_BY = {
    "basic_cells": ("basic", "compute_basic_cells"),
    "user_dataset": ("basic", "compute_user_dataset"),
    "sample": ("sampling", "compute_sample"),
    "candidates": ("selection", "compute_candidates"),
    "active_set": ("selection", "compute_active_set"),
    "select": ("selection", "compute_select"),
    "reconstruct": ("reconstruction", "compute_reconstruct"),
    "label": ("labelling", "compute_label"),
    "dataset": ("training", "compute_dataset"),
    "fit": ("training", "compute_fit"),
    "explore": ("exploration", "compute_explore"),
    "properties": ("validation", "compute_properties"),
    "uncertainty": ("validation", "compute_uncertainty"),
}


def compute_item(item: Item, bench: Bench) -> None:
    """
    Compute and publish one item, unless it is published already.

    Its scratch directory is new and removed afterwards: nothing half-written is ever found again.
    """
    store = bench.store_of(item)
    if store.get(item.key) is not None:
        return
    module, function = COMPUTED_BY[item.task]
    compute: Compute = getattr(import_module(f".{module}", __package__), function)
    directory = Path(tempfile.mkdtemp(prefix=f"{item.task}-{item.key[:8]}-", dir=bench.scratch))
    started, cpu = time.time(), _cpu_seconds()
    try:
        outcome = compute(item, replace(bench, scratch=directory))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    cost = outcome.provenance.get("cost", {})  # of a program that ran elsewhere, or before this process was
    provenance: dict[str, Any] = {
        **outcome.provenance,
        "started": started,
        "wall_s": time.time() - started,
        "cpu_s": max(_cpu_seconds() - cpu, float(cost.get("cpu_seconds", 0.0))),
        "host": platform.node(),
        "pid": os.getpid(),
    }
    store.publish(item, Outcome(outcome.document, outcome.blobs, outcome.refusal, provenance))


def _cpu_seconds() -> float:
    """Processor time of this process and of the programs that it launched and that ended, s."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def compute_chain(chain: list[dict[str, Any]], bench: Bench) -> int:
    """Compute the items of a chain in order, up to a refusal; return how many of them are published."""
    for done, entry in enumerate(chain):
        item = Item.from_dict(entry)
        compute_item(item, bench)
        artifact = bench.store_of(item).get(item.key)
        if artifact is None or artifact.refusal is not None:
            return done + 1
    return len(chain)


@job
def run_chains(chains: list[list[dict[str, Any]]]) -> int:
    """
    Compute chains of items, one after the other.

    Parameters
    ----------
    chains
        Each a list of items in the form of `Item.to_dict`.

    Returns
    -------
    int
        How many items are published when it ends.
    """
    bench = current_bench()
    return sum(compute_chain(chain, bench) for chain in chains)


def stage_flow(stage: Stage, chains: tuple[Chain, ...], batches: int = 1) -> Flow:
    """
    Make the static flow of a stage.

    Parameters
    ----------
    stage
        Gives the name.
    chains
        What is still to be done.
    batches
        Into how many jobs it is cut; round robin, so that neighbours in the list spread.
    """
    parts = [chains[i::batches] for i in range(min(batches, len(chains)))]
    jobs: list[Any] = []
    for i, part in enumerate(parts):
        entry = run_chains([[item.to_dict() for item in chain] for chain in part])
        entry.name = f"{stage.iteration}.{stage.name} {i + 1}/{len(parts)}"
        jobs.append(entry)
    return Flow(jobs, name=stage.id)


def chains_of(flow: Flow) -> list[list[Item]]:
    """Chains that the jobs of a stage's flow would compute: for a manager that spreads them over its own pool."""
    jobs: list[Any] = list(flow.jobs)
    return [[Item.from_dict(e) for e in chain] for j in jobs for chain in j.function_args[0]]
