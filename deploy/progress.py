"""Progress of long work: a bar on a terminal, a structured line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
LOG_EVERY_S = 10.0


def log(event: str, **fields: object) -> None:
    """Write one structured line (``event key=value ...``) to stderr."""
    text = " ".join(f"{k}={_quoted(v)}" for k, v in fields.items())
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {event} {text}".rstrip(), file=sys.stderr, flush=True)


def _quoted(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text else text


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar (terminal) or a log line every 10 s (elsewhere)."""
    total = total if total is not None else (len(items) if hasattr(items, "__len__") else None)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as rich_track

        yield from rich_track(items, description=description, total=total, console=Console(stderr=True))
        return
    started = last = time.monotonic()
    for i, item in enumerate(items):
        yield item
        now = time.monotonic()
        if now - last >= LOG_EVERY_S:
            log("progress", step=description, done=i + 1, total=total or "?", seconds=now - started)
            last = now
