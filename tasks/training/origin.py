"""Where the labels of a dataset come from: one engine and one spec, or an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...schemas.keys import content_key, digest
from ...schemas.label import DFT_ENGINES, check_one_origin
from ..frames import energy_of, forces_of, key_of

if TYPE_CHECKING:
    from ase import Atoms

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Origin:
    """
    Origin of a dataset's labels.

    Attributes
    ----------
    engine
        ``potential:<name>``, ``vasp``, or ``unknown`` where the frames do not say.
    spec
        Hash of the physics spec, empty where they do not say.
    """

    engine: str
    spec: str

    @property
    def is_dft(self) -> bool | None:
        """Whether a density-functional code made the labels; None where the frames do not say."""
        return None if self.engine == UNKNOWN else self.engine in DFT_ENGINES


def origin_of(frames: Sequence[Atoms]) -> Origin:
    """
    Return the one origin of all labels, from ``info["engine"]`` and ``info["spec"]``.

    Raises
    ------
    MixedLabelsError
        If there are several: energies of different engines or settings have different zeros.
    """
    labels = [(str(f.info.get("engine", UNKNOWN)), str(f.info.get("spec", ""))) for f in frames]
    return Origin(*check_one_origin(labels))


def dataset_hash(frames: Sequence[Atoms]) -> str:
    """Hash of structures and labels; their order does not matter."""
    rows = sorted(
        [key_of(f), repr(round(energy_of(f), 8)), digest((forces_of(f).round(8) + 0.0).tobytes())] for f in frames
    )
    return content_key("dataset", 1, {"rows": rows})
