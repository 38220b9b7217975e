"""The head of a report: what the campaign is, and what its reader has to be warned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Head:
    """
    What the campaign is, and in which state.

    Attributes
    ----------
    name, state, reason
        Of the campaign; the reason is one sentence, or empty.
    made
        Time stamp of the report: the only thing in it that two reports of the same data do not share.
    material
        E.g. ``W, bcc, a = 3.165 A``.
    sampling_potential
        Its name.
    size
        ``quick``, ``standard`` or ``production``.
    seed
        Of the campaign.
    reference
        E.g. ``potential:finnis-sinclair`` or ``vasp PBE``.
    dft
        False when the reference is a teacher potential.
    descriptors
        What gamma is told with, e.g. ``pod-117``.
    gamma_select, gamma_break
        Limits of the exploration.
    potential
        E.g. ``POD, 255 descriptors``.
    iterations
        How many were begun; 0 is the basic set and EIP-GS.
    digests
        Name -> hash of the artifacts that this report speaks of.
    """

    name: str
    state: str
    reason: str
    made: str
    material: str
    sampling_potential: str
    size: str
    seed: int
    reference: str
    dft: bool
    descriptors: str
    gamma_select: float
    gamma_break: float
    potential: str
    iterations: int
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def rehearsal(self) -> bool:
        """Whether the quick size was asked for."""
        return self.size == "quick"

    @property
    def reference_words(self) -> str:
        """The reference as axis labels have it: a teacher is never left unmarked."""
        return self.reference if self.dft else "teacher potential, not DFT"
