"""Formatting the numbers of a run as lines of its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, Literal

import numpy as np
import torch

from mmpretrain.engine.session import Session
from mmpretrain.errors import ConfigError
from mmpretrain.registry import LOG_PROCESSORS
from mmpretrain.utils.brief import brief

Mode = Literal["train", "val", "test"]


@LOG_PROCESSORS.register_module()
class LogProcessor:
    """Collects what was logged and formats it.

    Args:
        window_size: How many iterations the means run over.
        by_epoch: Count in epochs (``Epoch(train)  [1][100/391]``) or iterations (``Iter(train) [100/9000]``).
        custom_cfg: More statistics: dicts with ``data_src`` (name of a number), ``method_name``, and
            optionally ``log_name`` and ``window_size`` (a number, ``'epoch'`` or ``'global'``).
        num_digits: Digits after the decimal point.
        log_with_hierarchy: Keep the ``train/`` of a name in what is written to files.
        mean_pattern: Names that match are averaged over the window; of others, the latest value counts.
    """

    def __init__(
        self,
        window_size: int = 10,
        by_epoch: bool = True,
        custom_cfg: list[dict] | None = None,
        num_digits: int = 4,
        log_with_hierarchy: bool = False,
        mean_pattern: str = r".*(loss|time|data_time|grad_norm).*",
    ) -> None:
        if not 0 <= num_digits <= 100:
            raise ConfigError(
                f"num_digits of the log processor must be between 0 and 100, got {brief(num_digits)}",
                key="num_digits",
            )
        self.window_size = window_size
        self.by_epoch = by_epoch
        if not all(isinstance(item, Mapping) for item in custom_cfg or []):
            raise ConfigError(
                f"custom_cfg of the log processor must be a list of dicts, got {brief(custom_cfg)}",
                hint="For example [dict(data_src='loss', method_name='mean', window_size='global')].",
                key="custom_cfg",
            )
        self.custom_cfg = [dict(item) for item in custom_cfg or []]
        self.num_digits = int(num_digits)
        self.log_with_hierarchy = log_with_hierarchy
        self.mean_pattern = re.compile(mean_pattern)
        self._is_mean = cache(lambda key: self.mean_pattern.search(key) is not None)
        for item in self.custom_cfg:
            texts = (item.get("data_src"), item.get("log_name", ""), item.get("method_name", "mean"))
            if not all(isinstance(text, str) for text in texts):
                raise ConfigError(
                    "Each entry of the log processor's custom_cfg needs data_src, the name of a number; "
                    f"data_src, log_name and method_name are texts, got {brief(item)}",
                    key="custom_cfg",
                )
        names = [item.get("log_name", item["data_src"]) for item in self.custom_cfg]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(
                    f"custom_cfg of the log processor writes {name!r} twice",
                    hint="Set log_name.",
                    key="custom_cfg",
                )
        if not by_epoch and any(item.get("window_size") == "epoch" for item in self.custom_cfg):
            raise ConfigError(
                "window_size='epoch' needs by_epoch=True in the log processor", key="window_size"
            )

    def get_log_after_iter(self, runner: Session, batch_idx: int, mode: Mode) -> tuple[dict[str, Any], str]:
        """Return the numbers of this iteration for files, and the line for people."""
        custom = self._fixed_windows(self.custom_cfg, runner, batch_idx)
        shown = self._scalars(runner, mode, custom, prefixed=False)
        tag = self._scalars(runner, mode, custom, prefixed=True) if self.log_with_hierarchy else dict(shown)
        rates = [name for name in shown if name.endswith("lr")]
        head = " ".join([f"{name}: {shown.pop(name):.{self.num_digits}e}" for name in rates])
        parts = [self._header(runner, batch_idx, mode, tag) + head]
        eta = runner.message_hub.runtime_info.get("eta")
        if eta is not None and "time" in shown and "data_time" in shown:
            parts.append(f"eta: {timedelta(seconds=int(eta))}")
            parts += [f"{name}: {shown.pop(name):.{self.num_digits}f}" for name in ("time", "data_time")]
        tag["iter"] = runner.iter + 1 if runner.is_training_built else 0
        if runner.device.type == "cuda":
            tag["memory"] = max_memory_mb()
            parts.append(f"memory: {tag['memory']}")
        if mode != "train":  # values of earlier validations would only repeat themselves in a running one
            shown = {k: v for k, v in shown.items() if mode == "val" and k.startswith("val/loss")}
        return tag, "  ".join([*parts, "  ".join(self._items(shown))])

    def get_log_after_epoch(
        self, runner: Session, batch_idx: int, mode: Mode, with_non_scalar: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Return the metrics of a validation or test for files, and the line for people."""
        sources = {item["data_src"].removeprefix(f"{mode}/") for item in self.custom_cfg}
        times = [
            dict(data_src=name, window_size="epoch", method_name="mean")
            for name in ("time", "data_time")
            if name not in sources
        ]
        custom = self._fixed_windows([*self.custom_cfg, *times], runner, batch_idx)
        scalars = self._scalars(runner, mode, custom, prefixed=self.log_with_hierarchy)
        is_time = {name for name in scalars if name.removeprefix(f"{mode}/") in ("time", "data_time")}
        metrics = {name: value for name, value in scalars.items() if name not in is_time}
        timing = {name: value for name, value in scalars.items() if name in is_time}
        infos = {
            self._name(key, mode, self.log_with_hierarchy): value
            for key, value in runner.message_hub.runtime_info.items()
            if key.startswith(f"{mode}/")
        }
        size = len(_dataloader(runner, mode))
        epoch = f"[{_epochs_done(runner)}]" if self.by_epoch and mode == "val" else ""
        header = f"{'Epoch' if self.by_epoch else 'Iter'}({mode}) {epoch}[{size}/{size}]    "
        tag = {**metrics, **(infos if with_non_scalar else {}), **timing}
        return tag, header + "  ".join(self._items({**metrics, **infos, **timing}))

    def _header(self, runner: Session, batch_idx: int, mode: Mode, tag: dict[str, Any]) -> str:
        if not self.by_epoch and mode == "train":
            done, total = runner.iter + 1, runner.max_iters
        else:
            done, total = batch_idx + 1, len(_dataloader(runner, mode))
        count = f"[{str(done).rjust(len(str(total)))}/{total}]  "
        if not self.by_epoch:
            return f"Iter({mode}) {count}"
        if mode == "test":
            return f"Epoch({mode}) {count}"
        tag["epoch"] = runner.epoch + 1 if mode == "train" else _epochs_done(runner)
        epoch = f"[{tag['epoch']}]"
        # Right-aligned: two characters of brackets and one to keep away from the mode.
        width = len(str(runner.max_epochs)) + 3 if runner.is_training_built else 0
        return f"Epoch({mode}){epoch.rjust(width)}{count}"

    def _scalars(self, runner: Session, mode: Mode, custom: list[dict], prefixed: bool) -> dict[str, Any]:
        histories = runner.message_hub.log_scalars
        values: dict[str, Any] = {}
        for key, history in histories.items():
            if key.startswith(mode):
                name = self._name(key, mode, prefixed)
                is_mean = self._is_mean(name)
                values[name] = history.mean(self.window_size) if is_mean else history.current()
        for item in custom:
            options = dict(item)
            source = f"{mode}/{options.pop('data_src')}"
            name = f"{mode}/{options.pop('log_name', item['data_src'])}"
            if source in histories:
                values[self._name(name, mode, prefixed)] = histories[source].statistics(**options)
        return values

    def _fixed_windows(self, custom: list[dict], runner: Session, batch_idx: int) -> list[dict]:
        if not custom:
            return []
        sizes = {"epoch": batch_idx + 1, "global": runner.iter + 1}
        return [
            {**item, "window_size": sizes.get(item["window_size"], item["window_size"])}
            if "window_size" in item
            else item
            for item in custom
        ]

    @staticmethod
    def _name(key: str, mode: str, prefixed: bool) -> str:
        return key if prefixed else key.removeprefix(f"{mode}/")

    def _items(self, values: dict[str, Any]) -> Iterator[str]:
        for name, value in values.items():
            if isinstance(value, float):
                value = f"{value:.{self.num_digits}f}"
            elif isinstance(value, (torch.Tensor, np.ndarray)):
                value = f"\n{value}\n"
            yield f"{name}: {value}"


def max_memory_mb() -> int:
    """The most memory that tensors took on this process's GPU since the last call, in MB."""
    peak = torch.cuda.max_memory_allocated() // 2**20
    torch.cuda.reset_peak_memory_stats()
    return int(peak)


def _dataloader(runner: Session, mode: Mode) -> Any:
    return getattr(runner, f"{mode}_dataloader")


def _epochs_done(runner: Session) -> int:
    return runner.epoch if runner.is_training_built else 0
