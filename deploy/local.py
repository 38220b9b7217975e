"""The local manager: the planner's flows, on a pool of this machine's cores."""

from __future__ import annotations

import errno
import queue
import shutil
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from ..schemas.artifact import Item
from ..schemas.errors import InputError, MissingToolError, MixedLabelsError, OutOfTime, StoreError
from ..workflows.campaign import Survey, advance, survey
from ..workflows.compute import chains_of
from ..workflows.inputs import CampaignInputs
from .budget import Purse
from .local_pool import LocalPool
from .monitor import Monitor
from .run_directory import PublishedHere, RunDirectory
from .settings import Settings

ATTEMPTS = 3  # of one item, before it is given up
EXTENSIONS = 20  # of one item that stops for its walltime and goes on from its checkpoint
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass
class _Work:
    """What the manager keeps in memory; all of it can be lost."""

    purse: Purse
    in_flight: dict[str, str] = field(default_factory=dict)  # first key of a chain -> stage id
    failures: dict[tuple[str, bool], int] = field(default_factory=dict)  # (key, out of time) -> failed attempts
    ended: queue.SimpleQueue[tuple[list[Item], Future[Any]]] = field(default_factory=queue.SimpleQueue)


def run_campaign(
    inputs: CampaignInputs, directory: RunDirectory, settings: Settings, workers: int, monitor: Monitor
) -> Survey:
    """
    Run a campaign to its end, or as far as its budget goes.

    Parameters
    ----------
    inputs
        The resolved campaign.
    directory
        Its run directory, locked by the caller.
    settings
        How programs are launched here.
    workers
        Processes.
    monitor
        Is told what happens.

    Raises
    ------
    StoreError
        If the disk is full or a store cannot be written: the run stops, nothing finished is lost.
    """
    published = with_new_chances(inputs, directory)
    shutil.rmtree(directory.root / "scratch", ignore_errors=True)  # of a run that was killed
    for store in (directory.store, directory.labels):
        store.remove_partial()
    pool = LocalPool(workers, directory.places(settings))
    work = _Work(Purse.of(inputs.campaign))
    try:
        while True:
            now = survey(inputs, published)
            monitor.survey(now)
            work.purse.count(now)
            held = _submit(inputs, published, pool, work)
            if not work.in_flight:
                pool.close()
                return _paused(now, work.purse) if held else now
            _collect(published, work, monitor)
    except BaseException:
        pool.stop()
        raise


def with_new_chances(inputs: CampaignInputs, directory: RunDirectory) -> PublishedHere:
    """Open what is published; a campaign that failed may try again what an earlier run of it gave up."""
    published = PublishedHere(directory)
    if directory.given_up() and survey(inputs, published).state == "failed":
        directory.forget_given_up()
        return PublishedHere(directory)
    return published


def _submit(inputs: CampaignInputs, published: PublishedHere, pool: LocalPool, work: _Work) -> bool:
    """Send every chain that is ready, not under way and affordable; True if the budget held one back."""
    held = False
    for stage_id, flow in advance(inputs, published):
        for chain in chains_of(flow):
            if any(item.key in work.in_flight for item in chain):
                continue
            if not all(work.purse.reserve(item) for item in chain):
                held = True
                for item in chain:
                    work.purse.release(item)
                continue
            for item in chain:
                work.in_flight[item.key] = stage_id
            pool.submit(chain, lambda future, chain=chain: work.ended.put((chain, future)))  # type: ignore[misc]
    return held


def _paused(now: Survey, purse: Purse) -> Survey:
    """Say that the budget does not allow what would come next."""
    now.state = "paused"
    now.reason = f"{purse.spent:.3g} core-hours spent; what comes next could exceed the budget of {purse.limit:g}"
    return now


def _collect(published: PublishedHere, work: _Work, monitor: Monitor) -> None:
    """Wait until a stage has nothing under way, or something failed: then the planner has news."""
    while work.in_flight:
        chain, future = work.ended.get()
        stage_id = work.in_flight[chain[0].key]
        for item in chain:
            work.in_flight.pop(item.key, None)
            work.purse.release(item)
        error = future.exception()
        if error is not None:
            _failed(chain, error, published, work, monitor)
            return
        monitor.done(stage_id, len(chain))
        if stage_id not in work.in_flight.values():
            return


def _failed(chain: list[Item], error: BaseException, published: PublishedHere, work: _Work, monitor: Monitor) -> None:
    """Stop for what no further attempt can mend; else count, and give the item up after `ATTEMPTS`."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, StoreError | InputError | MissingToolError | MixedLabelsError):
        raise error
    if number in DISK:
        raise StoreError(f"a job could not write: {error}; nothing finished is lost, free some space and run again")
    culprit = next((item for item in chain if published.get(item) is None), chain[-1])
    late = isinstance(error, OutOfTime)
    attempt = work.failures[culprit.key, late] = work.failures.get((culprit.key, late), 0) + 1
    reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    final = attempt >= (EXTENSIONS if late else ATTEMPTS)
    if culprit.task == "label":
        published.record_attempt(culprit, type(error).__name__, reason)
    monitor.failed(culprit, reason, attempt, final=final)
    if final:
        published.give_up(culprit, reason)
