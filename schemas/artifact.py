"""Artifacts: the published result of one item of work, and the store that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from .keys import canonical_json, content_key, digest


@dataclass(frozen=True)
class Item:
    """
    One item of work: one environment, one cell, one label, one fit.

    Attributes
    ----------
    task
        Name of what computes it, e.g. ``reconstruct``.
    version
        Raised when the task's result changes meaning: older artifacts then no longer fit.
    inputs
        All that decides the result, as plain JSON: parameters, and keys or digests of what it is made from.
        Workers, paths, hosts, times and engine versions never enter here.
    hints
        What helps to compute it without deciding the result (where a structure's blob is, say).
    """

    task: str
    version: int
    inputs: Mapping[str, Any]
    hints: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """Hash of (task, version, inputs)."""
        return content_key(self.task, self.version, self.inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, for a job's arguments."""
        return {"task": self.task, "version": self.version, "inputs": dict(self.inputs), "hints": dict(self.hints)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Item:
        """Inverse of `to_dict`."""
        return cls(data["task"], data["version"], data["inputs"], data.get("hints", {}))


@dataclass(frozen=True)
class Refusal:
    """
    A result that says no: a bad label, an environment without a feasible cell, an exploded run.

    Attributes
    ----------
    code
        Short and stable, e.g. ``no_feasible_cell``.
    reasons
        Sentences for a person, with the values.
    data
        Scalars worth keeping (what was tried, limits and values).
    """

    code: str
    reasons: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """
    What a task hands over for publication.

    Attributes
    ----------
    document
        Small, plain JSON: scalars, ids, hashes. Never a structure, a trajectory or a potential.
    blobs
        Name -> bytes; must be reproducible bit by bit (no time stamps inside).
    refusal
        Set when the answer is no.
    provenance
        Times, hosts, versions, cost: kept beside the content, never hashed.
    """

    document: Mapping[str, Any] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    refusal: Refusal | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A published `Outcome` with the `Item` it answers; ``blobs`` holds digests."""

    key: str
    task: str
    version: int
    inputs: Mapping[str, Any]
    document: Mapping[str, Any]
    blobs: Mapping[str, str]
    refusal: Refusal | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_digest(self) -> str:
        """Hash over what was computed, without provenance."""
        no = None if self.refusal is None else [self.refusal.code, list(self.refusal.reasons), self.refusal.data]
        return digest(canonical_json([self.key, self.document, self.blobs, no]))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, for a store."""
        refusal = None
        if self.refusal is not None:
            refusal = {"code": self.refusal.code, "reasons": list(self.refusal.reasons), "data": self.refusal.data}
        return {
            "key": self.key,
            "task": self.task,
            "version": self.version,
            "inputs": self.inputs,
            "document": self.document,
            "blobs": self.blobs,
            "refusal": refusal,
            "provenance": self.provenance,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Artifact:
        """Inverse of `to_dict`."""
        no = data.get("refusal")
        refusal = None if no is None else Refusal(no["code"], tuple(no["reasons"]), no.get("data", {}))
        return cls(
            data["key"],
            data["task"],
            data["version"],
            data["inputs"],
            data["document"],
            data["blobs"],
            refusal,
            data.get("provenance", {}),
        )


class ArtifactStore(Protocol):
    """
    Where artifacts are published and found. Publication is completion.

    Handed to the jobs by whoever runs them; there is no default.
    """

    def get(self, key: str) -> Artifact | None:
        """Return the artifact, or None when it is absent or one of its blobs is missing."""
        ...

    def publish(self, item: Item, outcome: Outcome) -> Artifact:
        """Publish once, atomically; a second publication keeps the first and counts as computed again."""
        ...

    def put_blob(self, data: bytes) -> str:
        """Store bytes under their digest and return it."""
        ...

    def blob(self, sha256: str) -> bytes:
        """Return the bytes of a digest; raises StoreError when they are missing or damaged."""
        ...

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are there."""
        ...

    def keys(self) -> Iterator[str]:
        """All published keys."""
        ...
