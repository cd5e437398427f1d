"""Stopping a self-supervised run that learns nothing, with a diagnosis."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.doctor_rules import SYMPTOMS, Measures, Symptom, causes
from mmpretrain.engine.hooks.doctor_watch import Observation, Watch
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError, TrainingError
from mmpretrain.evaluation.functional.representation import (
    alignment,
    entropy,
    rank_me,
    spread,
    uniformity,
)
from mmpretrain.registry import HOOKS
from mmpretrain.utils.dist import broadcast_object

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class CollapseDoctorHook(Hook):
    """Watches a self-supervised run and ends it when it has collapsed or cannot learn.

    At a look it logs ``rank_me`` and ``feature_spread`` of the backbone, ``projection_rank``,
    ``projection_spread``, ``uniformity`` and ``alignment`` of the projections, ``teacher_entropy``,
    ``prototype_entropy`` and ``prototypes_dead`` of the targets, and ``grad_norm``.

    Args:
        interval: Iterations between looks, in the first iterations of the run.
        later_interval: The same afterwards.
        patience: Number of looks in a row that must show a symptom.
        grace: Iterations that a run which never looked well gets; by default 150, or 4 % of the run if
            that is more.
        action: End the run, or only warn.
    """

    priority = "LOW"

    def __init__(
        self,
        interval: int = 10,
        later_interval: int = 100,
        patience: int = 3,
        grace: int | None = None,
        action: Literal["stop", "warn"] = "stop",
    ) -> None:
        for name, value in (
            ("interval", interval),
            ("later_interval", later_interval),
            ("patience", patience),
        ):
            if value < 1:
                raise ConfigError(f"CollapseDoctorHook needs {name} of at least 1, got {value}", key=name)
        if action not in ("stop", "warn"):
            raise ConfigError(f"action must be 'stop' or 'warn', got {action!r}", key="action")
        self.interval = interval
        self.later_interval = later_interval
        self.patience = patience
        self.grace = grace
        self.action = action
        #: Symptom -> iteration since which each look shows it, and number of these looks.
        self.since: dict[str, list[int]] = {}
        #: Symptoms that some look did not show.
        self.looked_well: list[str] = []
        self.first_grad = 0.0
        self.first_scale = 0.0
        self.first_length = 0.0
        self.longest_step = 0.0
        self.used: set[int] = set()
        self.rows_seen = 0
        #: Whether it is time for a look, which waits for a step of the optimizer.
        self.due = False
        self._told: set[str] = set()
        self._watch: Watch | None = None
        self._before: list[Tensor] = []

    # -- looking ------------------------------------------------------------------------------------

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        """Begin to watch, if it is time for a look and this iteration ends in a step of the optimizer."""
        early = runner.iter <= 2 * self._grace(runner)
        self.due |= runner.iter % (self.interval if early else self.later_interval) == 0
        steps = getattr(runner.optim_wrapper, "should_sync", None)  # of gradients of several iterations
        if self.due and (steps is None or steps()):
            self.due = False
            model = unwrap(runner.model)
            self._before = [p.detach().clone() for p in _samples(model)]
            self._watch = Watch(model)

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        """Measure, log, and say what is wrong."""
        if self._watch is None:
            return
        seen, self._watch = self._watch.close(), None
        measures = self.measure(seen)
        predictor = getattr(getattr(unwrap(runner.model), "head", None), "predictor", None)
        if predictor is not None:
            measures["predictor_size"] = float(sum(p.numel() for p in predictor.parameters()))
        if runner.iter > 2 * self._grace(runner):  # a loss that does not mind may let them shrink slowly
            measures.pop("projection_scale", None)
        if runner.iter < runner.max_iters / 2:  # later, schedules reduce steps on purpose
            measures.update(self.motion(unwrap(runner.model)))
        for name in _LOGGED & measures.keys():
            runner.message_hub.update_scalar(f"train/{name}", measures[name])
        found = broadcast_object(self.symptom(runner, measures))  # all processes stop, or none
        if found is None:
            return
        symptom, start = found
        self._tell(runner, symptom, start, measures, seen.live_target)

    def measure(self, seen: Observation) -> dict[str, float]:
        """Return the measures of what was seen in a step."""
        found: dict[str, float] = {}
        if seen.backbone:
            found.update(rank_me=rank_me(seen.backbone[0]), feature_spread=spread(seen.backbone[0]))
        if seen.neck and len(seen.neck[0]) > 1:
            z = seen.neck[0]
            found.update(
                projection_scale=self._scale(z),
                projection_rank=rank_me(z),
                projection_spread=spread(z),
                uniformity=uniformity(z),
            )
            if len(seen.neck) > 1 and seen.neck[1].shape == z.shape:
                found["alignment"] = alignment(z, seen.neck[1])
        if seen.targets:
            self._measure_targets(seen.targets[0], found)
        if seen.views:
            found["image_std"] = float(seen.views[0].float().std())
            if len(seen.views) > 1 and seen.views[0].shape == seen.views[1].shape:
                found["view_distance"] = float((seen.views[0] - seen.views[1]).abs().max())
        norm = math.sqrt(float(seen.squared_grad))
        self.first_grad = self.first_grad or norm
        found.update(grad_norm=norm, backbone_grad_norm=math.sqrt(float(seen.backbone_grad)))
        found["grad_growth"] = norm / self.first_grad if self.first_grad else 0.0
        return found

    def _scale(self, z: Tensor) -> float:
        """How large the differences between projections (B, C) are, compared with those of the first look."""
        scale = float(z.std(dim=0).mean())
        self.first_scale = self.first_scale or scale
        return scale / self.first_scale if self.first_scale else 0.0

    def _measure_targets(self, targets: Tensor, found: dict[str, float]) -> None:
        found["teacher_entropy"] = entropy(targets)
        found["prototype_entropy"] = entropy(targets.mean(dim=0, keepdim=True))
        self.used.update(targets.argmax(dim=1).tolist())
        self.rows_seen += len(targets)
        found["prototypes_dead"] = 1 - len(self.used) / min(targets.shape[1], self.rows_seen)

    def motion(self, model: Any) -> dict[str, float]:
        """Return how far a weight has moved in this step, and its copy in the momentum encoder if any.

        ``weights_moved`` and ``teacher_moved`` are the largest changes, ``longest_step`` is the length of the
        longest step so far as a part of the weight's length, and ``weight_growth`` compares the
        weight's length with that at the first look.
        """
        found: dict[str, float] = {}
        for name, now, before in zip(("weights_moved", "teacher_moved"), _samples(model), self._before):
            if not before.numel():
                continue
            change = now.detach() - before
            found[name] = float(change.abs().max())
            if name == "weights_moved":
                length = float(before.float().norm())
                self.first_length = self.first_length or length
                if length:
                    self.longest_step = max(self.longest_step, float(change.float().norm()) / length)
                found["longest_step"] = self.longest_step
                found["weight_growth"] = length / self.first_length if self.first_length else 1.0
        return found

    # -- deciding -----------------------------------------------------------------------------------

    def symptom(self, runner: Session, measures: Measures) -> tuple[Symptom, int] | None:
        """Return the first symptom that is certain by now, and the iteration since which it is there."""
        sure = None
        for symptom in SYMPTOMS:
            if not symptom.present(measures):
                self.since.pop(symptom.name, None)
                if symptom.name not in self.looked_well:
                    self.looked_well.append(symptom.name)
                continue
            start, looks = self.since.get(symptom.name, [runner.iter, 0])
            self.since[symptom.name] = [start, looks + 1]
            waits = not symptom.at_once and symptom.name not in self.looked_well
            if looks + 1 >= self.patience and not (waits and runner.iter < self._grace(runner)):
                sure = sure or (symptom, start)
        return sure

    def _grace(self, runner: Session) -> int:
        return max(150, runner.max_iters // 25) if self.grace is None else self.grace

    def _tell(
        self, runner: Session, symptom: Symptom, start: int, measures: Measures, live_target: bool
    ) -> None:
        if symptom.name in self._told:
            return
        self._told.add(symptom.name)
        lr = max(group["lr"] for group in runner.optim_wrapper.param_groups)
        text = symptom.text.format(**{"prototypes_dead": 0.0, "projection_rank": 0.0, **measures})
        likely = " / ".join(causes(unwrap(runner.model), symptom.name, live_target, lr))
        message = f"{text[0].upper()}{text[1:]} since iteration {start + 1}; likely: {likely}"
        if self.action == "stop":
            raise TrainingError(
                message, hint="CollapseDoctorHook ended the run; its action='warn' would let it continue."
            )
        logger.warning("CollapseDoctorHook: %s", message)

    # -- resuming -----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what was seen so far."""
        return {
            "since": {name: list(value) for name, value in self.since.items()},
            "looked_well": list(self.looked_well),
            "first_grad": self.first_grad,
            "first_scale": self.first_scale,
            "first_length": self.first_length,
            "longest_step": self.longest_step,
            "used": sorted(self.used),
            "rows_seen": self.rows_seen,
            "due": self.due,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.since = {name: list(value) for name, value in state["since"].items()}
        self.looked_well = list(state["looked_well"])
        self.first_grad = float(state["first_grad"])
        self.first_scale = float(state["first_scale"])
        self.first_length = float(state.get("first_length", 0.0))
        self.longest_step = float(state.get("longest_step", 0.0))
        self.used = set(state["used"])
        self.rows_seen = int(state["rows_seen"])
        self.due = bool(state.get("due", False))


_LOGGED = {
    "alignment", "feature_spread", "grad_norm", "projection_rank", "projection_spread", "prototype_entropy",
    "prototypes_dead", "rank_me", "teacher_entropy", "uniformity",
}  # fmt: skip


def _samples(model: Any) -> tuple[Tensor, Tensor]:
    """The largest trained weight of the backbone, and its copy in the momentum encoder (or nothing)."""
    trained = {n: p for n, p in model.backbone.named_parameters() if p.requires_grad}
    name = max(trained, key=lambda n: trained[n].numel(), default="")
    weight: Tensor = trained.get(name, torch.empty(0))
    for follower in model.children():
        if hasattr(follower, "update_parameters"):
            copies = dict(follower.module.named_parameters())
            copy = copies.get(f"0.{name}", copies.get(name))
            if copy is not None:
                return weight, copy
    return weight, torch.empty(0)
