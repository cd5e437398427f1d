"""Settings that can never take effect, such as a scheduler that begins after the end of the run.

None of these stops a run, since 1.x runs them too. Each is reported in one line before the start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from mmpretrain.config.checks.problem import Problem, problem

#: Schedulers that wait for the results of a validation.
_WAITING = "ReduceOnPlateau"
#: Arguments of schedulers that are numbers of steps.
_PERIODS = ("T_max", "step_size", "total_steps")
#: Arguments of hooks that are an epoch, or a number of epochs, that must lie in the run.
_EPOCHS = {
    "WarmupParamHook": "warmup_epochs",
    "PreciseBNHook": "interval",
    "ValLossHook": "interval",
}
#: Arguments of hooks that are an iteration that must lie in the run.
_ITERS = {"DenseCLHook": "start_iters"}
#: Hooks that every run has, unless default_hooks says otherwise, and count epochs unless told.
_DEFAULT_CHECKPOINT = {"type": "CheckpointHook", "interval": 1}


@dataclass(frozen=True)
class Length:
    """How long a run is.

    Attributes:
        by_epoch: Whether its loop counts epochs.
        epochs: Number of epochs; None if the loop counts iterations.
        iters: Number of iterations; None if that depends on data that are not known.
    """

    by_epoch: bool
    epochs: int | None
    iters: int | None

    def count(self, by_epoch: bool) -> int | None:
        """Return the length in epochs or in iterations."""
        return self.epochs if by_epoch else self.iters

    def words(self, by_epoch: bool) -> str:
        """Return the length in words."""
        return f"{self.count(by_epoch)} {'epochs' if by_epoch else 'iterations'}"


def run_length(cfg: Mapping[str, Any], epoch_length: int | None = None) -> Length | None:
    """Return how long the run of a config is; None if a loop of another kind decides.

    Args:
        cfg: The config.
        epoch_length: Number of iterations in an epoch, if it is known.
    """
    loop = cfg.get("train_cfg")
    if not isinstance(loop, Mapping):
        return None
    by_epoch = loop.get("by_epoch", "max_iters" not in loop)
    kind = str(loop.get("type", "EpochBasedTrainLoop" if by_epoch else "IterBasedTrainLoop")).rpartition(".")[
        2
    ]
    if kind == "EpochBasedTrainLoop" and isinstance(loop.get("max_epochs"), int):
        epochs = loop["max_epochs"]
        return Length(True, epochs, None if epoch_length is None else epochs * epoch_length)
    if kind == "IterBasedTrainLoop" and isinstance(loop.get("max_iters"), int):
        return Length(False, None, loop["max_iters"])
    return None


def check_effects(cfg: Mapping[str, Any], epoch_length: int | None = None) -> Iterator[Problem]:
    """Find settings of a training run that can never take effect."""
    length = run_length(cfg, epoch_length)
    if length is None:
        return
    yield from _loop(cfg, length)
    if not length.by_epoch:
        yield from _epochs_that_do_not_pass(cfg)
    for path, scheduler in schedulers(cfg):
        yield from _scheduler(cfg, path, scheduler, length)
    for path, hook in _hooks(cfg):
        yield from _hook(cfg, path, hook, length)


def _loop(cfg: Mapping[str, Any], length: Length) -> Iterator[Problem]:
    loop = cfg["train_cfg"]
    end = length.count(length.by_epoch)
    begin = loop.get("val_begin", 1)
    if cfg.get("val_cfg") is not None and isinstance(begin, int) and end is not None and begin > end:
        yield problem(
            cfg,
            "train_cfg.val_begin",
            f"val_begin={begin} is after the end of the run ({length.words(length.by_epoch)}): "
            "there will be no validation",
        )
    for step in _listed(loop.get("dynamic_intervals")):
        if isinstance(step, (list, tuple)) and step and isinstance(step[0], int) and end and step[0] >= end:
            yield problem(
                cfg,
                "train_cfg.dynamic_intervals",
                f"the interval from {step[0]} on begins after the end of the run "
                f"({length.words(length.by_epoch)})",
            )


def _epochs_that_do_not_pass(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what counts epochs although the loop counts iterations."""
    parts, effects = [], []
    counting = [
        path
        for path, scheduler in schedulers(cfg)
        if scheduler.get("by_epoch", True) and _WAITING not in kind_of(scheduler)
    ]
    if counting:
        parts.append(", ".join(counting))
        effects.append("the schedule stays at its first value")
    hooks = [
        (path, hook)
        for path, hook in _hooks(cfg)
        if kind_of(hook) == "CheckpointHook" and hook.get("by_epoch", True) and hook.get("interval", -1) > 0
    ]
    if hooks:
        parts.append(hooks[0][0])
        effects.append("no checkpoint is written before the end")
    processor = cfg.get("log_processor")
    if not isinstance(processor, Mapping) or processor.get("by_epoch", True):
        parts.append("log_processor")
        effects.append("the log counts one epoch")
    if counting or hooks:
        yield problem(
            cfg,
            "train_cfg",
            f"the loop counts iterations, but {' and '.join(parts)} count{'s' if len(parts) == 1 else ''} "
            f"epochs: {', '.join(effects)}",
            "Set by_epoch=False there.",
        )


