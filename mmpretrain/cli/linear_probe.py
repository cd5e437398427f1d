"""``mmpretrain linear-probe``."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.cli.features import (
    BatchSize,
    Checkpoint,
    FeatureData,
    ImageSize,
    ModelArgument,
    Out,
    PoolOption,
    RandomWeights,
    Stage,
    Workers,
    judge,
)
from mmpretrain.cli.outputs import Force
from mmpretrain.cli.shortcuts import Device

if TYPE_CHECKING:
    from mmpretrain.evaluation.features import FeatureBank


class Solver(str, Enum):
    """How the classifier is trained."""

    logistic = "logistic"
    sgd = "sgd"
    both = "both"


def linear_probe(
    model: ModelArgument,
    data: FeatureData,
    checkpoint: Checkpoint = None,
    random: RandomWeights = False,
    solver: Annotated[
        Solver, typer.Option(help="Logistic regression by L-BFGS, SGD as in the zoo's configs, or both.")
    ] = Solver.both,
    stage: Stage = "last",
    pool: PoolOption = PoolOption.auto,
    image_size: ImageSize = None,
    batch_size: BatchSize = 64,
    workers: Workers = 2,
    device: Device = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """Judge a backbone by a linear classifier on its features, which are computed once.

    Examples:

    `mmpretrain linear-probe work_dirs/mae --data photos/`

    `mmpretrain linear-probe resnet50_8xb32_in1k --data photos/ --stage all --solver logistic`
    """

    def classifier(bank: FeatureBank, queries: FeatureBank) -> list[dict[str, float]]:
        from mmpretrain.evaluation.features import judge_linearly

        return judge_linearly(
            bank, queries, ("logistic", "sgd") if solver is Solver.both else (solver.value,)
        )

    judge(
        "Linear classification", classifier, model, data, checkpoint, random, stage, pool, image_size,
        batch_size, workers, device, out, force,
    )  # fmt: skip
