"""A few training steps that leave nothing behind: no files, no folder, no changed random state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from mmpretrain import checkpoints
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.engine.hooks.targets import normalize_targets
from mmpretrain.engine.optimizers.builder import build_optim_wrapper
from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.engine.runner.build import build_model
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.engine.runner.plan import RunPlan
from mmpretrain.errors import ConfigError
from mmpretrain.utils.env import find_device
from mmpretrain.utils.seeding import preserved_rng, seed_everything


@dataclass
class Trial:
    """A model at the start of its training, in training mode.

    Attributes:
        model: The model, with the weights that the training starts from.
        wrapper: Its optimizer.
        loader: The training data.
        device: Where the model is.
    """

    model: Any
    wrapper: OptimWrapper
    loader: Any
    device: torch.device

    def batches(self) -> Iterator[Any]:
        """Yield batches without end, epoch after epoch."""
        while True:
            count = 0
            for batch in self.loader:
                count += 1
                yield batch
            if not count:
                raise ConfigError("the training data give no batch")

    def step(self, batch: Any) -> float:
        """Train on a batch, and return its loss.

        Args:
            batch: What the loader yields; it is not changed.
        """
        losses = self.model.train_step(deepcopy(batch), self.wrapper)
        return float(losses["loss"].detach())

    def finish(self) -> None:
        """Wait until the device has done its work."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


@contextmanager
def trial(
    cfg: Any, device: str | None = None, *, workers: int | None = None, weights: bool = True
) -> Iterator[Trial]:
    """Begin a training that is not a run; afterwards the random state is what it was.

    Args:
        cfg: The config; it is not changed.
        device: Where to run; by default what the config says.
        workers: Number of data workers; by default that of the config.
        weights: Load the weights that the training starts from.

    Raises:
        ConfigError: If the config trains nothing.
    """
    settings = deepcopy(cfg)
    if settings.get("work_dir") is None:
        settings["work_dir"] = "."  # a plan has one; nothing is written there
    plan = RunPlan.of(RunPlan.arguments_in(settings))
    if not plan.has("train"):
        raise ConfigError(
            "the config trains nothing: it lacks train_dataloader, train_cfg or optim_wrapper",
            where=getattr(cfg, "filename", None),
        )
    place = find_device(device or plan.device)
    with preserved_rng():
        seed = int((cfg.get("randomness") or {}).get("seed") or 0)
        seed_everything(seed)
        model: Any = build_model(plan.model_cfg())
        if hasattr(model, "init_weights"):
            model.init_weights()
        if weights and plan.load_from is not None:
            content = checkpoints.read(checkpoints.find(plan.load_from))
            load_into(model, weights_of(content), source=str(plan.load_from))
        layout = torch.channels_last if plan.channels_last else torch.preserve_format
        model.to(place, memory_format=layout).train()
        loading = dict(settings["train_dataloader"])
        if workers is not None:
            loading.update(num_workers=workers, persistent_workers=False)
        loader = build_dataloader(loading, seed)
        if any(_kind(hook) == "NormalizeTargetsHook" for hook in settings.get("custom_hooks") or ()):
            normalize_targets(model, loader.dataset)
        yield Trial(model, build_optim_wrapper(model, settings["optim_wrapper"]), loader, place)


def _kind(hook: Any) -> str:
    """The name of the class of a hook, however a config says it."""
    kind = hook.get("type") if isinstance(hook, Mapping) else type(hook)
    return str(getattr(kind, "__name__", kind)).rpartition(".")[2]


def first_batch(loader: Any) -> Any:
    """Return a batch.

    Raises:
        ConfigError: If there is none.
    """
    for batch in loader:
        return batch
    raise ConfigError("the training data give no batch")


def resized(batch: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return a batch of another size, with samples repeated or left out.

    Args:
        batch: ``inputs``, a tensor (B, ...) or a list of B, and ``data_samples``, a list of B.
        size: Number of samples.

    Raises:
        ConfigError: If a batch is made otherwise.
    """
    result = {}
    for key, value in batch.items():
        if isinstance(value, torch.Tensor):
            result[key] = value[torch.arange(size) % len(value)]
        elif isinstance(value, (list, tuple)) and len(value) and not isinstance(value[0], (list, tuple)):
            result[key] = [deepcopy(value[index % len(value)]) for index in range(size)]
        else:
            raise ConfigError(f"batches with {key!r} of type {type(value).__name__} cannot be made larger")
    return result
