"""The exceptions that defectgenome raises on purpose."""

from __future__ import annotations


class DefectGenomeError(Exception):
    """Base of all of them."""


class InputError(DefectGenomeError, ValueError):
    """Something that a user gave is wrong; the message is one line: what, where, what would be right."""


class MissingToolError(DefectGenomeError):
    """A program, library or licensed file that this step needs is not there."""


class StoreError(DefectGenomeError):
    """The artifact store cannot be read or written (disk full, permissions, database away)."""


class LockedError(DefectGenomeError):
    """Another process is running this campaign."""


class SimulationError(DefectGenomeError):
    """A simulation went wrong in a way that belongs to its input (exploded, lost atoms): a refusal."""


class MixedLabelsError(DefectGenomeError, ValueError):
    """Labels of different engines or specs were about to meet in one dataset."""


class EngineCrash(DefectGenomeError):  # noqa: N818 - what happened
    """A reference calculation died (killed, segfault, output cut off): it may be tried again."""


class OutOfTime(DefectGenomeError):  # noqa: N818 - what happened
    """A reference calculation stopped for its walltime, with a checkpoint to go on from."""
