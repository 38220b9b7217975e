"""The embedded-atom potential of Zhou, Johnson and Wadley (2004), made from its published parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache

from ...schemas.errors import InputError
from ...schemas.pair_potential import PairPotential
from ..potentials import element_masses

N_GRID = 2000  # points in r and in rho, those of the published files
R_SHORT = Decimal("0.5")  # A; below, the functions keep their value (the grid starts at 0)
DIGITS = 24  # decimal arithmetic: the file is the same to its last digit on every machine

# Phys. Rev. B 69, 144113, table III. In the published table A of Al reads 0.134873; the authors' own file has
# 0.314873, which is what gives aluminium its cohesive energy. The authors' files give rho_n of Pt as 0.25 rho_e,
# which is what makes its embedding function continuous.
# re fe rhoe rhos alpha beta A B kappa lambda Fn0 Fn1 Fn2 Fn3 F0 F1 F2 F3 eta Fe rho_n/rho_e
_TABLE = {
    "Cu": "2.556162 1.554485 21.175871 21.175395 8.127620 4.334731 0.396620 0.548085 0.308782 0.756515 "
    "-2.170269 -0.263788 1.088878 -0.817603 -2.19 0 0.561830 -2.100595 0.310490 -2.186568 0.85",
    "Ag": "2.891814 1.106232 14.604100 14.604144 9.132010 4.870405 0.277758 0.419611 0.339710 0.750758 "
    "-1.729364 -0.255882 0.912050 -0.561432 -1.75 0 0.744561 -1.150650 0.783924 -1.748423 0.85",
    "Au": "2.885034 1.529021 19.991632 19.991509 9.516052 5.075228 0.229762 0.356666 0.356570 0.748798 "
    "-2.937772 -0.500288 1.601954 -0.835530 -2.98 0 1.706587 -1.134778 1.021095 -2.978815 0.85",
    "Ni": "2.488746 2.007018 27.562015 27.562031 8.383453 4.471175 0.429046 0.633531 0.443599 0.820658 "
    "-2.693513 -0.076445 0.241442 -2.375626 -2.70 0 0.265390 -0.152856 0.445470 -2.7 0.85",
    "Pd": "2.750897 1.595417 21.335246 21.940073 8.697397 4.638612 0.406763 0.598880 0.397263 0.754799 "
    "-2.321006 -0.473983 1.615343 -0.231681 -2.36 0 1.481742 -1.675615 1.130000 -2.352753 0.85",
    "Pt": "2.771916 2.336509 33.367564 35.205357 7.105782 3.789750 0.556398 0.696037 0.385255 0.770510 "
    "-1.455568 -2.149952 0.528491 1.222875 -4.17 0 3.010561 -2.420128 1.450000 -4.145597 0.25",
    "Al": "2.863924 1.403115 20.418205 23.195740 6.613165 3.527021 0.314873 0.365551 0.379846 0.759692 "
    "-2.807602 -0.301435 1.258562 -1.247604 -2.83 0 0.622245 -2.488244 0.785902 -2.824528 0.85",
    "Pb": "3.499723 0.647872 8.450154 8.450063 9.121799 5.212457 0.161219 0.236884 0.250805 0.764955 "
    "-1.422370 -0.210107 0.682886 -0.529378 -1.44 0 0.702726 -0.538766 0.935380 -1.439436 0.85",
    "Fe": "2.481987 1.885957 20.041463 20.041463 9.818270 5.236411 0.392811 0.646243 0.170306 0.340613 "
    "-2.534992 -0.059605 0.193065 -2.282322 -2.54 0 0.200269 -0.148770 0.391750 -2.539945 0.85",
    "Mo": "2.728100 2.723710 29.354065 29.354065 8.393531 4.476550 0.708787 1.120373 0.137640 0.275280 "
    "-3.692913 -0.178812 0.380450 -3.133650 -3.71 0 0.875874 0.776222 0.790879 -3.712093 0.85",
    "Ta": "2.860082 3.086341 33.787168 33.787168 8.489528 4.527748 0.611679 1.032101 0.176977 0.353954 "
    "-5.103845 -0.405524 1.112997 -3.585325 -5.14 0 1.640098 0.221375 0.848843 -5.141526 0.85",
    "W": "2.740840 3.487340 37.234847 37.234847 8.900114 4.746728 0.882435 1.394592 0.139209 0.278417 "
    "-4.946281 -0.148818 0.365057 -4.432406 -4.96 0 0.661935 0.348147 0.582714 -4.961306 0.85",
    "Mg": "3.196291 0.544323 7.132600 7.132600 10.228708 5.455311 0.137518 0.225930 0.5 1.0 "
    "-0.896473 -0.044291 0.162232 -0.689950 -0.90 0 0.122838 -0.226010 0.431425 -0.899702 0.85",
    "Co": "2.505979 1.975299 27.206789 27.206789 8.679625 4.629134 0.421378 0.640107 0.5 1.0 "
    "-2.541799 -0.219415 0.733381 -1.589003 -2.56 0 0.705845 -0.687140 0.694608 -2.559307 0.85",
    "Ti": "2.933872 1.863200 25.565138 25.565138 8.775431 4.680230 0.373601 0.570968 0.5 1.0 "
    "-3.203773 -0.198262 0.683779 -2.321732 -3.22 0 0.608587 -0.750710 0.558572 -3.219176 0.85",
    "Zr": "3.199978 2.230909 30.879991 30.879991 8.559190 4.564902 0.424667 0.640054 0.5 1.0 "
    "-4.485793 -0.293129 0.990148 -3.202516 -4.51 0 0.928602 -0.981870 0.597133 -4.509025 0.85",
}
ELEMENTS = tuple(_TABLE)


@dataclass(frozen=True)
class _Metal:
    re: Decimal
    fe: Decimal
    rho_e: Decimal
    rho_s: Decimal
    alpha: Decimal
    beta: Decimal
    A: Decimal
    B: Decimal
    kappa: Decimal
    lam: Decimal
    fn: tuple[Decimal, ...]
    f0: tuple[Decimal, ...]
    eta: Decimal
    f_e: Decimal
    rho_n: Decimal
    rho_o: Decimal

    @classmethod
    def of(cls, element: str) -> _Metal:
        v = [Decimal(word) for word in _TABLE[element].split()]
        return cls(
            re=v[0],
            fe=v[1],
            rho_e=v[2],
            rho_s=v[3],
            alpha=v[4],
            beta=v[5],
            A=v[6],
            B=v[7],
            kappa=v[8],
            lam=v[9],
            fn=tuple(v[10:14]),
            f0=tuple(v[14:18]),
            eta=v[18],
            f_e=v[19],
            rho_n=v[20] * v[2],
            rho_o=Decimal("1.15") * v[2],
        )

    def decay(self, r: Decimal, prefactor: Decimal, exponent: Decimal, cut: Decimal) -> Decimal:
        x = r / self.re
        return prefactor * (-exponent * (x - 1)).exp() / (1 + (x - cut) ** 20)

    def density(self, r: Decimal) -> Decimal:
        return self.decay(r, self.fe, self.beta, self.lam)

    def pair(self, r: Decimal) -> Decimal:
        return self.decay(r, self.A, self.alpha, self.kappa) - self.decay(r, self.B, self.beta, self.lam)

    def embedding(self, rho: Decimal) -> Decimal:
        if rho >= self.rho_o:
            log = (rho / self.rho_s).ln()
            return self.f_e * (1 - self.eta * log) * (self.eta * log).exp()
        inner = rho < self.rho_n
        x = rho / (self.rho_n if inner else self.rho_e) - 1
        c = self.fn if inner else self.f0
        return c[0] + x * (c[1] + x * (c[2] + x * c[3]))


def zhou2004(elements: Sequence[str]) -> PairPotential:
    """
    Make the potential for one metal or an alloy.

    Unlike pairs follow Johnson's mixing rule; nothing in them was fitted to an alloy.

    Parameters
    ----------
    elements
        Chemical symbols in the order of the atom types, of `ELEMENTS`.

    Raises
    ------
    InputError
        For an element that the table does not have, or one named twice.

    Notes
    -----
    X. W. Zhou, R. A. Johnson, H. N. G. Wadley, Phys. Rev. B 69, 144113 (2004).
    """
    names = tuple(elements)
    unknown = [e for e in names if e not in _TABLE]
    if unknown or not names:
        raise InputError(
            f"potential zhou2004: no parameters for {' '.join(unknown) or 'no element'}, it has {' '.join(ELEMENTS)}"
        )
    if len(set(names)) != len(names):
        raise InputError(f"potential zhou2004: {' '.join(names)} names an element twice")
    file = f"zhou2004-{'-'.join(names)}.eam.alloy"
    text, cutoff = zhou2004_setfl(names)
    return PairPotential(
        name="zhou2004",
        elements=names,
        pair_style="eam/alloy",
        pair_coeff=("* * {" + file + "} {elements}",),
        files={file: text.encode()},
        masses=element_masses(names),
        info={"cutoff": cutoff},
    )


@lru_cache(maxsize=8)
def zhou2004_setfl(elements: tuple[str, ...]) -> tuple[str, float]:
    """
    Tabulate the potential.

    Returns
    -------
    tuple
        (text of the setfl file, cutoff in A).
    """
    from ase.data import atomic_numbers

    with localcontext() as context:
        context.prec = DIGITS
        metals = [_Metal.of(e) for e in elements]
        cutoff = Decimal(5).sqrt() * max(m.re for m in metals)  # the fifth fcc shell, as the authors have it
        dr = cutoff / (N_GRID - 1)
        radii = [max(i * dr, R_SHORT) for i in range(N_GRID)]
        densities = [[m.density(r) for r in radii] for m in metals]
        pairs = [[m.pair(r) for r in radii] for m in metals]
        rho_max = max([Decimal(100), *(max(d) for d in densities), *(2 * m.rho_e for m in metals)])
        drho = rho_max / (N_GRID - 1)
        lines = [
            "Zhou, Johnson, Wadley, Phys. Rev. B 69, 144113 (2004)",
            "made from the published parameters; unlike pairs by Johnson's mixing rule",
            "",
            f"{len(elements)} {' '.join(elements)}",
            f"{N_GRID} {drho:.16E} {N_GRID} {dr:.16E} {cutoff:.16E}",
        ]
        for i, m in enumerate(metals):
            a0 = Decimal(2).sqrt() * m.re
            lines.append(f"{atomic_numbers[elements[i]]} {element_masses(elements[i : i + 1])[0]} {a0:.6f} fcc")
            lines += _columns([m.embedding(k * drho) for k in range(N_GRID)])
            lines += _columns(densities[i])
        for i in range(len(metals)):
            for j in range(i + 1):
                lines += _columns([r * p for r, p in zip(radii, _mixed(pairs, densities, i, j), strict=True)])
        return "\n".join(lines) + "\n", float(cutoff)


def _mixed(pairs: list[list[Decimal]], densities: list[list[Decimal]], i: int, j: int) -> list[Decimal]:
    if i == j:
        return pairs[i]
    return [
        (fb / fa * pa + fa / fb * pb) / 2
        for fa, fb, pa, pb in zip(densities[i], densities[j], pairs[i], pairs[j], strict=True)
    ]


def _columns(values: list[Decimal]) -> list[str]:
    texts = [f"{v:.16E}" for v in values]
    return [" ".join(texts[k : k + 5]) for k in range(0, len(texts), 5)]
