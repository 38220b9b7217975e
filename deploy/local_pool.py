"""A pool of processes on this machine that computes chains of items and dies with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..schemas.artifact import Item
from ..schemas.errors import StoreError
from ..tasks.reference.place import Program

PR_SET_PDEATHSIG = 1
# one thread a process: the pool already uses the cores it was given
SERIAL = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Places:
    """Directories that a worker process opens, and the programs that it may launch."""

    artifacts: Path
    labels: Path
    scratch: Path
    calculations: Path
    programs: Mapping[str, Program] = field(default_factory=dict)


class LocalPool:
    """
    Worker processes behind pebble's pool, which replaces a worker that died and says whose work it did.

    Workers are spawned, not forked: they inherit neither the campaign's lock nor the parent's state. The parent's
    death kills them (the signal fires when the thread that spawned them ends: pebble's lives as long as the pool).
    """

    def __init__(self, workers: int, places: Places) -> None:
        from pebble import ProcessPool

        os.environ.update(SERIAL)
        self._pool = ProcessPool(
            max_workers=workers,
            context=get_context("spawn"),
            initializer=_start,
            initargs=(places, os.getpid()),
        )

    def submit(self, chain: list[Item], done: Callable[[Future[Any]], None]) -> Future[Any]:
        """
        Compute a chain in some worker; ``done`` is called from another thread when it ends.

        Raises
        ------
        StoreError
            If no worker can be started: what they open when they start is gone.
        """
        try:
            future: Future[Any] = self._pool.schedule(_compute_chain, args=[[item.to_dict() for item in chain]])
        except RuntimeError as error:
            raise StoreError(f"the worker processes do not start ({error}); what they said is above") from error
        future.add_done_callback(done)
        return future

    def stop(self) -> None:
        """End the workers now; what they had not published is lost, and is all that is lost."""
        self._pool.stop()
        self._pool.join()

    def close(self) -> None:
        """End the workers after their work."""
        self._pool.close()
        self._pool.join()


def _start(places: Places, parent: int) -> None:
    from ..workflows.bench import Bench, use_bench
    from .directory_store import DirectoryStore

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the signal was set
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    stores = DirectoryStore(places.artifacts), DirectoryStore(places.labels)
    use_bench(Bench(*stores, places.scratch, places.calculations, places.programs))


def _compute_chain(chain: list[dict[str, Any]]) -> None:
    from ..workflows.bench import current_bench
    from ..workflows.compute import compute_chain

    compute_chain(chain, current_bench())
