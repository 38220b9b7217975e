"""What a job works with: the stores it was handed, and a place for scratch files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..schemas.artifact import Artifact, ArtifactStore, Item
from ..schemas.errors import StoreError
from ..schemas.pair_potential import PairPotential
from ..tasks.frames import frames_from_bytes
from ..tasks.reference.place import Place, Program

if TYPE_CHECKING:
    from ase import Atoms

SHORT = 20  # digits of a key that name the directory of its calculation


@dataclass(frozen=True)
class Bench:
    """
    Stores and scratch of the process that runs jobs.

    Attributes
    ----------
    artifacts
        The campaign's artifacts.
    labels
        The label store, which campaigns may share.
    scratch
        An existing directory; what is left in it has no meaning.
    calculations
        Directories of reference calculations: each survives a kill and is entered again.
    programs
        Engine -> how its program is launched here.
    """

    artifacts: ArtifactStore
    labels: ArtifactStore
    scratch: Path
    calculations: Path | None = None
    programs: Mapping[str, Program] = field(default_factory=dict)

    def place(self, engine: str, key: str) -> Place:
        """Place of a calculation: the same for the same item, so that a killed one is found again."""
        program = self.programs.get(engine, Program())
        root = self.calculations or self.scratch
        return Place(root / f"{engine}-{key[:SHORT]}", program.command, program.walltime_s, 0, program.environment)

    def store_of(self, item: Item) -> ArtifactStore:
        """Labels have a store of their own."""
        return self.labels if item.task == "label" else self.artifacts

    def artifact(self, key: str) -> Artifact:
        """
        Return an artifact that must be there.

        Raises
        ------
        StoreError
            If it is absent.
        """
        found = self.artifacts.get(key)
        if found is None:
            raise StoreError(f"artifact {key[:12]} is not in the store; run again to compute it")
        return found

    def data(self, key: str, name: str) -> bytes:
        """Return a blob of an artifact."""
        return self.artifacts.blob(self.artifact(key).blobs[name])

    def frames(self, sha256: str) -> list[Atoms]:
        """Return the frames of an extended XYZ blob."""
        return frames_from_bytes(self.artifacts.blob(sha256))

    def frame(self, sha256: str, index: int) -> Atoms:
        """Return one frame of an extended XYZ blob, which is parsed once for many frames."""
        return _parsed(self.artifacts, sha256)[index].copy()  # type: ignore[arg-type] # any object can be hashed

    def pair_potential(self, sha256: str) -> PairPotential:
        """Return the potential that a blob holds."""
        return PairPotential.from_bytes(self.artifacts.blob(sha256))


@lru_cache(maxsize=2)  # neighbouring items take their structures from one blob
def _parsed(store: Any, sha256: str) -> list[Atoms]:
    return frames_from_bytes(store.blob(sha256))


_current: Bench | None = None


def use_bench(bench: Bench) -> None:
    """Hand the stores to the jobs of this process."""
    global _current  # noqa: PLW0603 - one per process, set by whoever runs jobs
    _current = bench


def current_bench() -> Bench:
    """
    Return what `use_bench` set.

    Raises
    ------
    StoreError
        If nothing was set: there is no default store in memory.
    """
    if _current is None:
        raise StoreError("no artifact store was handed to this process: call use_bench first")
    return _current
