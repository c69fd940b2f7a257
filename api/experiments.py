"""Says how the variants of an experiment with words compare, to operators."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path

from activities.store.experiments import Experiments
from api.answers import problems
from api.callers import Callers
from domain.callers import Caller, Scope
from domain.experiments import Counts, Experiment, Report, report
from domain.status import Status

_EXAMPLE = report(
    Experiment(name="nearby-tone", status=Status.NEARBY, variants={"plain": 1, "warm": 1}),
    {
        "plain": Counts(recipients=1000, told=1000, reported=400, delivered=390, inbox=980, read=410),
        "warm": Counts(recipients=1010, told=1008, reported=398, delivered=391, inbox=990, read=470),
    },
)


_Name = Annotated[
    str, Path(description="The experiment, as the file of experiments calls it", examples=["nearby-tone"])
]


class ExperimentsDoor:
    """Answers by the ledger. Which experiments there are is read when the API starts."""

    def __init__(self, experiments: Sequence[Experiment], counting: Experiments, callers: Callers) -> None:
        self._experiments = {one.name: one for one in experiments}
        self._counting, self._callers = counting, callers

    def router(self) -> APIRouter:
        """What it answers to."""
        router = APIRouter(tags=["Operations"])
        reader = Depends(self._callers.with_scope(Scope.READ_OPERATIONS))
        example = {"content": {"application/json": {"example": _EXAMPLE.model_dump(mode="json")}}}

        @router.get(
            "/v1/experiments/{name}",
            responses={200: example, **problems(401, 403, 404, 503)},
        )
        async def experiment(name: _Name, _: Annotated[Caller, reader]) -> Report:
            """How many recipients each variant told, reached and was read by, and how the variants differ."""
            if (found := self._experiments.get(name)) is None:
                raise HTTPException(404, "no such experiment")
            return report(found, await self._counting.counts(found))

        return router