def _scheduler(
    cfg: Mapping[str, Any], path: str, scheduler: Mapping[str, Any], length: Length
) -> Iterator[Problem]:
    by_epoch = bool(scheduler.get("by_epoch", True))
    kind = kind_of(scheduler)
    if _WAITING in kind:
        if cfg.get("val_cfg") is None:
            yield problem(cfg, path, f"{kind} waits for results of a validation, and there is none")
        return
    yield from _constant(cfg, path, scheduler)
    last = length.count(by_epoch)
    if last is None:
        return
    yield from _epochs_as_iterations(cfg, path, scheduler, length)
    begin, end = scheduler.get("begin", 0), scheduler.get("end")
    begin = begin if _number(begin) else 0
    words = length.words(by_epoch)
    if begin >= last:
        yield problem(cfg, f"{path}.begin", f"{kind} begins at {begin}, after the end of the run ({words})")
        return
    milestones = scheduler.get("milestones")
    if isinstance(milestones, (list, tuple)) and milestones and all(map(_number, milestones)):
        late = [step for step in milestones if begin + step >= last]
        if late:
            what = "no milestone is" if len(late) == len(milestones) else f"milestones {late} are not"
            yield problem(cfg, f"{path}.milestones", f"{kind}: {what} within the run ({words})")
        return
    for key in _PERIODS:
        value = scheduler.get(key)
        if _number(value) and begin + value > last:
            yield problem(
                cfg, f"{path}.{key}", f"{kind} needs {value} steps from {begin} on, but the run has {words}"
            )
            return
    if _number(end) and not math.isinf(end) and end > last:
        yield problem(cfg, f"{path}.end", f"{kind} continues to {end}, but the run ends after {words}")


def _epochs_as_iterations(
    cfg: Mapping[str, Any], path: str, scheduler: Mapping[str, Any], length: Length
) -> Iterator[Problem]:
    """Find schedulers that count iterations, with numbers that are meant as epochs."""
    if scheduler.get("by_epoch", True) or not length.epochs or length.iters is None:
        return
    milestones = scheduler.get("milestones")
    steps = [*(milestones if isinstance(milestones, (list, tuple)) else ()), scheduler.get("T_max")]
    last = max((step for step in steps if _number(step)), default=None)
    if last is not None and length.epochs / 2 <= last <= length.epochs and length.iters >= 5 * length.epochs:
        yield problem(
            cfg,
            path,
            f"{kind_of(scheduler)} counts iterations: its last step is iteration {last} of {length.iters}",
            "If epochs are meant, set by_epoch=True.",
        )


def _constant(cfg: Mapping[str, Any], path: str, scheduler: Mapping[str, Any]) -> Iterator[Problem]:
    """Find schedulers that change nothing by their own settings."""
    kind = kind_of(scheduler)
    still = {
        "gamma": 1 if kind.startswith(("MultiStep", "Step", "Exponential")) else None,
        "factor": 1 if kind.startswith("Constant") else None,
        "power": 0 if kind.startswith("Poly") else None,
    }
    for key, value in still.items():
        if value is not None and scheduler.get(key) == value:
            yield problem(cfg, f"{path}.{key}", f"{kind} with {key}={scheduler[key]} changes nothing")
    start = scheduler.get("start_factor", 1.0 / 3)
    if kind.startswith("Linear") and start == scheduler.get("end_factor", 1.0):
        yield problem(cfg, path, f"{kind} goes from {start} to {start}: it changes nothing")


