"""Training and test sets: held out by source environment, disjoint by content."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...schemas.errors import InputError
from ...schemas.keys import derive_seed
from ..frames import key_of

if TYPE_CHECKING:
    from ase import Atoms

ORIGIN_KEYS = ("environment", "origin", "config_id")
MIN_GROUPS = 10  # from here on at least one group is held out


def source_groups(frames: Sequence[Atoms]) -> list[str]:
    """
    Name the source of each frame: structures of one source never face each other across a split.

    The source is ``info["environment"]``, else ``info["origin"]``, else ``info["config_id"]``, else the
    structure itself.
    """
    return [_source(frame) for frame in frames]


def _source(frame: Atoms) -> str:
    for key in ORIGIN_KEYS:
        if key in frame.info:
            return f"{key}:{frame.info[key]}"
    return f"structure:{key_of(frame)}"


def split(
    frames: Sequence[Atoms], test_fraction: float, seed: int, groups: Sequence[str] | None = None
) -> tuple[list[Atoms], list[Atoms]]:
    """
    Split frames into a training and a test set, by source environment.

    Each family (``info["family"]``) gives its share, so that the test set is made up as the data are: families
    differ so much in their errors that chance alone would move the result by 10 %. Which groups of a family follows
    from their names and the seed. Frames of an active-learning iteration (``info["iteration"]`` >= 1) always train,
    with their whole group: they were selected because the potential lacks them, and if it went on lacking them the
    loop would find them again; so iterations move nothing that was there. A structure that occurs on both sides
    under different names trains, too.

    Parameters
    ----------
    frames
        Structures.
    test_fraction
        Share of the groups in the test set, 0 to below 1.
    seed
        Of the choice.
    groups
        Source of each frame; `source_groups` by default.

    Returns
    -------
    tuple
        (train, test), each in the order given.

    Raises
    ------
    InputError
        If the fraction is out of range or nothing is left to train on.
    """
    if not 0 <= test_fraction < 1:
        raise InputError(f"test_fraction {test_fraction}: must be at least 0 and below 1")
    names = source_groups(frames) if groups is None else list(groups)
    train_only = {n for n, f in zip(names, frames, strict=True) if int(f.info.get("iteration", 0)) >= 1}
    families = {n: str(f.info.get("family", "")) for n, f in zip(names, frames, strict=True) if n not in train_only}
    held_out = held_out_groups(families, test_fraction, seed)
    keys = [key_of(f) for f in frames] if held_out else [""] * len(names)
    seen = {k for k, n in zip(keys, names, strict=True) if n not in held_out}
    tested = [n in held_out and k not in seen for n, k in zip(names, keys, strict=True)]
    train, test = _parted(frames, tested)
    if not train:
        raise InputError(f"test_fraction {test_fraction} of {len(frames)} frames leaves nothing to train on")
    return train, test


def _parted(frames: Sequence[Atoms], tested: Iterable[bool]) -> tuple[list[Atoms], list[Atoms]]:
    chosen = list(tested)
    train = [f for f, t in zip(frames, chosen, strict=True) if not t]
    return train, [f for f, t in zip(frames, chosen, strict=True) if t]


def held_out_groups(families: Mapping[str, str], test_fraction: float, seed: int) -> set[str]:
    """
    Choose the groups of the test set by systematic sampling: every n-th, family after family.

    Parameters
    ----------
    families
        Group -> family.
    test_fraction
        Of each family, and of all, to within one group.
    seed
        Orders the groups of a family, and says where the count begins.
    """
    if test_fraction <= 0:
        return set()
    ranks = {name: derive_seed(seed, "split", name) for name in families}
    order = sorted(families, key=lambda name: (families[name], ranks[name]))
    start = derive_seed(seed, "split start") / 2**31
    chosen = {
        name
        for i, name in enumerate(order)
        if math.floor((i + 1) * test_fraction + start) > math.floor(i * test_fraction + start)
    }
    if not chosen and len(order) >= MIN_GROUPS:
        chosen = {min(order, key=lambda name: ranks[name])}
    return chosen


def folds(frames: Sequence[Atoms], n_folds: int, seed: int) -> list[tuple[list[Atoms], list[Atoms]]]:
    """
    Cut frames into cross-validation folds by source environment.

    Returns
    -------
    list
        (train, test) pairs; each frame is in one test set.
    """
    names = source_groups(frames)
    order = sorted(set(names), key=lambda name: derive_seed(seed, "fold", name))
    fold_of = {name: i % n_folds for i, name in enumerate(order)}
    return [_parted(frames, (fold_of[name] == k for name in names)) for k in range(n_folds)]


def leave_family_out(frames: Sequence[Atoms], family: str, key: str = "family") -> tuple[list[Atoms], list[Atoms]]:
    """
    Hold out one family of structures: what a potential knows of a kind of defect that it has never seen.

    Raises
    ------
    InputError
        If no frame is of that family, or all are.
    """
    train, test = _parted(frames, (str(f.info.get(key)) == family for f in frames))
    if not train or not test:
        known = sorted({str(f.info.get(key)) for f in frames})
        raise InputError(f"{key}={family}: {len(test)} of {len(frames)} frames; there are {', '.join(known)}")
    return train, test


def assert_disjoint(train: Sequence[Atoms], test: Sequence[Atoms]) -> None:
    """
    Check that no structure is both trained on and tested on, by content.

    Raises
    ------
    InputError
        If one is; the message names it.
    """
    known = {key_of(frame): i for i, frame in enumerate(train)}
    for i, frame in enumerate(test):
        key = key_of(frame)
        if key in known:
            raise InputError(
                f"test frame {i} ({_source(frame)}) is training frame {known[key]} "
                f"({_source(train[known[key]])}): the same structure {key[:12]}"
            )
