"""Looking for the best settings of a config: trials, pruned on the validation metric, with Optuna."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError, DataError, MMPretrainError
from mmpretrain.registry import RUNNERS
from mmpretrain.utils.better import which_is_better
from mmpretrain.utils.brief import brief_text
from mmpretrain.utils.optional import optional_import

if TYPE_CHECKING:
    from mmpretrain.config import Config
    from mmpretrain.engine.session import Session

#: Short names -> the keys of a config that they stand for.
SHORT = {
    "lr": ("optim_wrapper.optimizer.lr",),
    "weight_decay": ("optim_wrapper.optimizer.weight_decay",),
    "batch_size": ("train_dataloader.batch_size",),
    "epochs": ("train_cfg.max_epochs",),
}
#: Settings that are no whole numbers, even if their limits are.
MEASURES = ("lr", "weight_decay")
#: The file in the work folder that keeps the trials, and the name of the study in it.
STORAGE, STUDY = "tune.db", "tune"
#: Trials that always end, before the others are compared with them.
STARTUP = 3
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(:log)?")


@dataclass(frozen=True)
class Dimension:
    """A setting to vary.

    Attributes:
        name: What it is called.
        keys: The keys of the config that it sets.
        low, high: Limits of a number; None for choices.
        log: Draw the logarithm.
        choices: The values to choose from.
    """

    name: str
    keys: tuple[str, ...]
    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def draw(self, trial: Any) -> Any:
        """Return the value for a trial."""
        if self.choices:  # by their texts, as a storage keeps plain values only
            texts = [repr(choice) for choice in self.choices]
            return self.choices[texts.index(trial.suggest_categorical(self.name, texts))]
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        suggest = trial.suggest_int if whole else trial.suggest_float
        return suggest(self.name, self.low, self.high, log=self.log)


def parse_space(texts: Sequence[str]) -> list[Dimension]:
    """Read what to vary: ``lr=1e-5..1e-2:log``, ``batch_size=16,32,64``, ``model.head.topk=(1,),(1,5)``.

    Raises:
        ConfigError: If a text is not understood, or two are about the same setting.
    """
    found: dict[str, Dimension] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name, values = name.strip(), values.strip()
        if not equals or not re.fullmatch(r"[\w.]+", name) or not values:
            raise ConfigError(
                f"{text!r} is no range of a setting", where="--space",
                hint="Write lr=1e-5..1e-2:log or batch_size=16,32,64.",
            )  # fmt: skip
        if name in found:
            raise ConfigError(f"{name} is given twice", where="--space")
        found[name] = _dimension(name, values)
    return list(found.values())


def _dimension(name: str, values: str) -> Dimension:
    keys = SHORT.get(name, (name,))
    if match := _RANGE.fullmatch(values):
        low, high = (_plain(match[i]) for i in (1, 2))
        log = bool(match[3])
        if not low < high or (log and low <= 0):
            raise ConfigError(
                f"{name} cannot go from {low} to {high}" + (" by its logarithm" * log), where="--space"
            )
        if isinstance(low, int) != isinstance(high, int) or name.rpartition(".")[2] in MEASURES:
            low, high = float(low), float(high)
        return Dimension(name, keys, low, high, log)
    if ".." in values:
        raise ConfigError(
            f"{name} has no range of numbers: {values}", where="--space", hint=f"Write {name}=0.1..10."
        )
    try:
        choices = ast.literal_eval(f"[{values}]")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        choices = [part.strip() for part in values.split(",")]
        if any(mark in values for mark in "[](){}"):
            raise ConfigError(f"{name} has values that cannot be read: {values}", where="--space") from None
    if len({repr(choice) for choice in choices}) < 2:
        hint = "Set it in the config."
        raise ConfigError(f"{name} has one value only: {values}", where="--space", hint=hint)
    return Dimension(name, keys, choices=tuple(choices))


def _plain(text: str) -> float | int:
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


class ReportHook(Hook):
    """Tells a trial the metric of each validation, and ends the training if others were better by then.

    Args:
        trial: The trial of Optuna.
        metric: The metric.
        rule: Which way it is better.
    """

    priority = "LOWEST"

    def __init__(self, trial: Any, metric: str, rule: Literal["greater", "less"]) -> None:
        self.trial, self.metric = trial, metric
        self.better: Callable[[float, float], float] = max if rule == "greater" else min
        self.best: float | None = None
        self.pruned = False

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Report."""
        if metrics is None or self.metric not in metrics:
            known = ", ".join(metrics or ()) or "none"
            raise ConfigError(
                f"validation gives no {self.metric!r}", where="--metric", hint=f"It gives: {known}."
            )
        value = float(metrics[self.metric])
        self.best = value if self.best is None else self.better(self.best, value)
        self.trial.report(value, runner.epoch)
        if self.trial.should_prune():
            self.pruned = True
            runner.train_loop.stop_training = True


def metric_of(cfg: Config) -> str:
    """Return the metric by which a config chooses its best checkpoint.

    Raises:
        ConfigError: If it chooses none.
    """
    hook = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    name = hook.get("save_best")
    name = name[0] if isinstance(name, (list, tuple)) and name else name
    if not isinstance(name, str) or name == "auto":
        raise ConfigError(
            "the config does not say by which metric a model is the best",
            where="--metric",
            hint="Name it, such as --metric accuracy/top1.",
        )
    return name


