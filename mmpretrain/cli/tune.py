"""``mmpretrain tune``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, Data, load_config
from mmpretrain.cli.say import say, shown
from mmpretrain.cli.shortcuts import Cache, CacheSize, Device, Epochs, Loading
from mmpretrain.errors import ConfigError, MMPretrainError
from mmpretrain.utils.suggest import did_you_mean

if TYPE_CHECKING:
    from mmpretrain.analysis.tuning import Dimension
    from mmpretrain.config import Config


Space = Annotated[
    list[str] | None,
    typer.Option(
        "--space",
        metavar="KEY=VALUES...",
        help="What to vary: `lr=1e-5..1e-2:log`, `batch_size=16,32`, any key of the config.",
    ),
]
Metric = Annotated[
    str | None, typer.Option(metavar="NAME", help="The metric; that of the best checkpoint by default.")
]
Rule = Annotated[
    Literal["greater", "less"] | None, typer.Option(help="Which way it is better; its name tells.")
]
Prune = Annotated[
    bool, typer.Option("--prune/--no-prune", help="End trainings early that are worse than the median.")
]
Folder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where to write; work_dirs/tune_CONFIG by default.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the trials that are there, and with what they vary.")
]


def tune(
    config: ConfigArgument,
    space: Space = None,
    trials: Annotated[int, typer.Option("--trials", metavar="N", min=1, help="Number of trainings.")] = 20,
    data: Data = None,
    epochs: Epochs = None,
    metric: Metric = None,
    rule: Rule = None,
    prune: Prune = True,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the choices.")] = 0,
    work_dir: Folder = None,
    resume: Resume = False,
    device: Device = None,
    cache: Cache = None,
    cache_size: CacheSize = None,
    cfg_options: CfgOptions = None,
) -> None:
    """Look for the best settings of a config: many trainings, the bad ones ended early.

    Trials are kept in tune.db, the winner as best.py. It needs Optuna: pip install 'mmpretrain[tune]'

    Examples:

    `mmpretrain tune work_dirs/finetune_photos/plan/finetune.py --space lr=1e-4..1e-2:log --trials 10`

    `mmpretrain tune lenet5_digits --space lr=0.01..1:log batch_size=32,64 --epochs 3`
    """
    from mmpretrain.cli import overrides, shortcuts
    from mmpretrain.cli.checks import check_before_start

    cfg = load_config(config, cfg_options)
    shortcuts.apply(cfg, ("train", "val"), epochs=epochs, device=device)
    if data is not None:
        overrides.use_data(cfg, data)
    Loading(cache=cache, cache_size=cache_size).apply(cfg, ("train", "val"))
    overrides.set_loader_defaults(cfg)
    folder = work_dir or usual_folder(cfg.filename or "config")
    search = _search_of(cfg, folder, space or [], metric, rule, resume)
    check_before_start(cfg, ("train", "val"))
    study = _study(search, folder, seed, prune)
    _run(study, cfg, search, trials, folder)
    _finish(study, cfg, search, folder)


@dataclass(frozen=True)
class Search:
    """What is looked for.

    Attributes:
        space: The texts that say what to vary.
        dimensions: What they mean.
        metric: The metric.
        rule: Which way it is better.
    """

    space: Sequence[str]
    dimensions: Sequence[Dimension]
    metric: str
    rule: Literal["greater", "less"]


def usual_folder(config: str) -> Path:
    """Return the folder for the search of a config: those of finetune all have the same name."""
    path = Path(config)
    return Path("work_dirs") / f"tune_{path.parent.parent.name if path.parent.name == 'plan' else path.stem}"


def _search_of(
    cfg: Config, folder: Path, space: Sequence[str], metric: str | None, rule: Any, resume: bool
) -> Search:
    """Read the options; what they leave out is as it was in the search that goes on."""
    from mmpretrain.analysis import tuning

    if not space and not resume:
        raise ConfigError(
            "no setting to vary is given", where="--space", hint="Such as --space lr=1e-4..1e-2:log"
        )
    tuning.parse_space(space)  # before anything else is said
    _check_folder(folder, resume, tuning.STORAGE)
    known: list[str] = []
    if resume:
        known, own = tuning.kept_search(tuning.stored_study(folder))
        metric = metric or own
    texts = space or known
    if not texts:
        raise ConfigError("the earlier trials do not say which settings they varied", where="--space")
    dimensions = tuning.parse_space(texts)
    _require_keys(cfg, dimensions)
    name = metric or tuning.metric_of(cfg)
    return Search(texts, dimensions, name, tuning.direction(name, rule))


def _study(search: Search, folder: Path, seed: int, prune: bool) -> Any:
    from mmpretrain.analysis import tuning

    folder.mkdir(parents=True, exist_ok=True)
    study = tuning.open_study(folder, search.rule, seed, prune)
    tuning.keep_search(study, search.space, search.metric)
    return study


def _require_keys(cfg: Config, dimensions: Sequence[Dimension]) -> None:
    from mmpretrain.analysis import tuning

    for one in dimensions:
        if one.keys == (one.name,) and "." not in one.name and one.name not in cfg:
            known = [*tuning.SHORT, *cfg]
            hint = did_you_mean(one.name, known) or f"Name {', '.join(tuning.SHORT)} or a key of the config."
            raise ConfigError(f"the config has no {one.name}", where=f"--space {one.name}", hint=hint)
        for key in one.keys:
            parent, _, last = key.rpartition(".")
            node: Any = cfg
            for part in filter(None, parent.split(".")):
                node = node.get(part) if hasattr(node, "get") else None
            if not hasattr(node, "get") or (one.name != key and last not in node):
                raise ConfigError(f"the config has no {key}", where=f"--space {one.name}")


def _check_folder(folder: Path, resume: bool, storage: str) -> None:
    if (folder / storage).exists() and not resume:
        raise ConfigError(
            f"{str(folder)!r} holds the trials of an earlier search",
            where="--work-dir",
            hint="Go on with it: --resume. Or choose another folder.",
        )
    if resume and not (folder / storage).exists():
        raise ConfigError(f"there are no trials in {str(folder)!r} to go on with", where="--resume")


def _run(study: Any, cfg: Config, search: Search, trials: int, folder: Path) -> None:
    """Run what is missing of ``trials`` trials; one that fails is told, and the others go on."""
    import torch

    from mmpretrain.analysis.tuning import run_trial

    counted = ("COMPLETE", "PRUNED", "FAIL")
    done = sum(trial.state.name in counted for trial in study.get_trials(deepcopy=False))
    for number in range(done, trials):
        trial = study.ask()
        own = cfg.copy()
        own.work_dir = str(folder / f"trial_{trial.number}")
        try:
            value, pruned = run_trial(own, search.dimensions, trial, search.metric, search.rule)
        except (MMPretrainError, torch.OutOfMemoryError) as error:
            study.tell(trial, state=_state("FAIL"))
            say(f"Trial {number + 1} of {trials} failed: {error}", fg="yellow", err=True)
            continue
        study.tell(trial, None if pruned else value, state=_state("PRUNED") if pruned else None)
        told = ", ".join(f"{key} {_short(text)}" for key, text in trial.params.items())
        early = " (ended early)" * pruned
        say(f"Trial {number + 1} of {trials}: {search.metric} {value:.4f}{early}  {told}")


def _state(name: str) -> Any:
    from mmpretrain.utils.optional import optional_import

    return getattr(optional_import("optuna", feature="mmpretrain tune", extra="tune").trial.TrialState, name)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _finish(study: Any, cfg: Config, search: Search, folder: Path) -> None:
    from mmpretrain.analysis.tuning import best_values, changed
    from mmpretrain.cli.train import print_results

    complete = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    if not complete:
        hint = "Add --trials, or leave out what fails from --space."
        raise ConfigError("no trial came to its end", hint=hint)
    values = best_values(study, search.dimensions)
    winner = changed(cfg, search.dimensions, values)
    winner.pop("work_dir", None)
    path = folder / "best.py"
    winner.dump(path)
    best, count = study.best_trial, len(study.get_trials(deepcopy=False))
    rows = {
        "best": f"{search.metric} {best.value:.4f} in trial {best.number} of {count}",
        "settings": ", ".join(f"{name}={_short(value)}" for name, value in values.items()),
        "config": shown(path),
        "trials": shown(folder / "tune.db"),
    }
    print_results("The search is done", rows, [f"mmpretrain train {shown(path)}"])
