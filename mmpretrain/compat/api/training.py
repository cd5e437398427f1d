"""Optimizers and training by function calls, as MMCV 1.x and MMClassification 0.x had them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from torch import nn
from torch.optim import Optimizer

from mmpretrain.compat.api.distributed import MMDataParallel, set_random_seed
from mmpretrain.compat.runner.assembly import runner_with
from mmpretrain.config import Config
from mmpretrain.engine.optimizers import build_optim_wrapper
from mmpretrain.engine.runner import MMDistributedDataParallel, Runner
from mmpretrain.errors import ConfigError
from mmpretrain.models.classifiers.image import classification_preprocessor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, Registry
from mmpretrain.utils.dist import broadcast_object_list, get_rank
from mmpretrain.utils.env import apply_switches, default_device

F = TypeVar("F", bound=Callable[..., Any])


class _OptimizerBuilders(Registry):
    """Constructors that take ``(optimizer_cfg, paramwise_cfg)`` and return an optimizer for a model.

    Each is also registered as the constructor of an optimizer wrapper, which is what a run asks for.
    """

    def _register(self, obj: Any, names: list[str] | None, force: bool) -> None:
        super()._register(obj, names, force)
        for name in names or [obj.__name__]:
            OPTIM_WRAPPER_CONSTRUCTORS.register_module(name=name, module=_wrapping(obj), force=force)


def _wrapping(constructor: Any) -> Any:
    """Return a constructor of optimizer wrappers that asks one of optimizers."""

    class Wrapping:
        def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Any = None) -> None:
            self.cfg: Any = copy.deepcopy(dict(optim_wrapper_cfg))
            self.optimizer_cfg = self.cfg.pop("optimizer", None)
            self.paramwise_cfg = paramwise_cfg

        def __call__(self, model: nn.Module) -> Any:
            optimizer = constructor(self.optimizer_cfg, self.paramwise_cfg)(model)
            if not isinstance(optimizer, Optimizer):
                raise ConfigError(f"{constructor.__name__} returned {optimizer!r}, and not an optimizer")
            return OPTIM_WRAPPERS.build({"type": "OptimWrapper", **self.cfg, "optimizer": optimizer})

    Wrapping.__name__ = Wrapping.__qualname__ = constructor.__name__
    return Wrapping


OPTIMIZER_BUILDERS = _OptimizerBuilders("optimizer builder")


class DefaultOptimizerConstructor:
    """Makes an optimizer with options for each parameter group.

    Args:
        optimizer_cfg: The optimizer.
        paramwise_cfg: The options of :class:`~mmpretrain.engine.optimizers.DefaultOptimWrapperConstructor`.
    """

    def __init__(
        self, optimizer_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None
    ) -> None:
        self.optimizer_cfg = optimizer_cfg
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> Optimizer:
        """Return the optimizer of a model."""
        cfg = {"optimizer": dict(self.optimizer_cfg), "paramwise_cfg": self.paramwise_cfg}
        return build_optim_wrapper(model, cfg).optimizer


def build_optimizer(model: nn.Module, cfg: Mapping[str, Any]) -> Optimizer:
    """Build an optimizer; ``constructor`` and ``paramwise_cfg`` in its config are used.

    Args:
        model: The model.
        cfg: Such as ``dict(type='SGD', lr=0.1, paramwise_cfg=dict(norm_decay_mult=0.))``.
    """
    optimizer: dict[str, Any] = dict(cfg)
    constructor = optimizer.pop("constructor", "DefaultOptimizerConstructor")
    paramwise = optimizer.pop("paramwise_cfg", None)
    kind: Any = OPTIMIZER_BUILDERS.get(constructor) or DefaultOptimizerConstructor
    return kind(optimizer, paramwise)(model)


def init_random_seed(seed: int | None = None, device: str = "cpu") -> int:
    """Return a seed that all processes share: the one that is given, or a random one."""
    if seed is not None:
        return seed
    import secrets

    shared = [secrets.randbelow(2**31) if get_rank() == 0 else None]
    broadcast_object_list(shared)
    return int(shared[0] or 0)


def train_model(
    model: nn.Module,
    dataset: Any,
    cfg: Config,
    distributed: bool = False,
    validate: bool = False,
    timestamp: str | None = None,
    device: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Runner:
    """Train a model that has been built on a data set that has been built.

    Args:
        model: The model.
        dataset: The training data set, or a list that begins with it.
        cfg: A config of 0.x or of today; what it says about model and training data is replaced.
        distributed: Whether a launcher has started several processes.
        validate: Evaluate while training.
        timestamp: Accepted for compatibility.
        device: Where to train, if not on what there is.
        meta: Accepted for compatibility.

    Returns:
        The runner, when training has ended.
    """
    run = cfg.modern()
    data = dataset[0] if isinstance(dataset, (list, tuple)) else dataset
    classes = getattr(model, "CLASSES", None)
    if not validate:
        for key in ("val_dataloader", "val_evaluator", "val_cfg"):
            run.pop(key, None)
    if distributed:
        run.launcher = run.get("launcher", "pytorch") if run.get("launcher", "none") != "none" else "pytorch"
    if device is not None:
        run.device = device
    preprocessor = run.get("data_preprocessor")
    if preprocessor is not None:
        model.data_preprocessor = classification_preprocessor(preprocessor, run.model.get("train_cfg"))
    if run.get("seed") is not None:
        set_random_seed(run.seed)
    loader = {**run.train_dataloader, "dataset": data}
    runner = runner_with(run, model=getattr(model, "module", model), train_dataloader=loader)
    runner.train()
    model.cfg = cfg  # type: ignore[assignment]
    if classes is not None:
        model.CLASSES = classes  # type: ignore[assignment]
    return runner


class IterLoader:
    """Goes through a data loader again and again.

    Args:
        dataloader: The loader.
    """

    def __init__(self, dataloader: Any) -> None:
        self._dataloader = dataloader
        self._iterator: Iterator[Any] = iter(dataloader)
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """How often it has begun again."""
        return self._epoch

    def __next__(self) -> Any:
        try:
            return next(self._iterator)
        except StopIteration:
            self._epoch += 1
            sampler: Any = getattr(self._dataloader, "sampler", None)
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(self._epoch)
            self._iterator = iter(self._dataloader)
            return next(self._iterator)

    def __len__(self) -> int:
        return len(self._dataloader)


def auto_fp16(
    apply_to: Iterable[str] | None = None, out_fp32: bool = False, supported_types: Sequence[type] = ()
) -> Callable[[F], F]:
    """Return a decorator that changes nothing: autocast decides the precision of each operation.

    Args:
        apply_to: Accepted for compatibility.
        out_fp32: Accepted for compatibility.
        supported_types: Accepted for compatibility.
    """
    return lambda method: method


def force_fp32(apply_to: Iterable[str] | None = None, out_fp16: bool = False) -> Callable[[F], F]:
    """Return a decorator that runs a method outside of autocast, on inputs in float32.

    Args:
        apply_to: Names of the arguments to convert; all of them by default.
        out_fp16: Accepted for compatibility.
    """
    import functools
    import inspect

    import torch

    from mmpretrain.compat.api.kinds import apply_to as apply

    def wrap(method: F) -> F:
        signature = inspect.signature(method)

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            for name in apply_to or list(bound.arguments)[1:]:
                if name in bound.arguments:
                    bound.arguments[name] = apply(
                        bound.arguments[name],
                        lambda item: isinstance(item, torch.Tensor) and item.is_floating_point(),
                        lambda tensor: tensor.float(),
                    )
            with torch.autocast("cuda" if torch.cuda.is_available() else "cpu", enabled=False):
                return method(*bound.args, **bound.kwargs)

        return call  # type: ignore[return-value]

    return wrap


def wrap_fp16_model(model: nn.Module) -> None:
    """Do nothing: a run in mixed precision keeps the weights in float32 (``AmpOptimWrapper``).

    Args:
        model: The model.
    """


def build_optimizer_constructor(cfg: Mapping[str, Any]) -> Any:
    """Build a constructor of optimizers, whose ``type`` is a name in ``OPTIMIZER_BUILDERS``."""
    options = dict(cfg)
    kind: Any = OPTIMIZER_BUILDERS.get(options.pop("type")) or DefaultOptimizerConstructor
    return kind(**options)


def setup_multi_processes(cfg: Mapping[str, Any]) -> None:
    """Apply ``mp_start_method`` and ``opencv_num_threads`` of a config."""
    names = ("mp_start_method", "opencv_num_threads")
    apply_switches({"mp_cfg": {name: cfg[name] for name in names if name in cfg}})


def auto_select_device() -> str:
    """Return the kind of device that a model runs on by default."""
    return default_device().type


def wrap_non_distributed_model(
    model: nn.Module, device: str = "cuda", dim: int = 0, *args: Any, **kwargs: Any
) -> nn.Module:
    """Return a model on one device, with the methods that scripts of 0.x call."""
    if device == "cpu" or default_device().type == "cpu":
        return model.cpu()
    return MMDataParallel(model, device_ids=[device])


def wrap_distributed_model(model: nn.Module, device: str = "cuda", *args: Any, **kwargs: Any) -> nn.Module:
    """Return a model that trains in several processes."""
    return MMDistributedDataParallel(model.to(device), *args, **kwargs)
