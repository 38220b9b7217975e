"""What custodian did on the way, from its log."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_corrections(directory: Path) -> tuple[str, ...]:
    """Errors that custodian corrected on the way, each with what it changed, from ``custodian.json``."""
    try:
        return tuple(_correction(c) for run in read_log(directory) for c in run.get("corrections", []))
    except (OSError, EOFError, ValueError, AttributeError, TypeError):
        return ("custodian.json cannot be read",)


def read_log(directory: Path) -> list[Any]:
    """Read ``custodian.json``, gzipped or not; empty where there is none."""
    for path in (directory / "custodian.json", directory / "custodian.json.gz"):
        if path.is_file():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return list(json.loads(data))
    return []


def _correction(entry: Mapping[str, Any]) -> str:
    names = " ".join(str(name) for name in entry.get("errors", []))
    changes = []
    for action in entry.get("actions") or []:
        target = str(action.get("dict", action.get("file", "")))
        for verb, values in action.get("action", {}).items():
            if verb == "_set":
                changes += [f"{name} = {value}" for name, value in values.items()]
            else:
                changes.append(f"{target} {verb.strip('_').replace('_', ' ')}")
    return f"{names} ({', '.join(changes)})" if changes else names
