"""What a running campaign shows: a bar for each stage on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from ..schemas.artifact import Item
from ..workflows.campaign import Survey
from .progress import LOG_EVERY_S, log


class Monitor:
    """
    Shows stages as they are reached, their progress and their failures, on stderr.

    Use as a context manager, so that the terminal is left as it was found.
    """

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._counts: dict[str, tuple[str, int, int]] = {}
        self._settled: set[str] = set()
        self._started = time.monotonic()
        self._last = 0.0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, console=Console(stderr=True))
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def survey(self, now: Survey) -> None:
        """Show all stages that are known."""
        for view in now.stages:
            stage = view.stage
            done, total = view.done, len(stage.items)
            name = f"{stage.iteration}. {stage.name}"
            new = stage.id not in self._counts
            self._counts[stage.id] = (name, done, total)
            if self._bars is not None:
                self._draw(stage.id, new=new, settled=view.settled)
            elif view.settled and stage.id not in self._settled:
                counts = {"done": len(view.artifacts), "refused": len(view.refused), "given_up": len(view.lost)}
                log("settled", iteration=stage.iteration, stage=stage.name, total=total, **counts)
            elif new:
                log("started", iteration=stage.iteration, stage=stage.name, done=done, total=total)
            if view.settled:
                self._settled.add(stage.id)

    def _draw(self, stage_id: str, *, new: bool, settled: bool) -> None:
        name, done, total = self._counts[stage_id]
        if new:
            self._tasks[stage_id] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[stage_id], completed=done)
        if settled:
            self._bars.stop_task(self._tasks[stage_id])

    def done(self, stage_id: str, items: int) -> None:
        """Count finished items of a stage."""
        name, done, total = self._counts[stage_id]
        self._counts[stage_id] = (name, done + items, total)
        if self._bars is not None:
            self._bars.update(self._tasks[stage_id], completed=done + items)
        elif time.monotonic() - self._last > LOG_EVERY_S:
            self._last = time.monotonic()
            log("progress", stage=name, done=done + items, total=total, seconds=self._last - self._started)

    def failed(self, item: Item, reason: str, attempt: int, *, final: bool) -> None:
        """Say that an item failed."""
        what = "given up" if final else "will be tried again"
        if self._bars is not None:
            self._bars.console.print(f"{item.task} {item.key[:12]} failed ({reason}), attempt {attempt}: {what}")
        else:
            log("failed", task=item.task, key=item.key[:12], attempt=attempt, reason=reason, then=what)
