"""Training from a dataset to a directory: split, fit, errors from the written file, active set, ensemble."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.pair_potential import PairPotential
from ...schemas.potential import ACTIVE_SET_NAME, PotentialCard
from ..selection.active_set import build_active_set
from ..selection.pod_basis import pod_basis
from .ensemble import calibration, member_frames
from .evaluate import evaluate
from .origin import dataset_hash, origin_of
from .pod import REGULARISATION, WEIGHTS, fit_pod, pod_potential, species
from .potential_directory import TrainedPotential
from .split import assert_disjoint, split

if TYPE_CHECKING:
    from ase import Atoms

LARGE = "530"  # what `large` means
DESCRIPTORS_AT_MOST = 117


@dataclass(frozen=True)
class TrainOptions:
    """
    How to train.

    Attributes
    ----------
    size
        Name of the POD basis, or ``large``.
    test_fraction
        Expected share of the source environments that is held out.
    ensemble
        Members, the potential itself included; 0 or 1 for none.
    descriptors
        That the active set is made with; by default the potential's own up to pod-117, and pod-117 beyond: what
        gamma costs in MD comes on top of the forces.
    weights, regularisation
        See `fit_pod`.
    by
        Info key that errors are listed by.
    """

    size: str = "255"
    test_fraction: float = 0.1
    ensemble: int = 0
    descriptors: str | None = None
    weights: tuple[float, float] = WEIGHTS
    regularisation: float = REGULARISATION
    by: str = "family"

    @property
    def basis(self) -> str:
        """Size of the basis, ``large`` resolved."""
        size = LARGE if self.size == "large" else self.size
        return str(pod_basis(size).descriptors)

    @property
    def active_set_descriptors(self) -> str:
        """Descriptors of the active set, the default resolved."""
        return self.descriptors or f"pod-{min(int(self.basis), DESCRIPTORS_AT_MOST)}"


def _quiet(_: str) -> None:
    """Say nothing."""


def train_pod(
    frames: Sequence[Atoms], options: TrainOptions, seed: int, say: Callable[[str], None] = _quiet
) -> TrainedPotential:
    """
    Train a POD potential.

    Parameters
    ----------
    frames
        Labelled structures of one origin.
    options
        Size, split, ensemble.
    seed
        Of the split and of the ensemble.
    say
        Called with what begins next.

    Raises
    ------
    InputError
        If a frame cannot be fitted.
    MixedLabelsError
        If the labels have several origins.
    SimulationError
        If the fit fails.
    """
    started = time.process_time()
    origin_of(frames)  # labels of several origins are refused before anything is fitted
    elements = sorted({s for f in frames for s in f.get_chemical_symbols()})
    train, test = split(frames, options.test_fraction, seed)
    assert_disjoint(train, test)
    say(f"fitting POD {options.basis} to {len(train)} structures ({sum(map(len, train))} atoms)")
    files = fit_potential(
        train, options.basis, elements, weights=options.weights, regularisation=options.regularisation
    )
    fit_seconds = time.process_time() - started
    say(f"evaluating the written potential on {len(train)} training and {len(test)} held-out structures")
    errors = evaluate_split(files, elements, train, test, options.by)
    descriptors = options.active_set_descriptors
    say(f"building the active set ({descriptors})")
    active_set = build_active_set(train, descriptors, elements).to_bytes()
    ensemble = [files]
    for member in range(1, options.ensemble):
        say(f"fitting member {member + 1} of {options.ensemble}")
        ensemble.append(fit_potential(member_frames(train, member, seed), options.basis, elements, member=member))
    if len(ensemble) > 1:
        errors["force_uncertainty"] = calibration([main_potential(f, elements) for f in ensemble], test or train)
    return assemble(
        ensemble,
        active_set=active_set,
        descriptors=descriptors,
        size=options.basis,
        train=train,
        test=test,
        split={"test_fraction": options.test_fraction, "seed": seed},
        errors=errors,
        weights=options.weights,
        regularisation=options.regularisation,
        provenance={
            "cpu_seconds_fit": round(fit_seconds, 1),
            "cpu_seconds": round(time.process_time() - started, 1),
        },
    )


def assemble(
    fits: Sequence[Mapping[str, bytes]],
    *,
    active_set: bytes,
    descriptors: str,
    size: str,
    train: Sequence[Atoms],
    test: Sequence[Atoms],
    split: Mapping[str, Any],
    errors: dict[str, Any],
    provenance: Mapping[str, Any],
    weights: tuple[float, float] = WEIGHTS,
    regularisation: float = REGULARISATION,
) -> TrainedPotential:
    """
    Put the parts of a trained potential together, with its card.

    Parameters
    ----------
    fits
        Files of each member as `fit_potential` gives them; the first is the potential itself.
    active_set
        `ActiveSet.to_bytes`, over the training structures.
    descriptors
        Of the active set.
    size
        Of the basis.
    train, test
        Both sides of the split.
    split
        ``test_fraction`` and ``seed``.
    errors
        As `evaluate_split` gives them, and ``force_uncertainty`` for an ensemble.
    provenance
        What more is to be told of its making.
    weights, regularisation
        Of the fit.
    """
    origin = origin_of(train)
    potential = main_potential(fits[0], species(fits[0]))
    elements = potential.elements
    members = {name: data for fit in fits[1:] for name, data in _coefficients(fit).items()}
    files = {**fits[0], ACTIVE_SET_NAME: active_set, "in.lammps": lammps_input(potential)}
    card = PotentialCard(
        size=size,
        elements=elements,
        cutoff=float(potential.info["cutoff"]),
        files=_roles(files),
        members=tuple(members),
        descriptors=descriptors,
        n_structures=len(train),
        n_atoms=sum(map(len, train)),
        dataset=dataset_hash(train),
        split={
            **split,
            "by": "source environment",
            "n_test": len(test),
            "test_dataset": dataset_hash(test) if test else None,
        },
        fit={"weight_energy": weights[0], "weight_force": weights[1], "regularisation": regularisation},
        errors=errors,
        engine=origin.engine,
        spec=origin.spec,
        dft=origin.is_dft,
        lammps=tuple(potential.commands(Path())),
        provenance={
            **provenance,
            "lammps": importlib.metadata.version("lammps"),
            "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )
    return TrainedPotential({**files, **members}, card)


def fit_potential(
    frames: Sequence[Atoms],
    size: str,
    elements: Sequence[str],
    *,
    weights: tuple[float, float] = WEIGHTS,
    regularisation: float = REGULARISATION,
    member: int = 0,
) -> dict[str, bytes]:
    """
    Fit one potential: the parameter and the coefficient file (see `fit_pod`).

    Parameters
    ----------
    frames, size, elements, weights, regularisation
        As for `fit_pod`.
    member
        Above 0, the coefficient file is named after it.
    """
    name = f"_member{member}" if member else ""
    return fit_pod(frames, size, elements, weights=weights, regularisation=regularisation, member=name)


def evaluate_split(
    files: Mapping[str, bytes],
    elements: Sequence[str],
    train: Sequence[Atoms],
    test: Sequence[Atoms],
    by: str = "family",
) -> dict[str, Any]:
    """
    Errors on both sides of a split, from the files as they will be used.

    Returns
    -------
    dict
        ``train`` and ``test``, each as `Errors.summary` gives it; ``test`` is None without held-out structures.
    """
    potential = main_potential(files, elements)
    key = by if any(by in f.info for f in (*train, *test)) else None
    return {
        "train": evaluate(potential, train, key).summary(),
        "test": evaluate(potential, test, key).summary() if test else None,
    }


def main_potential(files: Mapping[str, bytes], elements: Sequence[str]) -> PairPotential:
    """Make a potential from the files of one fit."""
    own = {n: d for n, d in files.items() if n.endswith(".pod")}
    return pod_potential(own, elements)


def lammps_input(potential: PairPotential) -> bytes:
    """Write the lines of a LAMMPS input that use the potential, as a file."""
    lines = [
        "# Include this after the box is created; the atom types are " + " ".join(potential.elements) + ".",
        "# units metal and atom_style atomic are needed. pair_style pod corrupts memory for an atom with fewer than",
        "# two neighbours (lammps/lammps#5114): stop a run before atoms evaporate.",
        *potential.commands(Path()),
    ]
    return ("\n".join(lines) + "\n").encode()


def _coefficients(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {n: d for n, d in files.items() if n.endswith("_coefficients.pod")}


def _roles(files: Mapping[str, bytes]) -> dict[str, str]:
    coefficients = [n for n in files if n.endswith("_coefficients.pod")]
    parameters = [n for n in files if n.endswith(".pod") and n not in coefficients]
    return {
        "parameters": parameters[0],
        "coefficients": coefficients[0],
        "active_set": ACTIVE_SET_NAME,
        "lammps": "in.lammps",
    }
