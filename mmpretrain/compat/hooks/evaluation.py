"""Evaluation hooks of MMCV 1.x, for scripts that register one themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmpretrain.compat.evaluation.results import evaluate, single_gpu_test
from mmpretrain.compat.protocols.hooks import OldRunner
from mmpretrain.engine.hooks import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.utils.better import GREATER, LESS, which_is_better
from mmpretrain.utils.dist import broadcast_object


class EvalHook(Hook):
    """Evaluates a data loader at intervals, and saves the best checkpoint.

    Args:
        dataloader: The data.
        start: First epoch (iteration) after which to evaluate.
        interval: Epochs (iterations) between evaluations.
        by_epoch: Count epochs.
        save_best: Name of the value by which to save the best; ``'auto'`` is the first one.
        rule: ``'greater'`` or ``'less'`` is better.
        test_fn: Called as ``test_fn(model, dataloader)``; returns the results.
        greater_keys: More names of values of which greater is better.
        less_keys: More names of values of which less is better.
        out_dir: Accepted for compatibility: the best goes into the work folder.
        file_client_args: Accepted for compatibility.
        **eval_kwargs: Arguments of ``dataset.evaluate``.
    """

    priority = "LOW"

    def __init__(
        self,
        dataloader: Any,
        start: int | None = None,
        interval: int = 1,
        by_epoch: bool = True,
        save_best: str | None = None,
        rule: str | None = None,
        test_fn: Callable[[Any, Any], list[Any]] | None = None,
        greater_keys: Sequence[str] | None = None,
        less_keys: Sequence[str] | None = None,
        out_dir: str | None = None,
        file_client_args: dict | None = None,
        **eval_kwargs: Any,
    ) -> None:
        if interval <= 0:
            raise ConfigError(f"EvalHook needs an interval of at least 1, got {interval}", key="interval")
        self.dataloader = dataloader
        self.start = start
        self.interval = interval
        self.by_epoch = by_epoch
        self.save_best = "auto" if save_best is True else save_best
        self.rule = rule
        self.keys = (tuple(greater_keys or ()), tuple(less_keys or ()))
        self.test_fn = test_fn or single_gpu_test
        self.eval_kwargs = eval_kwargs
        self.best: tuple[float, Path] | None = None

    def after_train_epoch(self, runner: Any) -> None:
        """Evaluate, if it is time."""
        if self.by_epoch and self._is_due(runner.epoch + 1):
            self._do_evaluate(OldRunner.of(runner, None, None, None))

    def after_train_iter(self, runner: Any, batch_idx: int | None = None, *args: Any, **kwargs: Any) -> None:
        """Evaluate, if it is time."""
        if not self.by_epoch and self._is_due(runner.iter + 1):
            self._do_evaluate(OldRunner.of(runner, batch_idx, None, None))

    def _is_due(self, done: int) -> bool:
        first = self.start if self.start is not None else self.interval
        return done >= first and (done - first) % self.interval == 0

    def _do_evaluate(self, runner: Any) -> None:
        results = self.test_fn(runner.model, self.dataloader)
        runner.model.train()
        score = self.evaluate(runner, results) if runner.rank == 0 else None
        score = broadcast_object(score)  # every process takes part in saving
        if score is not None:
            self._save_ckpt(runner, score)

    def evaluate(self, runner: Any, results: list[Any]) -> float | None:
        """Log the values of the data set, and return the one by which to save the best."""
        dataset: Any = self.dataloader.dataset
        if hasattr(dataset, "evaluate"):
            values = dataset.evaluate(results, logger=runner.logger, **self.eval_kwargs)
        else:
            values = evaluate(dataset, results, **self.eval_kwargs)
        for name, value in values.items():
            runner.message_hub.update_scalar(f"val/{name}", value)
        runner.logger.info(
            "Epoch(val) " + "  ".join(f"{name}: {value:.4f}" for name, value in values.items())
        )
        if self.save_best == "auto":
            self.save_best = next(iter(values))
        return None if not self.save_best else values[self.save_best]

    def _save_ckpt(self, runner: Any, key_score: float) -> None:
        name = str(self.save_best)
        rule = self.rule or which_is_better(name, (*GREATER, *self.keys[0]), (*LESS, *self.keys[1]))
        better = self.best is None or (
            key_score > self.best[0] if rule == "greater" else key_score < self.best[0]
        )
        if not better:
            return
        count, unit = (runner.epoch, "epoch") if self.by_epoch else (runner.iter, "iter")
        file = f"best_{name.replace('/', '_')}_{unit}_{count + 1}.pth"
        runner.runner.save_checkpoint(runner.work_dir, file, by_epoch=self.by_epoch)
        old, self.best = self.best, (key_score, Path(runner.work_dir, file))
        if runner.rank == 0 and old is not None and old[1] != self.best[1]:
            old[1].unlink(missing_ok=True)


class DistEvalHook(EvalHook):
    """The same where several processes train; they evaluate together.

    Args:
        dataloader: The data of this process.
        broadcast_bn_buffer: Accepted for compatibility: loops do so.
        tmpdir: Accepted for compatibility.
        gpu_collect: Accepted for compatibility.
        test_fn: Called as ``test_fn(model, dataloader)``; returns the results in the first process.
        **kwargs: Arguments of :class:`EvalHook`.
    """

    def __init__(
        self,
        dataloader: Any,
        *args: Any,
        broadcast_bn_buffer: bool = True,
        tmpdir: str | None = None,
        gpu_collect: bool = False,
        test_fn: Callable[[Any, Any], list[Any] | None] | None = None,
        **kwargs: Any,
    ) -> None:
        from mmpretrain.compat.evaluation.results import multi_gpu_test

        super().__init__(dataloader, *args, test_fn=test_fn or multi_gpu_test, **kwargs)  # type: ignore[arg-type]