def _hook(cfg: Mapping[str, Any], path: str, hook: Mapping[str, Any], length: Length) -> Iterator[Problem]:
    kind = kind_of(hook)
    if kind == "CheckpointHook":
        yield from _checkpoint_hook(cfg, path, hook, length)
    elif kind == "EarlyStoppingHook":
        yield from _early_stopping(cfg, path, hook, length)
    elif kind == "SwitchRecipeHook":
        for index, recipe in enumerate(_listed(hook.get("schedule"))):
            epoch = recipe.get("action_epoch") if isinstance(recipe, Mapping) else None
            if _number(epoch) and length.epochs is not None and epoch > length.epochs:
                where = f"{path}.schedule.{index}.action_epoch"
                yield problem(cfg, where, f"epoch {epoch} is after the end of the run ({length.words(True)})")
    for names, by_epoch in ((_EPOCHS, length.by_epoch), (_ITERS, False)):
        key = names.get(kind)
        value, last = hook.get(key) if key else None, length.count(by_epoch)
        if key and _number(value) and last is not None and value > last:
            yield problem(
                cfg, f"{path}.{key}", f"{kind}: {key}={value}, but the run has {length.words(by_epoch)}"
            )


def _checkpoint_hook(
    cfg: Mapping[str, Any], path: str, hook: Mapping[str, Any], length: Length
) -> Iterator[Problem]:
    by_epoch = bool(hook.get("by_epoch", True))
    last = length.count(by_epoch)
    if last is None:
        return
    begin, interval = hook.get("save_begin", 0), hook.get("interval", -1)
    if _number(begin) and begin > last:
        yield problem(
            cfg, f"{path}.save_begin", f"{begin} is after the end of the run ({length.words(by_epoch)})"
        )
    elif _number(interval) and interval > last and hook.get("save_last", True) is False:
        yield problem(
            cfg,
            f"{path}.interval",
            f"the interval of {interval} is longer than the run ({length.words(by_epoch)}), and "
            "save_last=False: no checkpoint will be written",
        )


def _early_stopping(
    cfg: Mapping[str, Any], path: str, hook: Mapping[str, Any], length: Length
) -> Iterator[Problem]:
    loop, last = cfg["train_cfg"], length.count(length.by_epoch)
    interval = loop.get("val_interval", 1 if length.by_epoch else 1000)
    patience, begin = hook.get("patience", 5), loop.get("val_begin", 1)
    if not all(type(value) is int for value in (interval, patience, begin)) or last is None or interval < 1:
        return
    validations = sum(1 for step in range(interval, last + 1, interval) if step >= begin) + bool(
        last % interval
    )
    if patience >= validations and hook.get("stopping_threshold") is None:
        yield problem(
            cfg,
            f"{path}.patience",
            f"patience={patience}, but there are only {validations} validations: it will never stop the run",
        )


def schedulers(cfg: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the key path and the config of each scheduler."""
    value = cfg.get("param_scheduler")
    if isinstance(value, Mapping) and "type" in value:
        yield "param_scheduler", value
    for index, item in enumerate(_listed(value)):
        if isinstance(item, Mapping) and "type" in item:
            yield f"param_scheduler.{index}", item


def _hooks(cfg: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    default = cfg.get("default_hooks")
    default = default if isinstance(default, Mapping) else {}
    for name, hook in {"checkpoint": _DEFAULT_CHECKPOINT, **default}.items():
        if isinstance(hook, Mapping) and "type" in hook:
            yield f"default_hooks.{name}", hook
    custom = cfg.get("custom_hooks")
    for index, hook in enumerate(custom if isinstance(custom, (list, tuple)) else ()):
        if isinstance(hook, Mapping) and "type" in hook:
            yield f"custom_hooks.{index}", hook


def kind_of(node: Mapping[str, Any]) -> str:
    """Return the name of the class that a node names."""
    kind = node.get("type")
    return kind.rpartition(".")[2] if isinstance(kind, str) else getattr(kind, "__name__", str(kind))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
