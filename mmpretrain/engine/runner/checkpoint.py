"""The content of a run's checkpoint, and how a run is restored from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import mmpretrain
from mmpretrain import checkpoints
from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.engine.runner.dataloader import KeyedDataLoader
from mmpretrain.engine.runner.strategies import own_gradients
from mmpretrain.errors import CheckpointError, MMPretrainError, located
from mmpretrain.utils.dist import all_gather_object, get_world_size, is_main_process
from mmpretrain.utils.logging import get_logger
from mmpretrain.utils.seeding import get_rng_state, set_rng_state

if TYPE_CHECKING:
    from torch.serialization import MAP_LOCATION

    from mmpretrain.engine.runner.runner import Runner


def load_weights(
    runner: Runner,
    filename: str,
    map_location: MAP_LOCATION,
    strict: bool | Literal["but surplus"],
    revise_keys: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Load weights into the model of a run; see :meth:`.Runner.load_checkpoint`."""
    found = checkpoints.find(filename)
    if found.why:
        runner.logger.info(f"{filename}: taking {found.path} ({found.why}).")
    content = checkpoints.read(found, map_location, allocate=runner.strategy.allocate)
    runner.call_hook("after_load_checkpoint", checkpoint=content)
    weights = weights_of(content)
    weights = runner.strategy.fit(runner.model, weights)
    report = load_into(runner.bare_model, weights, strict=strict, revise_keys=revise_keys, source=filename)
    runner.logger.info(f"{filename}: {report.summary()}")
    if strict and report.unexpected:
        runner.logger.warning(
            f"{len(report.unexpected)} tensors of {filename} are not part of this model and are passed "
            f"over (such as {report.unexpected[0]}). The run continues with all of its own."
        )
    return content


def collect(runner: Runner, meta: dict[str, Any], optimizer: bool, scheduler: bool) -> dict[str, Any]:
    """Gather what a checkpoint of a run holds, in the layout that 1.x knows. Every process takes part.

    Args:
        runner: The runner.
        meta: ``epoch`` and ``iter`` done, and whatever else is to be kept.
        optimizer: Include the state of the optimizer.
        scheduler: Include the states of the schedulers.
    """
    state = runner.state
    dataset = runner.train_dataloader.dataset
    meta = {
        **meta,
        "cfg": getattr(runner.cfg, "pretty_text", ""),
        "seed": state.seed,
        "experiment_name": runner.experiment_name,
        "time": time.strftime("%Y%m%d_%H%M%S"),
        "mmpretrain_version": mmpretrain.__version__,
        "iters_per_epoch": len(runner.train_dataloader),
        "data": _describe_data(runner.train_dataloader),
        "validated_at": state.validated_at,
    }
    if hasattr(dataset, "metainfo"):
        meta["dataset_meta"] = dict(dataset.metainfo)
    checkpoint: dict[str, Any] = {
        "meta": meta,
        "state_dict": runner.strategy.model_state(runner.model),
        "message_hub": runner.message_hub.state_dict(),
        "hooks": {
            name: hook_state for name, hook in named_hooks(runner) if (hook_state := hook.state_dict())
        },
        "rng": all_gather_object(get_rng_state()),
    }
    if optimizer:
        checkpoint["optimizer"] = runner.strategy.optimizer_state(runner.model, runner.optim_wrapper)
    if scheduler:
        checkpoint["param_schedulers"] = _map_schedulers(
            runner.param_schedulers, lambda item: item.state_dict()
        )
    return checkpoint


def named_hooks(runner: Runner) -> Iterator[tuple[str, Any]]:
    """Yield each hook that has a state, with a name that is the same in every run of a config."""
    seen: dict[str, int] = {}
    for hook in runner.hooks:
        if not hasattr(hook, "state_dict"):
            continue
        name = type(hook).__name__
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name}_{seen[name]}"), hook


@contextmanager
def oddities_explained(path: str) -> Iterator[None]:
    """Name the checkpoint in errors, also where it holds other things than a run writes, as placeholders."""
    with located(path):
        try:
            yield
        except MMPretrainError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"What a run needs to continue is not as a run writes it ({type(error).__name__}: {error})",
                hint="Resume another checkpoint, or start from the weights of this one: load_from alone.",
            ) from error


