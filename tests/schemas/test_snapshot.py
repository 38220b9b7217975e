"""Snapshots survive their archive, and the same snapshot gives the same bytes."""

from __future__ import annotations

import time

import numpy as np
from defectgenome.schemas.snapshot import Snapshot, pack_snapshots, unpack_snapshots
from hypothesis import given, settings
from hypothesis import strategies as st


def snapshot(n: int, seed: int, *, energies: bool) -> Snapshot:
    rng = np.random.default_rng(seed)
    return Snapshot(
        positions=rng.uniform(0, 10, (n, 3)),
        cell=np.diag([10.0, 11, 12]),
        pbc=(True, False, True),
        types=rng.integers(0, 2, n),
        elements=("W", "Ta"),
        centres=rng.random(n) < 0.5,
        energies=rng.normal(-8, 1, n) if energies else None,
        info={"scenario": "x", "step": seed},
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=3))
def test_round_trip(sizes):
    before = [snapshot(n, i, energies=e) for i, (n, e) in enumerate(sizes)]
    after = unpack_snapshots(pack_snapshots(before))
    assert len(after) == len(before)
    for a, b in zip(after, before, strict=True):
        assert np.abs(a.positions - b.positions).max() <= 5e-7
        np.testing.assert_array_equal(a.types, b.types)
        np.testing.assert_array_equal(a.centres, b.centres)
        assert (a.energies is None) == (b.energies is None)
        assert (a.pbc, a.elements, a.info, a.symbols) == (b.pbc, b.elements, b.info, b.symbols)


def test_bytes_do_not_depend_on_the_time():
    one = pack_snapshots([snapshot(20, 1, energies=True)])
    time.sleep(2.1)  # the resolution of a zip archive's times
    assert pack_snapshots([snapshot(20, 1, energies=True)]) == one
