"""When to save checkpoints, and which ones to keep."""

from __future__ import annotations

import hashlib
import operator
import re
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from torch import Tensor

from mmpretrain.checkpoints import serialization
from mmpretrain.checkpoints.run_folder import Best, Rule, is_plain_name
from mmpretrain.engine.hooks.best_by import rules_of
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS
from mmpretrain.utils.better import GREATER, LESS, which_is_better
from mmpretrain.utils.dist import broadcast_object, is_main_process
from mmpretrain.utils.logging import IN_PROGRESS_BAR, going_on_without
from mmpretrain.utils.suggest import did_you_mean

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class CheckpointHook(Hook):
    """Saves checkpoints at intervals, and the best by one or several metrics.

    Args:
        interval: Epochs or iterations between checkpoints; -1 saves none but the last.
        by_epoch: Count epochs, otherwise iterations.
        save_optimizer: Include the optimizer, without which training cannot continue exactly.
        save_param_scheduler: Include the schedulers.
        out_dir: Where checkpoints go, in a folder named like the work folder; by default, there.
        max_keep_ckpts: How many checkpoints of the interval to keep; -1 keeps all.
        save_last: Save after the last epoch or iteration even if it is not on the interval.
        save_best: Name of the metric (or several) by which to save the best; ``'auto'`` is the first one.
        rule: ``'greater'`` or ``'less'`` is better, for each metric; by default inferred from its name.
        greater_keys: More names of metrics of which greater is better.
        less_keys: More names of metrics of which less is better.
        file_client_args: The older spelling of ``backend_args``.
        filename_tmpl: File name with ``{}`` for the number of the epoch or iteration.
        backend_args: Options of the storage of ``out_dir``.
        published_keys: What to keep of the last and best checkpoint in a published copy, such as
            ``['meta', 'state_dict']``, written when training ends with its hash in the name.
        save_begin: First epoch or iteration to save after.
        best_margin: A later checkpoint replaces the best one if its value is worse than the best value seen
            by no more than this. With few validation images, differences of values are chance, and where
            the learning rate falls to the end, later weights are the better ones.
        **kwargs: Accepted as upstream does.
    """

    priority = "VERY_LOW"

    def __init__(
        self,
        interval: int = -1,
        by_epoch: bool = True,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        out_dir: str | Path | None = None,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: str | list[str] | None = None,
        rule: str | list[str] | None = None,
        greater_keys: Sequence[str] | None = None,
        less_keys: Sequence[str] | None = None,
        file_client_args: dict | None = None,
        filename_tmpl: str | None = None,
        backend_args: dict | None = None,
        published_keys: str | list[str] | None = None,
        save_begin: int = 0,
        best_margin: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self.interval = interval
        self.by_epoch = by_epoch
        self.save_optimizer = save_optimizer
        self.save_param_scheduler = save_param_scheduler
        self.out_dir = str(out_dir) if out_dir is not None else None
        self.max_keep_ckpts = max_keep_ckpts
        self.save_last = save_last
        self.save_begin = save_begin
        self.best_margin = best_margin
        self.backend_args = backend_args or file_client_args
        self.filename_tmpl = filename_tmpl or ("epoch_{}.pth" if by_epoch else "iter_{}.pth")
        try:
            self.filename_tmpl.format(1)
        except (IndexError, KeyError) as error:
            raise ConfigError(
                f"filename_tmpl takes one {{}} for the number, got {self.filename_tmpl!r}",
                hint="For example 'model_{}.pth'.",
                key="filename_tmpl",
            ) from error
        self.published_keys = [published_keys] if isinstance(published_keys, str) else published_keys
        self.greater_keys = tuple(greater_keys or GREATER)
        self.less_keys = tuple(less_keys or LESS)
        self.save_best = [save_best] if isinstance(save_best, str) else list(save_best or [])
        self.rules = rules_of(self.save_best, rule, self.greater_keys, self.less_keys)
        #: Names of files in the folder: those that count towards max_keep_ckpts, those to be deleted (they
        #: may still be there if the process was killed), and the best one by each metric.
        self.kept: list[str] = []
        self.doomed: list[str] = []
        self.best: dict[str, str] = {}
        #: The best value seen by each metric; with a margin, the best checkpoint may have a worse one.
        self.tops: dict[str, float] = {}
        self.saved_at: int | None = None
        self._improved = False

    # -- state of the hook --------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return which files there are, by name, and how ``'auto'`` was resolved."""
        return {
            "kept": list(self.kept),
            "doomed": list(self.doomed),
            "best": dict(self.best),
            "rules": dict(self.rules),
            "saved_at": self.saved_at,
            **({"tops": dict(self.tops)} if self.best_margin else {}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`; files count only if they are this run's, see :meth:`_adopt`."""
        self.saved_at = None if state["saved_at"] is None else int(state["saved_at"])
        if "auto" in self.rules:
            self.rules.update((name, rule) for name, rule in state["rules"].items() if rule is not None)
            if len(self.rules) > 1:
                del self.rules["auto"]
        self.kept, self.doomed = list(state["kept"]), list(state.get("doomed", ()))
        self.best = dict(state.get("best", {}))
        tops = {name: _number(value) for name, value in dict(state.get("tops") or {}).items()}
        self.tops = {name: value for name, value in tops.items() if value is not None}

    def _adopt(self, runner: Session) -> None:
        """After a resumption, see which of the files that the checkpoint names are this run's.

        A checkpoint may come from a stranger, or be in a copy of the folder in which it was written. So its
        files count only if it is in this run's folder itself, they do too, and their names are those that
        this hook gives.
        """
        folder, hub = self.folder(runner), runner.message_hub
        if runner.state.resumed_from is None:
            return
        at_home = runner.state.at_home

        def ours(name: object, prefix: str = "") -> bool:
            return (
                at_home
                and self._gives(name, prefix)
                and runner.store.exists(runner.store.join(folder, str(name)))
            )

        self.kept = [name for name in self.kept if ours(name)]
        doomed = [name for name in self.doomed if ours(name) and name not in self.kept]
        self.doomed = []
        named = {  # 1.x has no other place for it
            name: self.best.get(name) or _last_part(hub.get_info(self._key("best_ckpt", name)))
            for name in self.rules
        }
        self.best = {name: file for name, file in named.items() if ours(file, f"best_{name}_")}
        for key in [key for key in hub.runtime_info if key.startswith("best_ckpt")]:
            hub.pop_info(key)
        for name, file in self.best.items():
            hub.update_info(self._key("best_ckpt", name), runner.store.join(folder, file))
        last = _last_part(hub.pop_info("last_ckpt"))
        if ours(last):
            hub.update_info("last_ckpt", runner.store.join(folder, last))
        if at_home:
            doomed += self._adopt_record(runner, folder)
        for name in doomed if is_main_process() else ():  # the process was killed before it could
            runner.store.remove(folder, name, self.backend_args)

    def _gives(self, name: object, prefix: str = "") -> bool:
        """Whether a value from a checkpoint is a name that this hook gives to its files."""
        pattern = re.escape(prefix.replace("/", "_")) + self.pattern()
        return is_plain_name(name) and re.fullmatch(pattern, str(name)) is not None

    def _adopt_record(self, runner: Session, folder: str) -> list[str]:
        """Take over what was saved as the best after the checkpoint; return which files that replaces."""
        replaced = []
        record = broadcast_object(runner.store.run.record() if is_main_process() else None)
        for best in record.best if record is not None else ():
            name, file = best.metric, _last_part(best.file)
            if self.rules.get(name) != best.rule or not self._gives(file, f"best_{name}_"):
                continue
            score = self._best_score(runner, name)
            better = (
                score is None or best.beats(replace(best, value=score)) or self._is_near(best.value, score)
            )
            if better and runner.store.exists(runner.store.join(folder, file)):
                if name in self.best and self.best[name] != file:
                    replaced.append(self.best[name])
                self._note_best(runner, folder, name, file, best.value)
                self._improved = True  # so that the next validation writes it into the latest checkpoint
        return replaced

    def _best_score(self, runner: Session, name: str) -> float | None:
        """Return the best value so far; a resumed checkpoint may hold anything in its place."""
        return _number(runner.message_hub.get_info(self._key("best_score", name)))

    def _is_near(self, score: float, best: float) -> bool:
        return self.best_margin > 0 and abs(score - best) <= self.best_margin

    def _note_best(self, runner: Session, folder: str, name: str, file: str, score: float) -> None:
        self.best[name] = file
        hub = runner.message_hub
        hub.update_info(self._key("best_score", name), float(score))
        hub.update_info(self._key("best_ckpt", name), runner.store.join(folder, file))

    def folder(self, runner: Session) -> str:
        """Return where checkpoints go."""
        if self.out_dir is None:
            return runner.work_dir
        return runner.store.join(self.out_dir, Path(runner.work_dir).name)

    # -- when ---------------------------------------------------------------------------------------

    def before_train(self, runner: Session) -> None:
        """Say where checkpoints go, and find those that are there."""
        if self.out_dir is not None:
            runner.logger.info(f"Checkpoints will be saved to {self.folder(runner)}.")
        self._adopt(runner)

    def pattern(self) -> str:
        """Return a regular expression of the names of checkpoints."""
        before, *_, after = re.split(r"\{[^{}]*\}", self.filename_tmpl)
        return re.escape(before) + "[0-9]+" + re.escape(after)

    def after_train_epoch(self, runner: Session) -> None:
        """Save if this epoch is due."""
        if not self.by_epoch:
            return
        last = self.save_last and self.is_last_train_epoch(runner)
        if last or self.every_n_epochs(runner, self.interval, self.save_begin):
            runner.logger.info(f"Saving checkpoint at {runner.epoch + 1} epochs", extra=IN_PROGRESS_BAR)
            self._save(runner, runner.epoch + 1, {"epoch": runner.epoch + 1, "iter": runner.iter})

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Save if this iteration is due."""
        if self.by_epoch:
            return
        last = self.save_last and self.is_last_train_iter(runner)
        if last or self.every_n_train_iters(runner, self.interval, self.save_begin):
            runner.logger.info(f"Saving checkpoint at {runner.iter + 1} iterations", extra=IN_PROGRESS_BAR)
            self._save(runner, runner.iter + 1, {"epoch": runner.epoch, "iter": runner.iter + 1})

    def after_val_epoch(self, runner: Session, metrics: dict[str, float] | None = None) -> None:
        """Save if this is the best so far."""
        if not self.save_best or not runner.state.training:
            return
        if not metrics:
            runner.logger.warning("The validation gave no metrics: there is no best checkpoint to save.")
            return
        if "auto" in self.rules:
            name = next(iter(metrics))
            self.rules[name] = self.rules.pop("auto") or which_is_better(
                name, self.greater_keys, self.less_keys
            )
        runner.message_hub.update_info("best_key", next(iter(self.rules)))
        for name, rule in self.rules.items():
            if rule is not None:
                self._save_if_best(runner, name, rule, metrics)

    def after_val(self, runner: Session) -> None:
        """Write the latest checkpoint again when it must know about a new best one."""
        step = runner.epoch if self.by_epoch else runner.iter
        if self._improved and runner.is_training_built and self.saved_at == step:
            self._save(runner, step, {"epoch": runner.epoch, "iter": runner.iter})
        self._improved = False

    def after_train(self, runner: Session) -> None:
        """Publish the last and the best checkpoint."""
        if not self.published_keys or not is_main_process():
            return
        folder = self.folder(runner)
        last = [] if self.saved_at is None else [self.filename_tmpl.format(self.saved_at)]
        for name in dict.fromkeys([*last, *self.best.values()]):
            path = runner.store.join(folder, name)
            if runner.store.exists(path):
                with going_on_without(f"The published copy of {path}"):
                    runner.logger.info(f"{path} is published as {self._publish(runner, path)}")

    # -- how ----------------------------------------------------------------------------------------

    def _key(self, kind: str, metric: str) -> str:
        """The name under which upstream keeps the best score and file: with several metrics, one each."""
        return kind if len(self.rules) == 1 else f"{kind}_{metric}"

    def _save(self, runner: Session, step: int, meta: dict[str, Any]) -> None:
        hub, folder, name = runner.message_hub, self.folder(runner), self.filename_tmpl.format(step)
        path = runner.store.join(folder, name)
        before, own_before = dict(hub.runtime_info), (self.kept, self.doomed, self.saved_at)
        kept = [*(item for item in self.kept if item != name), name]
        self.doomed = kept[: -self.max_keep_ckpts] if self.max_keep_ckpts > 0 else []
        self.kept, self.saved_at = kept[len(self.doomed) :], step
        hub.update_info("last_ckpt", path)
        hub.update_info("keep_ckpt_ids", [Path(item).stem.rpartition("_")[2] for item in self.kept])
        if not runner.save_checkpoint(
            folder,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
        ):
            self.kept, self.doomed, self.saved_at = own_before
            hub.runtime_info = before
            return
        if is_main_process():
            # Only now, so that a usable checkpoint is there at any moment.
            runner.store.point_to(path)
            for item in self.doomed:
                runner.store.remove(folder, item, self.backend_args)

    def _save_if_best(self, runner: Session, name: str, rule: Rule, metrics: dict[str, float]) -> None:
        if name not in metrics:
            hint = did_you_mean(name, metrics) or f"It reports: {', '.join(metrics)}."
            raise ConfigError(
                f"save_best={name!r}, but the validation reports no such metric", hint=hint, key="save_best"
            )
        hub, score, folder = runner.message_hub, metrics[name], self.folder(runner)
        best = self._best_score(runner, name)
        top = self.tops.get(name, best) if self.best_margin else best
        if score is None or score != score:
            return
        improved = top is None or (operator.gt if rule == "greater" else operator.lt)(score, top)
        if not improved and not self._is_near(score, top or 0.0):
            return
        step = runner.epoch if self.by_epoch else runner.iter
        filename = f"best_{name}_{self.filename_tmpl.format(step)}".replace("/", "_")
        before, previous = dict(hub.runtime_info), self.best.get(name)
        self._note_best(runner, folder, name, filename, score)
        saved = runner.save_checkpoint(
            folder,
            filename,
            save_optimizer=False,
            save_param_scheduler=False,
            meta={"epoch": runner.epoch, "iter": runner.iter},
            by_epoch=False,
            backend_args=self.backend_args,
        )
        if not saved:
            hub.runtime_info = before
            self.best.pop(name)
            if previous is not None:
                self.best[name] = previous
            return
        self._improved = True
        if improved:
            self.tops[name] = float(score)
        unit = "epoch" if self.by_epoch else "iter"
        runner.logger.info(
            f"The best checkpoint with {score:0.4f} {name} at {step} {unit} is saved to {filename}.",
            extra=IN_PROGRESS_BAR,
        )
        if is_main_process():
            file = filename if self.out_dir is None else runner.store.join(folder, filename)
            runner.store.run.note_best(Best(name, float(score), rule, file, runner.epoch, runner.iter))
            if previous is not None and previous != filename:
                runner.store.remove(folder, previous, self.backend_args)

    def _publish(self, runner: Session, path: str) -> str:
        checkpoint = runner.store.load(path)
        kept = {key: value for key, value in checkpoint.items() if key in (self.published_keys or ())}
        if absent := [key for key in self.published_keys or () if key not in checkpoint]:
            runner.logger.warning(
                f"published_keys names {absent[0]!r}, but a checkpoint has: {', '.join(checkpoint)}."
            )
        digest = hashlib.sha256(serialization.to_bytes(kept)).hexdigest()[:8]
        target = f"{path.removesuffix('.pth')}-{digest}.pth"
        runner.store.save(kept, target)
        return target


def _last_part(path: object) -> str:
    """Return the last part of a path of any system; it may come from a checkpoint."""
    return PureWindowsPath(path).name if isinstance(path, str) else ""


def _number(value: object) -> float | None:
    """Return a number, or None for anything else; it may come from a checkpoint."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    return float(value) if isinstance(value, Real) and value == value else None
