"""
The planner: what of a campaign can be done now, given what is published.

`advance` is a pure function of the campaign and the published artifacts. Both managers (this machine, the
launchpad) call it after each stage; nothing else decides what comes next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from ..schemas.artifact import Artifact, Item
from . import basic, exploration, labelling, reconstruction, sampling, selection, training, validation
from .inputs import CampaignInputs
from .stage import Chain, Stage, singles

if TYPE_CHECKING:
    from jobflow import Flow

State = Literal["running", "paused", "converged", "stopped", "failed"]


class Published(Protocol):
    """What the planner may ask: both stores, and the retry policy's last word."""

    def get(self, item: Item) -> Artifact | None:
        """Return the artifact of an item, or None."""
        ...

    def given_up(self, item: Item) -> bool:
        """Whether the retry policy has given the item up."""
        ...


@dataclass
class StageView:
    """
    A stage with what is known of its items.

    Attributes
    ----------
    stage
        What it is.
    artifacts
        What is published, by key.
    lost
        Keys of items that were given up.
    dropped
        Keys of items that had nothing to work on: an earlier one of their chain is refused or lost.
    """

    stage: Stage
    artifacts: dict[str, Artifact]
    lost: tuple[str, ...]
    dropped: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether each item is published, given up or dropped."""
        return self.done == len(self.stage.items)

    @property
    def done(self) -> int:
        """Number of items that nothing more will be done about."""
        return len(self.artifacts) + len(self.lost) + len(self.dropped)

    @property
    def accepted(self) -> list[Artifact]:
        """Published artifacts that are no refusals, sorted by key."""
        return [a for _, a in sorted(self.artifacts.items()) if a.refusal is None]

    @property
    def refused(self) -> list[Artifact]:
        """Published refusals, sorted by key."""
        return [a for _, a in sorted(self.artifacts.items()) if a.refusal is not None]

    def pending(self) -> tuple[Chain, ...]:
        """What is left of each chain that is not complete."""
        done = self.artifacts.keys() | {*self.lost, *self.dropped}
        left = (tuple(i for i in chain if i.key not in done) for chain in self.stage.chains)
        return tuple(chain for chain in left if chain)


@dataclass
class Survey:
    """
    Everything that is known of a campaign.

    Attributes
    ----------
    stages
        In the order of the campaign, as far as it can be told.
    state
        ``running`` until there is nothing left to do; ``paused`` is set by a manager whose budget is spent.
    reason
        Why it is stopped or failed; one sentence.
    fit
        The newest potential (artifact key), or None.
    iterations
        How many iterations were begun; 0 is the basic set and EIP-GS.
    """

    stages: list[StageView] = field(default_factory=list)
    state: State = "running"
    reason: str = ""
    fit: str | None = None
    iterations: int = 0

    def stage(self, iteration: int, name: str) -> StageView | None:
        """Return one stage, or None when it has not been reached."""
        found = (s for s in self.stages if (s.stage.iteration, s.stage.name) == (iteration, name))
        return next(found, None)

    def named(self, name: str) -> list[StageView]:
        """All stages of a name, by iteration."""
        return [s for s in self.stages if s.stage.name == name]

    def reachable(self) -> dict[str, Artifact]:
        """All artifacts that belong to the campaign, by key."""
        return {key: a for s in self.stages for key, a in s.artifacts.items()}


def advance(inputs: CampaignInputs, published: Published, batches: int = 1) -> list[tuple[str, Flow]]:
    """
    Tell what can be done now.

    Parameters
    ----------
    inputs
        The resolved campaign.
    published
        What is there.
    batches
        Jobs a stage is cut into.

    Returns
    -------
    list of tuple
        (stage id, static flow) of each stage with work to do; empty when the campaign is at its end.
    """
    from .compute import stage_flow

    views = survey(inputs, published).stages
    return [(v.stage.id, stage_flow(v.stage, v.pending(), batches)) for v in views if not v.settled]


def survey(inputs: CampaignInputs, published: Published) -> Survey:
    """Walk through the campaign as far as the published artifacts allow."""
    return _Walk(inputs, published).run()


class _Halt(Exception):  # noqa: N818 - control flow of the walk, not an error
    """The walk cannot go on: something is pending, or the campaign is at its end."""


class _Walk:
    """One walk along a campaign."""

    def __init__(self, inputs: CampaignInputs, published: Published) -> None:
        self.inputs = inputs
        self.published = published
        self.survey = Survey()
        self.sources: dict[str, labelling.Source] = {}  # label key -> where its structure is

    def run(self) -> Survey:
        try:
            self._iteration_zero()
            self._loop()
        except _Halt:
            pass
        return self.survey

    # -- steps ------------------------------------------------------------------------------------------

    def _iteration_zero(self) -> None:
        inputs = self.inputs
        self.survey.iterations = 1
        cells = self._join(0, "basic set", basic.items(inputs))
        self._need_all(cells)
        active = selection.active_set_item(inputs, [a.key for a in cells.accepted])
        self.active_set = self._join(0, "active set", [active]).accepted
        self._need(bool(self.active_set), "the active set of the basic set could not be made")
        labels = self._open(0, "basic labels", self._label_items(0, basic.sources(cells.accepted)))
        chains = tuple((s, selection.candidates_item(inputs, s.key, active.key)) for s in sampling.items(inputs))
        sampled = self._open(0, "sampling", chains) if chains else None
        self._wait(sampled)
        candidates = [a for a in sampled.accepted if a.task == "candidates"] if sampled else []
        self._need(bool(candidates) or not chains, "no sampling run succeeded")
        self._environments_to_labels(0, candidates, active.key)
        self._wait(labels)
        self._check_refusals()
        self._train(0)

    def _loop(self) -> None:
        limit = self.inputs.campaign.active_learning.max_iterations
        for n in range(1, limit + 1):
            self.survey.iterations = n + 1
            fit, active = self.survey.fit, self.training_set
            assert fit is not None
            runs = self._join(n, "exploration", exploration.items(self.inputs, n, fit, active))
            self._need(bool(runs.accepted), f"no exploration run of iteration {n} could be started")
            if exploration.all_covered(runs.accepted) and len(runs.accepted) == len(runs.stage.items):
                self._finish("converged", f"gamma stays below gamma_select in every run of iteration {n}")
            labelled = len(self.sources)
            self._environments_to_labels(n, runs.accepted, active)
            self._check_refusals()
            if len(self.sources) == labelled:
                self._finish("stopped", _no_way_on(n, runs))
            self._train(n)
        self._finish("stopped", f"max_iterations {limit} reached")

    def _environments_to_labels(self, n: int, candidates: list[Artifact], active: str) -> None:
        if not candidates:
            return
        campaign = self.inputs.campaign
        gamma_select = campaign.active_learning.gamma_select if n else campaign.selection.gamma_select
        chosen = self._join(n, "selection", [selection.select_item(self.inputs, candidates, active, gamma_select)])
        self._need_all(chosen)
        environments = reconstruction.items(self.inputs, chosen.accepted[0])
        if not environments:
            return
        cells = self._join(n, "reconstruction", environments)
        self._check_refusals()
        self._join(n, "labels", self._label_items(n, reconstruction.sources(cells.accepted)))

    def _train(self, n: int) -> None:
        user = [a.key for v in self.survey.named("basic set") for a in v.accepted if a.document.get("labelled")]
        frames = {a.key: a.blobs["frame"] for v in self.survey.stages if "labels" in v.stage.name for a in v.accepted}
        sources = {k: s for k, s in self.sources.items() if k in frames}
        self._need(bool(sources or user), "no label was accepted: there is nothing to train on")
        dataset = self._join(n, "dataset", [training.dataset_item(self.inputs, sources, frames, user)])
        self._need_all(dataset)
        members = training.fit_items(self.inputs, dataset.accepted[0].key)
        active = selection.active_set_item(self.inputs, [dataset.accepted[0].key])
        trained = self._join(n, "training", [*members, active])
        self._need_all(trained)
        self.survey.fit, self.training_set = members[0].key, active.key

    def _finish(self, state: State, reason: str) -> None:
        self.survey.state, self.survey.reason = state, reason
        assert self.survey.fit is not None
        dataset = self.survey.named("dataset")[-1].accepted[0].key
        members = [a.key for a in self.survey.named("training")[-1].accepted if a.task == "fit"]
        items = validation.items(self.inputs, self.survey.fit, members, dataset)
        last = self._open(self.survey.iterations - 1, "validation", items)
        if not last.settled:
            self.survey.state = "running"
        raise _Halt

    # -- joins ------------------------------------------------------------------------------------------

    def _label_items(self, n: int, sources: list[labelling.Source]) -> list[Item]:
        """Label items of structures that no earlier iteration has asked for."""
        items = []
        for source in sources:
            item = labelling.item(self.inputs, source)
            if item.key not in self.sources:
                self.sources[item.key] = source.at(n)
                items.append(item)
        return items

    def _open(self, n: int, name: str, work: list[Item] | tuple[Chain, ...]) -> StageView:
        """Enter a stage without waiting for it."""
        chains = work if isinstance(work, tuple) else singles(work)
        stage = Stage(n, name, chains)
        found, lost = {}, []
        for item in stage.items:
            artifact = self.published.get(item)
            if artifact is not None:
                found[item.key] = artifact
            elif self.published.given_up(item):
                lost.append(item.key)
        view = StageView(stage, found, tuple(lost), tuple(i.key for i in _behind(stage, found, lost)))
        self.survey.stages.append(view)
        return view

    def _wait(self, view: StageView | None) -> None:
        if view is not None and not view.settled:
            raise _Halt

    def _join(self, n: int, name: str, work: list[Item]) -> StageView:
        """Enter a stage and go on only when it is settled."""
        view = self._open(n, name, work)
        self._wait(view)
        return view

    def _need(self, condition: bool, reason: str) -> None:
        if not condition:
            self.survey.state, self.survey.reason = "failed", reason
            raise _Halt

    def _need_all(self, view: StageView) -> None:
        if len(view.accepted) < len(view.stage.items):
            reasons = [r for a in view.refused for r in a.refusal.reasons]  # type: ignore[union-attr]
            self._need(False, f"{view.stage.name}: {'; '.join(reasons) or 'given up after repeated failures'}")

    def _check_refusals(self) -> None:
        """Stop when more than the allowed share of labels or of environments was refused or lost."""
        campaign = self.inputs.campaign
        for what, limit in (
            ("labels", campaign.reference.max_refused),
            ("reconstruction", campaign.reconstruction.max_refused),
        ):
            views = [v for v in self.survey.stages if what in v.stage.name]
            total = sum(len(v.stage.items) for v in views)
            no = sum(len(v.refused) + len(v.lost) for v in views)
            self._need(
                no <= limit * total,
                f"{what}: {no} of {total} refused or lost, more than max_refused {limit:g} allows; it may be raised",
            )


def _no_way_on(n: int, runs: StageView) -> str:
    """Say why an iteration that has not converged has nothing to learn from."""
    if not exploration.all_covered(runs.accepted):
        return f"iteration {n} found extrapolation but no new cell to label"
    broken = len(runs.stage.items) - len(runs.accepted)
    return f"{broken} of {len(runs.stage.items)} runs of iteration {n} broke down; the others met nothing new"


def _behind(stage: Stage, found: dict[str, Artifact], lost: list[str]) -> list[Item]:
    """Items that cannot be computed because an earlier one of their chain is refused or lost."""
    out = []
    for chain in stage.chains:
        blocked = False
        for item in chain:
            artifact = found.get(item.key)
            if blocked and artifact is None and item.key not in lost:
                out.append(item)
            blocked = blocked or item.key in lost or (artifact is not None and artifact.refusal is not None)
    return out
