"""One LAMMPS instance that relaxes cell after cell around a held core."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.errors import SimulationError
from ...schemas.pair_potential import PairPotential
from ..lammps import create_atoms, create_box, gather, lammps_session, pressure_tensor, to_lammps_cell, wrap

ENERGY_TOLERANCE = 1e-6  # relative, of `minimize`
FORCE_TOLERANCE = 1e-3  # eV/A


@dataclass(frozen=True)
class Configuration:
    """
    A cell in the axes of the environment, so that the core never moves; its centre is the origin.

    Attributes
    ----------
    cell
        Right-handed, rows are vectors, A, shape (3, 3).
    positions
        A, shape (N, 3); the core first.
    symbols
        Chemical symbols, N of them.
    n_core
        Size of the held core.
    """

    cell: np.ndarray
    positions: np.ndarray
    symbols: tuple[str, ...]
    n_core: int

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def core(self) -> np.ndarray:
        """Positions of the core, A."""
        return self.positions[: self.n_core]


@dataclass(frozen=True)
class State:
    """
    A configuration with its energies.

    Attributes
    ----------
    configuration
        Where the atoms are.
    energy
        eV.
    forces
        On all atoms, also on the held ones, eV/A, shape (N, 3).
    energies
        eV per atom, shape (N,).
    virial
        Pressure times volume, eV, shape (3, 3).
    """

    configuration: Configuration
    energy: float
    forces: np.ndarray
    energies: np.ndarray
    virial: np.ndarray

    @cached_property
    def box_gradient(self) -> np.ndarray:
        """
        dE/du for ``x -> x + x @ u`` of cell and mobile atoms with the core held, eV, shape (3, 3).

        The virial alone would assume that the core deforms with the box. Not symmetric: turning the box around
        the core changes the energy too.
        """
        c = self.configuration
        return -self.virial + c.core.T @ self.forces[: c.n_core]


@contextlib.contextmanager
def open_engine(potential: PairPotential) -> Iterator[Engine]:
    """
    Start an engine for one environment.

    A fresh instance each time: what was computed before cannot influence a result.
    """
    with tempfile.TemporaryDirectory(prefix="reconstruction-") as name, lammps_session() as lmp:
        potential.write(Path(name))
        yield Engine(lmp, potential, Path(name))


class Engine:
    """Evaluates and relaxes configurations; made by `open_engine`."""

    def __init__(self, lmp: Any, potential: PairPotential, directory: Path) -> None:
        self._lmp = lmp
        self._potential = potential
        self._directory = directory
        self._type = {symbol: i for i, symbol in enumerate(potential.elements, 1)}
        self._start()

    def _start(self) -> None:
        lmp = self._lmp
        lmp.command("clear")
        create_box(lmp, 20.0 * np.eye(3), len(self._type))
        lmp.commands_list(self._potential.commands(self._directory))
        lmp.commands_list(
            [
                "neighbor 0.8 bin",
                "neigh_modify every 1 delay 0 check yes",
                "compute pea all pe/atom",
                "thermo_modify lost error",
                "thermo_style custom step pe pxx pyy pzz pxy pxz pyz",
                "thermo 1000000",
                "min_style cg",
            ]
        )

    def evaluate(self, configuration: Configuration) -> State:
        """
        Energies and forces as it stands.

        Raises
        ------
        SimulationError
            If LAMMPS refuses it.
        """
        return self._run(configuration, 0)

    def minimise(self, configuration: Configuration, steps: int) -> State:
        """
        Relax all but the core by conjugate gradients at a fixed box.

        Parameters
        ----------
        configuration
            Start.
        steps
            At most this many.

        Raises
        ------
        SimulationError
            If LAMMPS refuses it.
        """
        return self._run(configuration, steps)

    def _run(self, configuration: Configuration, steps: int) -> State:
        try:
            rotation = self._load(configuration)
            if steps:
                self._lmp.commands_list(
                    [
                        "fix hold core setforce 0 0 0",
                        f"minimize {ENERGY_TOLERANCE} {FORCE_TOLERANCE} {steps} {4 * steps}",
                        "unfix hold",
                    ]
                )
            # forces on the core and their virial exist only without the fix
            self._lmp.command("run 0 post no")
            state = self._read(configuration, rotation, moved=steps > 0)
        except Exception as error:
            if isinstance(error, SimulationError) or "ERROR" in str(error):
                self._start()
                raise SimulationError(f"LAMMPS: {str(error).strip()}") from error
            raise
        if not np.isfinite(state.energy):
            raise SimulationError(f"energy of a trial cell is {state.energy}")
        return state

    def _load(self, configuration: Configuration) -> np.ndarray:
        lmp = self._lmp
        h, rotation = to_lammps_cell(configuration.cell)
        x = configuration.positions @ rotation + 0.5 * h.sum(axis=0)
        if lmp.get_natoms():
            lmp.commands_list(["group core clear", "delete_atoms group all compress yes"])
        lmp.reset_box([0.0, 0.0, 0.0], np.diag(h).tolist(), h[1, 0], h[2, 1], h[2, 0])
        create_atoms(lmp, wrap(x, h, (True,) * 3), [self._type[s] for s in configuration.symbols])
        lmp.command(f"group core id 1:{configuration.n_core}")
        return rotation

    def _read(self, configuration: Configuration, rotation: np.ndarray, *, moved: bool) -> State:
        lmp = self._lmp
        positions = configuration.positions
        if moved:
            h = configuration.cell @ rotation
            x = (gather(lmp, "x") - 0.5 * h.sum(axis=0)) @ rotation.T
            shift = (x - positions) @ np.linalg.inv(configuration.cell)
            x -= np.round(shift) @ configuration.cell
            x[: configuration.n_core] = positions[: configuration.n_core]
            positions = x
        volume = abs(float(np.linalg.det(configuration.cell)))
        return State(
            configuration=Configuration(configuration.cell, positions, configuration.symbols, configuration.n_core),
            energy=float(lmp.get_thermo("pe")),
            forces=gather(lmp, "f") @ rotation.T,
            energies=gather(lmp, "c_pea", 1),
            virial=rotation @ pressure_tensor(lmp) @ rotation.T * volume,
        )
