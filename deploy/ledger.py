"""The ledger of labels: every attempt, what it cost, and the labels that were withdrawn afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..schemas.artifact import Artifact
from ..schemas.errors import InputError
from ..workflows.bench import SHORT
from .directory_store import DirectoryStore


@dataclass(frozen=True)
class LedgerEntry:
    """
    One line: a label, a refusal, or an attempt that died.

    Attributes
    ----------
    key
        Of the label item.
    structure, spec
        Keys of what was computed, and how.
    verdict
        ``accepted``, ``refused``, ``withdrawn`` or ``crashed``.
    reasons
        Sentences; empty for an accepted label.
    corrections
        What an error handler changed.
    host, when
        Where and when (UTC, ISO).
    cpu_s
        Processor time.
    """

    key: str
    structure: str
    spec: str
    verdict: str
    code: str
    reasons: tuple[str, ...]
    corrections: tuple[str, ...]
    host: str
    when: str
    cpu_s: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Choice:
    """Which labels are meant: all criteria that are given must hold."""

    keys: tuple[str, ...] = ()
    spec: str | None = None
    host: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, entry: LedgerEntry) -> bool:
        """Whether an entry is meant."""
        when = datetime.fromisoformat(entry.when)
        return (
            (not self.keys or any(entry.key.startswith(k) for k in self.keys))
            and (self.spec is None or entry.spec.startswith(self.spec))
            and (self.host is None or entry.host == self.host)
            and (self.since is None or when >= self.since)
            and (self.until is None or when < self.until)
        )


def entries(store: DirectoryStore) -> list[LedgerEntry]:
    """Every attempt that a label store knows, in the order of time."""
    found = [_published(a, store) for a in _labels(store)]
    found += [_attempt(raw) for raw in store.attempts()]
    return sorted(found, key=lambda e: (e.when, e.key))


def withdraw(
    store: DirectoryStore, choice: Choice, why: str, *, again: bool, calculations: Path | None = None
) -> list[LedgerEntry]:
    """
    Withdraw labels: what was trained on them is trained anew by the next run.

    Parameters
    ----------
    store
        The label store.
    choice
        Which.
    why
        Is kept with each.
    again
        Compute them anew; otherwise they count as refused from now on.
    calculations
        Directories of the calculations: one that is to be computed anew is set aside, or its finished run would be
        found there and believed again.

    Raises
    ------
    InputError
        If the choice names nothing, so that a slip does not withdraw everything.
    """
    if choice == Choice():
        raise InputError("withdraw: say which labels: --label, --spec, --host, --since or --until")
    meant = [e for e in entries(store) if e.verdict in {"accepted", "refused"} and choice.holds(e)]
    for entry in meant:
        if again and calculations is not None:
            for path in calculations.glob(f"*-{entry.key[:SHORT]}"):
                path.rename(path.with_name(f"{path.name}.withdrawn-{uuid.uuid4().hex[:8]}"))
        store.withdraw(entry.key, why, again=again)
    return meant


def cost_by_class(found: Iterable[LedgerEntry]) -> dict[str, dict[str, float]]:
    """Class (``accepted``, or verdict and code) -> number and processor seconds."""
    out: dict[str, dict[str, float]] = {}
    for entry in found:
        name = entry.verdict if entry.verdict == "accepted" else f"{entry.verdict}: {entry.code}"
        row = out.setdefault(name, {"count": 0, "cpu_s": 0.0})
        row["count"] += 1
        row["cpu_s"] = round(row["cpu_s"] + entry.cpu_s, 3)
    return out


def _labels(store: DirectoryStore) -> list[Artifact]:
    found = map(store.published, store.keys())
    return [a for a in found if a is not None and a.task == "label"]


def _published(artifact: Artifact, store: DirectoryStore) -> LedgerEntry:
    no = store.withdrawn(artifact.key) or artifact.refusal
    verdict = "accepted" if no is None else "withdrawn" if no.code == "withdrawn" else "refused"
    return LedgerEntry(
        key=artifact.key,
        structure=str(artifact.inputs.get("structure", "")),
        spec=str(artifact.inputs.get("spec", "")),
        verdict=verdict,
        code="" if no is None else no.code,
        reasons=() if no is None else no.reasons,
        corrections=tuple(artifact.document.get("corrections", ())),
        host=str(artifact.provenance.get("host", "")),
        when=_time(artifact.provenance),
        cpu_s=float(artifact.provenance.get("cpu_s", 0.0)),
    )


def _attempt(raw: Mapping[str, Any]) -> LedgerEntry:
    inputs = raw.get("inputs", {})
    return LedgerEntry(
        key=str(raw["key"]),
        structure=str(inputs.get("structure", "")),
        spec=str(inputs.get("spec", "")),
        verdict="withdrawn" if raw["code"] == "withdrawn" else "crashed",
        code=str(raw["code"]),
        reasons=(str(raw["reason"]),),
        corrections=(),
        host=str(raw.get("host", "")),
        when=_time(raw),
        cpu_s=float(raw.get("cpu_s", 0.0)),
    )


def _time(raw: Mapping[str, Any]) -> str:
    return datetime.fromtimestamp(float(raw.get("started", 0.0)), UTC).isoformat(timespec="seconds")
