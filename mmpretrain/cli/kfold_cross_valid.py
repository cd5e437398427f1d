"""``mmpretrain kfold-cross-valid``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmpretrain.cli.options import Amp, CfgOptions, ConfigArgument, Launcher, LocalRank, WorkDir, load_config
from mmpretrain.cli.say import say
from mmpretrain.cli.shortcuts import Device

if TYPE_CHECKING:
    from mmpretrain.config import Config

#: Where the results of the folds are kept, in the work folder.
RESULTS = "kfold.json"


def kfold_cross_valid(
    config: ConfigArgument,
    num_splits: Annotated[int, typer.Option(metavar="K", min=2, help="Number of parts.")],
    fold: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Train and validate this fold only, from 0.")
    ] = None,
    work_dir: WorkDir = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of the parts and of the trainings.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue: folds that are done are left, the one that broke off resumes."
        ),
    ] = False,
    amp: Amp = False,
    no_validate: Annotated[bool, typer.Option("--no-validate", help="Train without validation.")] = False,
    auto_scale_lr: Annotated[
        bool, typer.Option("--auto-scale-lr", help="Scale the learning rate with the batch size.")
    ] = False,
    no_pin_memory: Annotated[bool, typer.Option("--no-pin-memory", help="Do not pin host memory.")] = False,
    no_persistent_workers: Annotated[
        bool, typer.Option("--no-persistent-workers", help="Start new data workers for each epoch.")
    ] = False,
    stratified: Annotated[
        bool,
        typer.Option("--stratified/--no-stratified", help="Give each part the same share of each class."),
    ] = True,
    group_by: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Keep samples together that agree in this key of their record."),
    ] = None,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Print the results of the folds that are done, and train nothing."),
    ] = False,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Use deterministic algorithms only.")
    ] = False,
    device: Device = None,
    cfg_options: CfgOptions = None,
    launcher: Launcher = "none",
    local_rank: LocalRank = 0,
) -> None:
    """Train K times, each time validating on another part of the training data, and sum up the results.

    Examples:

    `mmpretrain kfold-cross-valid lenet5_digits --num-splits 5`

    `mmpretrain kfold-cross-valid lenet5_digits --num-splits 5 --resume`
    """
    from mmpretrain.errors import ConfigError

    if fold is not None and fold >= num_splits:
        raise ConfigError(
            f"there is no fold {fold} of {num_splits}: they are numbered from 0", where="--fold"
        )
    cfg = load_config(config, cfg_options, work_dir)
    folder = Path(cfg.work_dir)
    setting = {"num_splits": num_splits, "seed": seed or 0, "stratified": stratified, "group_by": group_by}
    done = _earlier(folder / RESULTS, setting) if resume or summary else {}
    if summary:
        if not done:
            raise ConfigError(f"no fold is done in {str(folder)!r}", where="--summary")
        print_folds(done, num_splits)
        return
    if deterministic:
        cfg.randomness = {**(cfg.get("randomness") or {}), "deterministic": True}
    if not resume and fold is None and (folder / RESULTS).exists():
        raise ConfigError(
            f"{str(folder / RESULTS)!r} holds the results of an earlier cross-validation",
            hint="Add --resume, or choose another --work-dir.",
        )
    chosen = range(num_splits) if fold is None else [fold]
    for number in chosen:
        if number in done:
            say(f"Fold {number} is done already.")
            continue
        say(f"\nFold {number} of {num_splits}", bold=True)
        done[number] = _train(
            cfg, number, setting, resume=resume, amp=amp, validate=not no_validate,
            auto_scale_lr=auto_scale_lr,
            pin_memory=not no_pin_memory, persistent_workers=not no_persistent_workers, device=device,
            seeded=seed is not None,
            launcher=launcher, local_rank=local_rank,
        )  # fmt: skip
        _keep(folder / RESULTS, setting, done)
    print_folds(done, num_splits)


def _train(
    cfg: Config,
    fold: int,
    setting: Mapping[str, Any],
    *,
    resume: bool,
    device: str | None,
    seeded: bool,
    **options: Any,
) -> dict[str, float]:
    """Train one fold, and return the metrics of its last validation, and the best score."""
    from mmpretrain.analysis.cross_validation import fold_config
    from mmpretrain.cli import shortcuts, train

    fold_cfg = fold_config(cfg, fold, **setting)
    fold_cfg.work_dir = str(Path(cfg.work_dir, f"fold{fold}"))
    fold_cfg.experiment_name = f"{Path(cfg.filename or 'kfold').stem}_fold{fold}"
    if seeded:
        fold_cfg.randomness = {**(cfg.get("randomness") or {}), "seed": setting["seed"]}
    shortcuts.apply(fold_cfg, ("train", "val"), device=device)
    train.prepare(fold_cfg, resume="auto" if resume and Path(fold_cfg.work_dir).is_dir() else None, **options)
    runner = train.run(fold_cfg, summary=False)
    metrics = {str(name): float(value) for name, value in _numbers(runner.state.metrics)}
    if runner.state.best_score is not None:
        metrics["best_score"] = float(runner.state.best_score)
    return metrics


def _numbers(metrics: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in (metrics or {}).items() if isinstance(value, (int, float))]


def _earlier(path: Path, setting: Mapping[str, Any]) -> dict[int, dict[str, float]]:
    """Read the results of folds that are done.

    Raises:
        ConfigError: If they are those of other parts.
    """
    from mmpretrain.errors import ConfigError
    from mmpretrain.utils import plain_data

    if not path.exists():
        return {}
    content = plain_data.load(path)
    folds = content.get("folds") if isinstance(content, dict) else None
    if not isinstance(folds, dict) or not all(str(name).isdecimal() for name in folds):
        raise ConfigError("these are no results of a cross-validation", where=str(path))
    if content.get("setting") != dict(setting):
        raise ConfigError(
            f"the folds there were made with {content.get('setting')}, and not with {dict(setting)}",
            where=str(path),
            hint="Give the same options, or choose another --work-dir.",
        )
    return {int(name): dict(values) for name, values in folds.items()}


def _keep(path: Path, setting: Mapping[str, Any], done: Mapping[int, dict[str, float]]) -> None:
    from mmpretrain.utils.atomic import write_atomic
    from mmpretrain.utils.dist import is_main_process

    if is_main_process():
        text = json.dumps(
            {"setting": dict(setting), "folds": {str(k): v for k, v in sorted(done.items())}}, indent=2
        )
        write_atomic(path, lambda file: file.write(text.encode()))


def print_folds(done: Mapping[int, Mapping[str, float]], num_splits: int) -> None:
    """Print the metrics of folds, their mean and their standard deviation."""
    from rich.console import Console
    from rich.table import Table

    from mmpretrain.analysis.cross_validation import summary
    from mmpretrain.utils.dist import is_main_process
    from mmpretrain.utils.text import cell

    if not is_main_process():
        return
    folds = sorted(done)
    table = Table("metric", *(f"fold {number}" for number in folds), "mean", "std", title_justify="left")
    table.title = f"{len(folds)} of {num_splits} folds"
    for name, (mean, deviation) in summary([dict(done[number]) for number in folds]).items():
        values = [f"{done[number][name]:.4f}" for number in folds]
        table.add_row(cell(name), *values, f"{mean:.4f}", f"{deviation:.4f}")
    Console(soft_wrap=True).print(table)