def stored_study(folder: Path) -> Any:
    """Return the study in a folder, to be read.

    Raises:
        DataError: If the storage cannot be read.
    """
    optuna = optional_import("optuna", feature="mmpretrain tune", extra="tune")
    with _storage(folder) as storage:
        return optuna.load_study(study_name=STUDY, storage=storage)


@contextmanager
def _storage(folder: Path) -> Iterator[str]:
    """The storage in a folder; whatever is wrong with it is one error."""
    try:
        yield f"sqlite:///{(folder / STORAGE).absolute()}"
    except Exception as error:  # of Optuna, of SQLAlchemy or of SQLite
        reason = brief_text((str(error).splitlines() or [type(error).__name__])[0], 200)
        raise DataError(f"these are no trials of a search ({reason})", where=str(folder / STORAGE)) from error


def open_study(folder: Path, rule: Literal["greater", "less"], seed: int, prune: bool = True) -> Any:
    """Open the study in a folder, or begin one.

    Args:
        folder: Where its storage is.
        rule: Which way the metric is better.
        seed: Seed of the draws.
        prune: End trials early that are worse than the median of the others.

    Raises:
        DataError: If the storage cannot be read.
        ConfigError: If the study is better the other way.
    """
    optuna = optional_import("optuna", feature="mmpretrain tune", extra="tune")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruners = optuna.pruners
    direction = "maximize" if rule == "greater" else "minimize"
    with _storage(folder) as storage:
        study = optuna.create_study(
            study_name=STUDY,
            storage=storage,
            direction=direction,
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(STARTUP, 5)),
            pruner=pruners.MedianPruner(n_startup_trials=STARTUP) if prune else pruners.NopPruner(),
            load_if_exists=True,
        )
    if study.direction.name.lower() != direction:
        raise ConfigError("the trials that are there are better the other way", where="--rule")
    return study


#: What a study says of its search.
SPACE, METRIC = "space", "metric"


def keep_search(study: Any, space: Sequence[str], metric: str) -> None:
    """Write into a new study what is varied, and by which metric; of an old one, compare it.

    Args:
        study: The study of Optuna.
        space: The texts that :func:`parse_space` reads.
        metric: The metric.

    Raises:
        ConfigError: If an old study varies other settings, or has another metric.
    """
    known = study.user_attrs
    if SPACE not in known:
        study.set_user_attr(SPACE, list(space))
        study.set_user_attr(METRIC, metric)
        return
    for name, where, new in ((SPACE, "--space", list(space)), (METRIC, "--metric", metric)):
        if sorted(known[name]) != sorted(new):
            old = known[name] if isinstance(known[name], str) else " ".join(map(str, known[name]))
            raise ConfigError(
                f"the trials that are there have {old}",
                where=where,
                hint=f"Leave {where} out to go on with it, or begin a search of its own: --work-dir DIR.",
            )


def kept_search(study: Any) -> tuple[list[str], str | None]:
    """Return the texts of the space, and the metric, of a study; nothing if it does not say."""
    space, metric = study.user_attrs.get(SPACE), study.user_attrs.get(METRIC)
    texts = [str(text) for text in space] if isinstance(space, list) else []
    return texts, metric if isinstance(metric, str) else None


def changed(cfg: Config, dimensions: Sequence[Dimension], values: Mapping[str, Any]) -> Config:
    """Return a config with the values of a trial."""
    from mmpretrain.config.source import Source

    result = deepcopy(cfg)
    options = {key: values[one.name] for one in dimensions for key in one.keys}
    result.merge_from_dict(options, source=Source("--space"))
    return result


def run_trial(
    cfg: Config, dimensions: Sequence[Dimension], trial: Any, metric: str, rule: Literal["greater", "less"]
) -> tuple[float, bool]:
    """Train with the values of a trial.

    Args:
        cfg: The config, with the folder of the trial as its work folder.
        dimensions: What to vary.
        trial: The trial of Optuna.
        metric: The metric.
        rule: Which way it is better.

    Returns:
        The best value of the metric, and whether the training was ended early.

    Raises:
        MMPretrainError: If it cannot be trained so.
    """
    values = {one.name: one.draw(trial) for one in dimensions}
    runner = RUNNERS.build(changed(cfg, dimensions, values))
    hook = ReportHook(trial, metric, rule)
    runner.register_hook(hook)
    runner.train()
    if hook.best is not None and not math.isfinite(hook.best):
        raise MMPretrainError(f"{metric} is {hook.best}, which cannot be compared")
    if hook.best is None:
        raise MMPretrainError("no validation took place, so there is no metric to compare")
    return hook.best, hook.pruned


def best_values(study: Any, dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """Return the values of the best trial."""
    texts = study.best_trial.params
    values = dict(texts)
    for one in dimensions:
        if one.choices:
            values[one.name] = next(choice for choice in one.choices if repr(choice) == texts[one.name])
    return values


def direction(metric: str, rule: Literal["greater", "less"] | None = None) -> Literal["greater", "less"]:
    """Return whether greater or less is better: the given rule, or the one that the metric's name implies."""
    return rule or which_is_better(metric)
