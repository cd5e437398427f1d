"""``mmpretrain finetune --folds``: train and test each fold, and sum up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmpretrain.cli.say import say, shown

if TYPE_CHECKING:
    from mmpretrain.cli.shortcuts import Loading


def are_in(folder: Path) -> bool:
    """Whether a folder is that of a cross-validation."""
    from mmpretrain.finetuning.folded import is_cross_validation

    return is_cross_validation(folder)


def run(
    folder: Path, *, device: str | None = None, loading: Loading | None = None, launcher: str = "none"
) -> None:
    """Train and test the folds that are not done, and print mean and spread.

    Args:
        folder: Where the plans of the folds are.
        device: Where to run.
        loading: How samples are loaded.
        launcher: How the processes were started.
    """
    from mmpretrain.cli.finetune_run import train_and_test
    from mmpretrain.cli.kfold_cross_valid import print_folds
    from mmpretrain.cli.train import print_results
    from mmpretrain.evaluation.record import ARRAYS
    from mmpretrain.finetuning.folded import Results, join_predictions
    from mmpretrain.utils.dist import is_main_process

    results = Results.load(folder)
    for number in range(results.count):
        if number in results.metrics:
            say(f"Fold {number} is done already.")
            continue
        say(f"\nFold {number} of {results.count}", bold=True)
        own = folder / f"fold{number}"
        runner, metrics = train_and_test(
            own,
            resume=any(own.glob("*.pth")),
            device=device,
            page=False,
            loading=loading,
            launcher=launcher,
        )
        if runner.is_main:
            newest = max(own.glob(f"*/{ARRAYS}"), key=lambda path: path.stat().st_mtime)
            results.add(number, metrics, newest.parent, folder)
    if not is_main_process():
        return
    record = join_predictions(folder, results)
    table = f"{shown(record / 'predictions.csv')}: each image by the model that has not seen it"
    print_folds(results.metrics, results.count)
    print_results(
        "Cross-validation is done",
        {"folder": shown(folder), "predictions": table},
        [
            f"mmpretrain predict IMAGE --model {shown(folder)}  # the mean of the {results.count} models",
            f"mmpretrain report {shown(record)}",
        ],
    )