def restore(runner: Runner, checkpoint: dict[str, Any], optimizer: bool, scheduler: bool) -> None:
    """Restore the state that :func:`collect` or MMEngine gathered; the weights are loaded already."""
    state, meta = runner.state, checkpoint.get("meta", {})
    state.epoch, state.iter = _count(meta, "epoch") or 0, _count(meta, "iter") or 0
    _fit_to_length(runner, meta)
    seed = meta.get("seed")
    if seed is not None and seed != state.seed:
        runner.set_randomness(int(seed), state.diff_rank_seed, state.deterministic)
        if isinstance(runner.train_dataloader, KeyedDataLoader):
            runner.train_dataloader.reseed(runner.seed)
    runner.message_hub.load_state_dict(checkpoint.get("message_hub", {}))
    state.validated_at = _count(meta, "validated_at")
    hook_states = checkpoint.get("hooks", {})
    for name, hook in named_hooks(runner):
        if name in hook_states:
            hook.load_state_dict(hook_states[name])
    if optimizer:
        if "optimizer" not in checkpoint:
            raise CheckpointError(
                "The checkpoint has no optimizer, so that training cannot continue exactly from it",
                hint="Use it as load_from, or save with save_optimizer=True.",
            )
        if serialization.holds_placeholder(checkpoint["optimizer"]):
            raise TypeError("the optimizer has objects of unknown classes in its state")
        own = None if "param_schedulers" in checkpoint else _wind_forward(runner)
        optimizer_state = own_gradients(checkpoint["optimizer"])
        runner.strategy.load_optimizer_state(runner.model, runner.optim_wrapper, optimizer_state)
        for group, settings in zip(runner.optim_wrapper.param_groups, own or ()):
            group.update(settings)
    if scheduler and "param_schedulers" in checkpoint:
        _load_schedulers(runner.param_schedulers, checkpoint["param_schedulers"])
    states = checkpoint.get("rng", [])
    state.pending_rng = states[state.rank] if state.rank < len(states) else None
    if state.pending_rng is not None:
        set_rng_state(state.pending_rng)  # what is wrong with it comes out here, where the file is known


def _count(values: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number that is not negative, or None if there is none of that name."""
    value = values.get(name)
    if value is None:
        return None
    number = int(value)
    if number != value or number < 0:
        raise ValueError(f"{name} {value!r}")
    return number


def _describe_data(loader: Any) -> dict[str, int]:
    """Return on what, besides the seed, it depends which samples make up a batch."""
    batch_size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    numbers = {"samples": len(loader.dataset), "batch_size": batch_size, "processes": get_world_size()}
    return {name: number for name, number in numbers.items() if number is not None}


def _fit_to_length(runner: Runner, meta: dict[str, Any]) -> None:
    """Count iterations again where the data, the batch size or the number of processes has changed."""
    state, now = runner.state, len(runner.train_dataloader)
    before = _count(meta, "iters_per_epoch")
    if before is None and state.epoch > 0 and state.iter % state.epoch == 0:
        before = state.iter // state.epoch
    changes = _changes_of_data(meta.get("data"), _describe_data(runner.train_dataloader))
    if before not in (None, now) and runner.train_loop.max_epochs != 1:
        changes.append(f"{now} iterations in an epoch (before: {before})")
        done = state.iter - state.epoch * before
        state.iter = state.epoch * now + min(done * now // before, now)
    if changes:
        get_logger().warning(
            f"The run now has {', '.join(changes)}: it continues from iteration {state.iter} "
            f"(epoch {state.epoch}), and exactness ends here."
        )


def _changes_of_data(before: object, now: dict[str, int]) -> list[str]:
    if not isinstance(before, dict):
        return []
    words = {"samples": "{} samples", "batch_size": "a batch size of {}", "processes": "{} processes"}
    return [
        f"{words[name].format(number)} (before: {before[name]!r})"
        for name, number in now.items()
        if name in before and before[name] != number
    ]


def _wind_forward(runner: Runner) -> list[dict[str, Any]]:
    """Bring new schedulers to where the run is, as checkpoints of MMCV 1.x have none.

    Returns:
        The settings that each group of the optimizer then has.
    """
    state = runner.state

    def wind(scheduler: Any) -> None:
        done, last = (state.epoch, state.max_epochs) if scheduler.by_epoch else (state.iter, state.max_iters)
        for _ in range(min(done, last)):
            scheduler.step()

    _map_schedulers(runner.param_schedulers, wind)
    groups = runner.optim_wrapper.param_groups
    return [{key: value for key, value in group.items() if key != "params"} for group in groups]


def _map_schedulers(schedulers: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(schedulers, dict):
        return {name: [function(item) for item in items] for name, items in schedulers.items()}
    return [function(item) for item in schedulers or []]


def _load_schedulers(schedulers: Any, states: Any) -> None:
    if isinstance(schedulers, dict):
        for name, items in schedulers.items():
            _load_schedulers(items, (states or {}).get(name))
        return
    if len(schedulers or []) != len(states or []):
        raise CheckpointError(
            f"The checkpoint has {len(states or [])} schedulers and the config {len(schedulers or [])}",
            hint="Resume with the config that the run was started with.",
        )
    for scheduler, state in zip(schedulers or [], states or []):
        scheduler.load_state_dict(state)


def save_or_say(
    runner: Runner, checkpoint: dict[str, Any], path: str, backend_args: dict | None = None
) -> bool:
    """Write a checkpoint; a full disk is reported, and training continues. Every process takes part.

    Returns:
        Whether the file is there now, the same on every process.
    """
    problem = None
    try:
        if runner.strategy.sharded:
            runner.store.save_sharded(checkpoint, path, backend_args)
        elif is_main_process():
            runner.store.save(checkpoint, path, backend_args)
    except (OSError, RuntimeError) as error:  # torch reports a failed write as RuntimeError
        problem = str(error)
    problem = next(filter(None, all_gather_object(problem)), None)
    if problem is not None:
        get_logger().error(
            f"The checkpoint {path} could not be written ({problem}). Training continues; the checkpoints "
            "before it are whole. Free some space."
        )
    return problem is None
