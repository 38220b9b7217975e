"""MaxVol: definitions, agreement of the two ways, and what happens without enough rows."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.tasks.frames import read_frames
from defectgenome.tasks.selection.descriptors import pod_rows
from defectgenome.tasks.selection.maxvol import (
    ARTIFICIAL,
    FLOOR,
    StreamingMaxVol,
    array_chunks,
    column_scale,
    dense_maxvol,
    grade,
    lu_rows,
    scaled_inverse,
    stream_maxvol,
)
from defectgenome.tasks.selection.spool import RowSpool


def log_volume(rows: np.ndarray) -> float:
    return float(np.linalg.slogdet(rows)[1])


def uneven(n: int, m: int, seed: int = 0) -> np.ndarray:
    """Rows with columns of very different size, as descriptors have."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, m)) * np.logspace(-2, 2, m)


@pytest.mark.parametrize("seed", range(5))
def test_no_swap_of_one_row_enlarges_a_dense_volume_by_more_than_the_tolerance(seed):
    rows = uneven(40, 4, seed)
    chosen = dense_maxvol(rows, 1.01)
    best = log_volume(rows[chosen])
    for i in range(len(rows)):
        for j in range(4):
            other = chosen.copy()
            other[j] = i
            assert log_volume(rows[other]) <= best + np.log(1.01) + 1e-9
    assert best >= log_volume(rows[lu_rows(rows)])


def test_gamma_is_the_factor_that_a_swap_gains():
    rows = uneven(30, 5)
    chosen = dense_maxvol(rows[:20])
    A = rows[:20][chosen]
    new = 3 * rows[25]
    gains = []
    for j in range(5):
        other = A.copy()
        other[j] = new
        gains.append(np.exp(log_volume(other) - log_volume(A)))
    inverse = scaled_inverse(A, column_scale(rows))
    assert grade(new[None], inverse)[0] == pytest.approx(max(gains), rel=1e-9)


def test_streaming_agrees_with_dense():
    rows = uneven(20000, 30)
    dense = rows[dense_maxvol(rows, 1.01)]
    state = stream_maxvol(lambda: array_chunks(rows, 1000), len(rows), 1.01)
    assert state.log_volume == pytest.approx(log_volume(dense), abs=0.02 * 30)
    assert state.gamma(rows).max() <= 1.01
    np.testing.assert_array_equal(rows[state.ids], state.A)
    again = stream_maxvol(lambda: array_chunks(rows, 1000), len(rows), 1.01)
    assert again.A.tobytes() == state.A.tobytes()
    assert again.inverse.tobytes() == state.inverse.tobytes()


def test_a_scaling_of_columns_by_powers_of_two_changes_nothing():
    rows = uneven(5000, 10)
    state = stream_maxvol(lambda: array_chunks(rows), len(rows))
    factors = 2.0 ** np.arange(-5, 5)
    scaled = stream_maxvol(lambda: array_chunks(rows * factors), len(rows))
    np.testing.assert_array_equal(scaled.ids, state.ids)


def test_fewer_rows_than_columns_leave_artificial_rows_and_finite_grades():
    rows = uneven(6, 10)
    state = stream_maxvol(lambda: array_chunks(rows), len(rows))
    assert state.n_artificial == 4
    assert sorted(i for i in state.ids if i != ARTIFICIAL) == list(range(6))
    np.testing.assert_allclose(state.gamma(rows), 1.0, rtol=1e-6)
    within = 0.5 * rows[0] - 0.3 * rows[3]
    assert state.gamma(within[None])[0] == pytest.approx(0.5, abs=1e-6)
    outside = uneven(1, 10, seed=9)
    assert 1 / FLOOR / 1000 < state.gamma(outside)[0] < 1000 / FLOOR
    with pytest.raises(ValueError, match="6 rows for 10 columns"):
        dense_maxvol(rows)


def test_noise_does_not_count_as_a_direction():
    """Equivalent atoms have equal rows but for rounding; they must not span anything."""
    rng = np.random.default_rng(0)
    rows = np.repeat(uneven(3, 8), 50, axis=0) * (1 + 1e-12 * rng.standard_normal((150, 8)))
    state = stream_maxvol(lambda: array_chunks(rows), len(rows))
    assert state.n_artificial == 5
    assert state.gamma(rows).max() <= 1.01


def test_perfect_crystals_alone_leave_grades_finite():
    """Columns that vanish by symmetry hold only rounding errors."""
    perfect = [bulk("W", "bcc", a=a) for a in (3.0, 3.1, 3.2)]
    displaced = bulk("W", "bcc", a=3.165, cubic=True) * (2, 2, 2)
    displaced.rattle(0.1, seed=0)
    rows, new = np.vstack(pod_rows(perfect, "pod-117", ["W"])), pod_rows([displaced], "pod-117", ["W"])[0]
    state = stream_maxvol(lambda: array_chunks(rows), len(rows))
    assert state.n_artificial == 117 - 3
    np.testing.assert_allclose(state.gamma(rows), 1.0, rtol=1e-6)
    gamma = state.gamma(new)
    assert np.isfinite(gamma).all()
    assert (gamma > 1e3).all()


def test_a_duplicate_does_not_enter_twice():
    rows = uneven(50, 5)
    state = stream_maxvol(lambda: array_chunks(rows), len(rows))
    new = 10 * rows[:1]
    swaps = state.absorb(np.vstack([new, new]), np.array([100, 101]), 2.0)
    assert [s.came for s in swaps] == [100]
    assert state.gamma(new)[0] == pytest.approx(1.0)


def test_gains_add_up_to_the_volume():
    rows = uneven(2000, 12)
    state = StreamingMaxVol.from_sample(rows[:100], np.arange(100))
    before = state.log_volume
    gains = sum(s.gain for ids, part in array_chunks(rows, 300) for s in state.absorb(part, ids))
    assert state.log_volume - before == pytest.approx(gains, abs=1e-8)


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        stream_maxvol(lambda: iter(()), 0)


def test_a_spool_gives_back_what_it_took_in_memory_and_on_disk():
    rows = uneven(5000, 7)
    with RowSpool(7, memory_bytes=1000) as spool:
        for _, part in array_chunks(rows, 77):
            spool.append(part)
        ids, back = zip(*spool.chunks(), strict=True)
        np.testing.assert_array_equal(np.vstack(back), rows)
        np.testing.assert_array_equal(np.concatenate(ids), np.arange(5000))


def test_published_data(data):
    frames = read_frames(data / "W-vasp-924.extxyz.gz")[::6]
    rows = np.vstack(pod_rows(frames, "pod-73", ["W"]))
    state = stream_maxvol(lambda: array_chunks(rows), len(rows), 1.01)
    dense = rows[dense_maxvol(rows, 1.01)]
    assert state.n_artificial == 0
    assert state.gamma(rows).max() <= 1.01
    assert state.log_volume >= log_volume(dense) - 0.005 * abs(log_volume(dense))
