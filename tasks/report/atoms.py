"""Pictures of atoms: cut open at the centre, seen along the direction in which the crystal's columns line up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from html import escape

import numpy as np

from .data import Picture
from .style import BLUE, GREY, ORANGE, RED

COLOURS = {"centre": RED, "core": BLUE, "kept": "#a3b1bf", "new": ORANGE}
SHOWN_RADIUS = 11.0  # A, of the context; what lies beyond is left out
LARGEST = 17.0  # A, half the width of a picture at most
FRONT = 1.2  # A: atoms nearer to the viewer are cut away
DEPTH = 9.0  # A, over which colours fade to white
BALL = 1.05  # A, radius on paper
PIXELS = 260
CORNERS = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))  # of a cell around its centre


@dataclass(frozen=True)
class Balls:
    """Atoms on paper: A, shape (n, 3), x right, y up, z towards the viewer; ``roles`` are keys of `COLOURS`."""

    positions: np.ndarray
    roles: tuple[str, ...]


def view(context: np.ndarray, line: np.ndarray | None) -> np.ndarray:
    """
    Find the rotation to paper: the columns of atoms lie on each other as well as they can.

    Parameters
    ----------
    context
        A, relative to the centre, shape (N, 3).
    line
        Look along it, if given, shape (3,).

    Returns
    -------
    numpy.ndarray
        Rotation R, ``context @ R`` is on paper, shape (3, 3).
    """
    near = context[np.linalg.norm(context, axis=1) < 8.0]
    away = np.array([1.0, 0.0, 0.0]) if len(near) < 2 else near[1]
    if line is not None:
        return _frame(line, away)
    few = near[:40]
    vectors = [b - a for a, b in itertools.combinations(few, 2) if np.linalg.norm(b - a) < 3.7]
    if not vectors:
        return np.eye(3)
    scores = np.array([_columns(near, v) for v in vectors])
    best = vectors[int(np.argmax(np.round(scores, 6)))]
    return _frame(best, _across(near, best))


def _columns(points: np.ndarray, direction: np.ndarray) -> float:
    """How many pairs of atoms lie behind each other."""
    d = direction / np.linalg.norm(direction)
    flat = points - np.outer(points @ d, d)
    squared = (flat**2).sum(1)
    gaps = squared[:, None] + squared[None] - 2 * flat @ flat.T
    return float(np.exp(-np.maximum(gaps, 0.0) / 0.4**2).sum())


def _across(points: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The column next to the centre's: it becomes the horizontal."""
    d = direction / np.linalg.norm(direction)
    flat = points - np.outer(points @ d, d)
    lengths = np.linalg.norm(flat, axis=1)
    far = np.flatnonzero(lengths > 1.2)
    return np.asarray(flat[far[np.argmin(np.round(lengths[far], 3))]]) if len(far) else np.array([1.0, 0.3, 0.1])


def _frame(towards: np.ndarray, right: np.ndarray) -> np.ndarray:
    z = towards / np.linalg.norm(towards)
    x = right - (right @ z) * z
    if np.linalg.norm(x) < 1e-6:
        x = np.eye(3)[int(np.argmin(np.abs(z)))]
        x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return np.column_stack([x, np.cross(z, x), z])


def environment_svg(picture: Picture) -> str:
    """Draw the environment: centre, core, and the context around it."""
    rotation = view(picture.context, picture.line)
    inside = np.linalg.norm(picture.context, axis=1) < SHOWN_RADIUS
    roles = _roles(np.ones(len(picture.context), bool), picture.n_core)
    balls = Balls((picture.context @ rotation)[inside], tuple(r for r, keep in zip(roles, inside, strict=True) if keep))
    return _svg(balls, None, _half_width(picture, rotation), f"environment {picture.environment}")


def cell_svg(picture: Picture) -> str:
    """Draw the cell in the same axes and to the same scale; empty when the environment was refused."""
    if picture.cell is None:
        return ""
    rotation = view(picture.context, picture.line)
    balls = Balls(picture.atoms @ rotation, _roles(picture.kept, picture.n_core))
    title = f"cell of environment {picture.environment}"
    return _svg(balls, picture.cell @ rotation, _half_width(picture, rotation), title)


def _roles(kept: np.ndarray, n_core: int) -> tuple[str, ...]:
    """Roles of atoms: the centre, the rest of the core, then kept ones and new ones."""
    rest = ("kept" if k else "new" for k in kept[n_core:])
    return ("centre", *("core",) * (n_core - 1), *rest)


def _half_width(picture: Picture, rotation: np.ndarray) -> float:
    """Of both pictures of a pair, A: environment and cell have one scale."""
    if picture.cell is None:
        return SHOWN_RADIUS + BALL
    corners = CORNERS @ picture.cell @ rotation
    return float(min(max(SHOWN_RADIUS + BALL, np.abs(corners[:, :2]).max() + 0.2), LARGEST))


def _svg(balls: Balls, cell: np.ndarray | None, half: float, title: str) -> str:
    box = f"{-half:.1f} {-half:.1f} {2 * half:.1f} {2 * half:.1f}"
    size = f'width="{PIXELS}" height="{PIXELS}" role="img" class="atoms" aria-label="{escape(title)}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size}>']
    if cell is not None:
        parts.append(_edges(cell))
    parts.append('<g stroke="#fff" stroke-width="0.13">')
    order = np.argsort(np.round(balls.positions[:, 2], 4), kind="stable")
    for i in order:
        x, y, z = balls.positions[i]
        if z <= FRONT:
            fill = _faded(COLOURS[balls.roles[i]], min(max(-z / DEPTH, 0.0), 0.75))
            parts.append(f'<circle cx="{x:.2f}" cy="{-y:.2f}" r="{BALL}" fill="{fill}"/>')
    parts.append("</g></svg>")
    return "".join(parts)


def _edges(cell: np.ndarray) -> str:
    """Twelve edges of the cell around the centre."""
    lines = []
    for a, b in itertools.combinations(range(8), 2):
        if np.count_nonzero(CORNERS[a] != CORNERS[b]) == 1:
            (x1, y1, _), (x2, y2, _) = CORNERS[a] @ cell, CORNERS[b] @ cell
            lines.append(f"M{x1:.2f} {-y1:.2f}L{x2:.2f} {-y2:.2f}")
    return f'<path d="{"".join(lines)}" stroke="{GREY}" stroke-width="0.12" fill="none"/>'


def _faded(colour: str, share: float) -> str:
    """Mix a colour with white, in steps that keep the file small."""
    share = round(share * 8) / 8
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(c + (255 - c) * share):02x}" for c in channels)
