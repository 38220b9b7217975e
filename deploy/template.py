"""The commented campaign file that `init` writes."""

from __future__ import annotations

from typing import Any

from ..schemas.errors import InputError
from ..schemas.scenario import Size

TEMPLATE = """\
# A defectgenome campaign. `defectgenome check FILE` validates it, `plan` says what it costs, `run` runs it.
# Lengths in A, energies in eV, temperatures in K, times in ps. A key left out takes the default shown.
campaign: {name}
seed: 42                                # one seed: the same file gives the same artifacts
material: {{elements: [{element}], structure: {structure}, lattice_constant: {a:.4g}}}

sampling:                               # large-scale simulations with an empirical potential (EIP-GS)
  potential: {potential}                   # zhou2004, a setfl file, or a YAML with pair_style and pair_coeff
  size: {size}                           # quick (a rehearsal) | standard | production
  scenarios:                            # `defectgenome scenarios` lists all of them with their parameters
    - {{kind: polycrystal, temperatures: [{temperatures}]}}
    - {{kind: polycrystal_tension, strain: 0.15}}
    - {{kind: nanoindentation, orientation: {indented}}}
{dislocation}    - {{kind: vacancies, concentration: 0.005}}
    # - {{kind: trajectory, files: ["mine/*.dump"]}}          # your own simulations

basic_set:                              # small cells; or your own: {{dataset: mine.extxyz, spec: same}}
  equation_of_state: true
  strains: 0.05
  rattles: [0.05, 0.1, 0.3]
  vacancy: true
  surfaces: {surfaces}
  gamma_surface: {planes}

selection:                              # D-optimal (MaxVol)
  descriptors: pod-117
  gamma_select: 2.0                     # environments above are new
  max_environments: {environments}                  # an iteration; those with most information
  context_radius: 14

reconstruction:                         # periodic cells around environments
  method: stitch
  core_radius: 6.0                      # held exactly as it was sampled
  exact_radius: 5.0                     # no atom missing and none extra around the centre
  max_atoms: 140
  effort: {effort}                       # quick | standard | thorough

reference:                              # what labels the cells
  engine: potential                     # a teacher potential: a rehearsal, its labels are NOT DFT
  potential: {teacher}
  limits: {{max_force: 100, max_pressure: 2.0, min_distance: 1.2}}
  max_refused: 0.1                      # share of refused labels that stops the campaign

training:
  potential: pod
  size: "{pod}"                          # descriptors: 34 | 73 | 117 | 255 | 343 | 530
  ensemble: {ensemble}                           # independent fits for the force uncertainty; 0: none
  test_fraction: 0.1                    # of the source environments, held out

active_learning:                        # MD with the new potential; stops when gamma < gamma_select everywhere
  scenarios:
    - {{kind: polycrystal, {exploration}}}
  gamma_select: 2.0
  gamma_break: 10.0                     # a run above ends there
  check_every: {every}
  max_iterations: {iterations}

# resources:                            # clusters; no part of the physics, may be edited later
#   reference: {{worker: clusterA, ntasks: 48, walltime: "04:00:00"}}
# budget: {{core_hours: 1000}}            # a hard limit; the campaign pauses there
"""

PAPER_TEMPERATURES = "300, 900, 1200, 2000"
BY_SIZE: dict[str, dict[str, object]] = {
    "quick": {
        "temperatures": "300, 2000",
        "exploration": "box: 32, grains: 2, duration: 0.3, temperatures: [300, 1200]",
        "environments": 14,
        "effort": "quick",
        "pod": "73",
        "ensemble": 4,
        "every": 25,
        "iterations": 8,
    },
    "standard": {
        "temperatures": PAPER_TEMPERATURES,
        "exploration": f"temperatures: [{PAPER_TEMPERATURES}]",
        "environments": 60,
        "effort": "standard",
        "pod": "255",
        "ensemble": 6,
        "every": 20,
        "iterations": 8,
    },
    "production": {
        "temperatures": PAPER_TEMPERATURES,
        "exploration": f"temperatures: [{PAPER_TEMPERATURES}]",
        "environments": 200,
        "effort": "thorough",
        "pod": "255",
        "ensemble": 6,
        "every": 20,
        "iterations": 12,
    },
}

LOW_INDEX = {
    "bcc": ("[[1, 0, 0], [1, 1, 0]]", "[[1, 1, 0], [1, 1, 2]]"),
    "fcc": ("[[1, 1, 1], [1, 0, 0]]", "[[1, 1, 1]]"),
    "diamond": ("[[1, 1, 1], [1, 1, 0]]", "[[1, 1, 1]]"),
    "hcp": ("[[0, 0, 1]]", "[[0, 0, 1]]"),
}


def campaign_template(element: str, size: Size) -> str:
    """
    Write a campaign for an element that the built-in sampling potential knows.

    Raises
    ------
    InputError
        If it does not know the element.
    """
    from ase.data import atomic_numbers, reference_states

    from ..tasks.sampling.eam_zhou import zhou2004

    if element not in atomic_numbers or element == "X":
        raise InputError(f"--element {element!r}: give a chemical symbol such as W or Cu")
    zhou2004([element])  # raises with the list of known elements
    state: dict[str, Any] = reference_states[atomic_numbers[element]] or {}
    structure = str(state.get("symmetry", "bcc"))
    surfaces, planes = LOW_INDEX[structure]
    teacher = (
        "finnis-sinclair" if element in {"W", "Mo", "Ta", "Nb", "V"} else "zhou2004   # same as sampling: a dry run"
    )
    return TEMPLATE.format(
        name=f"{element}-{size}",
        element=element,
        structure=structure,
        a=float(state["a"]),
        potential="zhou2004",
        size=size,
        teacher=teacher,
        surfaces=surfaces,
        planes=planes,
        indented="[0, 0, 1]" if structure == "hcp" else "[1, 0, 0]",
        dislocation="    - {kind: screw_dislocation}\n" if structure == "bcc" else "",
        **BY_SIZE[size],
    )
