"""What the processes of a sharded fit are asked to do, read and checked alike by all of them."""

from __future__ import annotations

from dataclasses import dataclass

from xlcollab.api.ratings.settled import settled
from xlcollab.api.ratings.sharded.target import Target
from xlcollab.api.ratings.split import USUAL, HoldOut
from xlcollab.api.ratings.start import implied_settings, start_of
from xlcollab.api.session.provenance import Provenance
from xlcollab.errors import UsageError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    TrainingSettings,
)
from xlcollab.factor.models.spark import (
    refuse_for_spark,
)
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.checkpoint import Saving
from xlcollab.factor.sharded.run import check_sharded
from xlcollab.factor.training.train import Start
from xlcollab.settings.requests.ratings import FitRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the processes are to do, the same on all of them; `made` on the first one alone."""

    request: FitRequest
    target: Target
    model: ModelSettings
    training: TrainingSettings
    start: FactorModel | None
    made: Provenance | None


def asked_of(request: FitRequest, target: Target, processes: Processes) -> Asked:
    """What is asked for, its settings settled. Raises UsageError on what several processes, or a
    run that keeps a checkpoint, cannot do."""
    found = start_of(request.start, request.start_cells, request.place)
    model, training = settled(request, implied_settings(found))
    validation = HoldOut.of(request.validation_part)
    HoldOut.of(request.test_part)
    check_sharded(model, training, validated=bool(validation.ways) or training.patience is not None)
    if request.find_learning_rate or request.measures.folds is not None:
        raise UsageError(
            "--find-learning-rate and --folds run in one process that saves no checkpoint; run "
            "them first"
        )
    if target.is_for_spark:
        refuse_for_spark(model)
    made = None
    if processes.rank == 0:
        made = Provenance.of("fit", request, effective=(model, training))
    return Asked(
        request=request,
        target=target,
        model=model,
        training=training,
        start=_model_of(found),
        made=made,
    )


def _model_of(start: Start) -> FactorModel | None:
    if start is None or isinstance(start, FactorModel):
        return start
    raise UsageError(
        "--start-cells begin a run in one process that saves no checkpoint; save a model with it "
        "and begin with that by --start"
    )


def saving_of(request: FitRequest) -> Saving | None:
    """Where the state of the run is kept, if it is."""
    wanted = request.checkpointing
    if wanted.checkpoint is None:
        return None
    return Saving(wanted.checkpoint, wanted.checkpoint_every, wanted.resume)


def validation_of(asked: Asked) -> HoldOut:
    """What is set aside to stop by: a tenth where patience asks for something."""
    found = HoldOut.of(asked.request.validation_part)
    return USUAL if not found.ways and asked.training.patience is not None else found
