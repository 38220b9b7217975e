"""The POD bases (proper orthogonal descriptors, Nguyen and Rohskopf 2023), by their number of descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...schemas.errors import InputError

RIN = 1.0  # A: inner cutoff, below which the radial functions stay as they are there
RCUT = 5.0  # A


@dataclass(frozen=True)
class PodBasis:
    """
    Numbers of radial functions and angular degrees of one basis.

    Attributes
    ----------
    descriptors
        Coefficients of a pure element: descriptors of one atom, and the constant.
    twobody
        Radial functions of the two-body part.
    threebody, fourbody, fivebody
        (radial functions, angular degree); (0, 0) leaves the part out.
    rin, rcut
        Inner and outer cutoff, A.
    bessel_degree, inverse_degree
        Degrees of the polynomials that the radial functions are made from.
    """

    descriptors: int
    twobody: int
    threebody: tuple[int, int]
    fourbody: tuple[int, int] = (0, 0)
    fivebody: tuple[int, int] = (0, 0)
    rin: float = RIN
    rcut: float = RCUT
    bessel_degree: int = 4
    inverse_degree: int = 8


POD_BASES: dict[str, PodBasis] = {
    "pod-34": PodBasis(34, 8, (5, 4)),
    "pod-73": PodBasis(73, 8, (6, 5), (4, 3)),
    "pod-117": PodBasis(117, 8, (7, 5), (6, 4)),
    "pod-255": PodBasis(255, 10, (9, 6), (5, 6), (3, 5)),
    "pod-343": PodBasis(343, 10, (10, 6), (8, 6), (5, 3)),
    "pod-530": PodBasis(530, 12, (12, 8), (8, 6), (6, 5)),
}


def pod_basis(name: str) -> PodBasis:
    """
    Look a basis up by name (``pod-117``; ``117`` will do).

    Raises
    ------
    InputError
        If there is none of that name.
    """
    basis = POD_BASES.get(name) or POD_BASES.get(f"pod-{name}")
    if basis is None:
        raise InputError(f"descriptors {name!r}: there are {', '.join(POD_BASES)}")
    return basis


def param_file(basis: PodBasis, elements: Sequence[str]) -> bytes:
    """Write the parameter file that ``fitpod``, ``pair_style pod`` and ``compute pod/atom`` read."""
    lines = [
        f"species {' '.join(elements)}",
        "pbc 1 1 1",
        f"rin {basis.rin}",
        f"rcut {basis.rcut}",
        f"bessel_polynomial_degree {basis.bessel_degree}",
        f"inverse_polynomial_degree {basis.inverse_degree}",
        "onebody 1",
        f"twobody_number_radial_basis_functions {basis.twobody}",
    ]
    parts = {"three": basis.threebody, "four": basis.fourbody, "five": basis.fivebody, "six": (0, 0), "seven": (0, 0)}
    for word, (radial, degree) in parts.items():
        lines.append(f"{word}body_number_radial_basis_functions {radial}")
        lines.append(f"{word}body_angular_degree {degree}")
    return ("\n".join(lines) + "\n").encode()
