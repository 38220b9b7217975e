"""Pictures: the cell lies on its environment, whatever its axes; the view looks along columns of atoms."""

from __future__ import annotations

import numpy as np
import pytest
from defectgenome.tasks.frames import environment_to_atoms, frames_from_bytes, frames_to_bytes
from defectgenome.tasks.report.atoms import cell_svg, environment_svg, view
from defectgenome.tasks.report.structures import Choice, choose, fit_rotation, picture

A = 3.165


def through_a_file(atoms):
    return frames_from_bytes(frames_to_bytes([atoms]))[0]


@pytest.mark.parametrize("axes", [(1, 2), (3, 4), (5, 5)])
def test_cell_is_turned_back_onto_the_environment(bcc_pair, axes):
    environment, cell = bcc_pair(*axes)
    p = picture(through_a_file(environment_to_atoms(environment)), through_a_file(cell), iteration=0, core_radius=6.0)
    core = p.n_core
    assert np.abs(p.atoms[:core] - environment.positions[:core]).max() < 1e-6
    assert p.kept.all()  # the crystal around the core is that of the context
    gaps = np.linalg.norm(p.atoms[:, None] - environment.positions[None], axis=2).min(axis=1)
    assert gaps.max() < 1e-6
    assert abs(abs(np.linalg.det(p.cell)) - (4 * A) ** 3) < 1e-3


def test_atom_that_is_not_of_the_context_is_seen(bcc_pair):
    environment, cell = bcc_pair(1, 2)
    moved = cell.copy()
    moved.positions[-1] += 1.3 * np.array([1.0, 0.0, 0.0])
    p = picture(environment_to_atoms(environment), moved, iteration=0, core_radius=6.0)
    assert np.flatnonzero(~p.kept).tolist() == [len(cell) - 1]


def test_rotation_is_proper_and_exact():
    random = np.random.default_rng(0)
    points = random.normal(size=(12, 3))
    q, _ = np.linalg.qr(random.normal(size=(3, 3)))
    q *= np.sign(np.linalg.det(q))
    found = fit_rotation(points, points @ q)
    assert np.allclose(found, q)
    mirrored = fit_rotation(points, points * [1, 1, -1])
    assert np.linalg.det(mirrored) == pytest.approx(1.0)


def test_view_of_bcc_is_along_its_densest_columns(bcc_pair):
    """Seen along [111], bcc has columns sqrt(2/3) a apart, and an atom each sqrt(3)/2 a along a column."""
    environment, _ = bcc_pair(7, 8)
    rotation = view(environment.positions, None)
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    flat = (environment.positions @ rotation)[:, :2]
    gaps = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    assert gaps[gaps > 1e-3].min() == pytest.approx(np.sqrt(2 / 3) * A, abs=1e-3)


def test_view_follows_a_dislocation_line():
    points = np.random.default_rng(1).normal(size=(50, 3)) * 4
    rotation = view(points, np.array([0.0, 0.0, 8.2]))
    assert np.allclose(np.array([0, 0, 1.0]) @ rotation, [0, 0, 1])


def test_pair_has_one_scale_and_a_refused_one_no_cell(bcc_pair):
    environment, cell = bcc_pair(1, 2)
    frame = environment_to_atoms(environment)
    p = picture(frame, cell, iteration=0, core_radius=6.0)
    boxes = [text.split('viewBox="')[1].split('"')[0] for text in (environment_svg(p), cell_svg(p))]
    assert boxes[0] == boxes[1]
    refused = picture(frame, None, iteration=0, core_radius=6.0)
    assert cell_svg(refused) == ""
    assert refused.n_core == (np.linalg.norm(environment.positions, axis=1) < 6.0).sum()


def test_choice_spreads_over_scenarios_and_prefers_cells():
    choices = [Choice(0, "a", 5.0 - i, f"a{i}", rebuilt=True) for i in range(9)]
    choices += [Choice(0, "b", 3.0, "b0", rebuilt=False), Choice(1, "a", 2.5, "c0", rebuilt=True)]
    assert [c.environment for c in choose(choices, 3)] == ["a0", "a1", "c0"]
    assert [c.environment for c in choose(choices[::-1], 3)] == ["a0", "a1", "c0"]
    assert len(choose(choices, 50)) == 11
    assert choose([], 4) == []
