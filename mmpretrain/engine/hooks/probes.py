"""Judging the features of a backbone while it is pre-trained."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import DataBatch, Hook
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.features import collect_features, judge_by_neighbors, label_of, pooled
from mmpretrain.registry import HOOKS
from mmpretrain.structures.packed_samples import PackedSamples
from mmpretrain.utils.dist import all_reduce, all_reduce_params

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")

#: Number of records whose labels are looked at before training.
LOOKS = 1000


@HOOKS.register_module()
class KNNHook(Hook):
    """Classifies labelled images by their nearest neighbours from time to time, and logs the accuracy.

    See :func:`mmpretrain.evaluation.functional.knn_scores`.

    Args:
        bank: Config of the data loader of images with labels to compare with; one image a sample, and the
            pipeline of validation data.
        queries: Config of the data loader of images to classify.
        interval: Number of epochs (or iterations, if the loop counts these) from one time to the next.
        ks: Numbers of neighbours.
        temperature: Temperature of the weights.
        pool: How tokens become one vector: ``'cls'``, ``'avg'`` or ``'auto'``.
    """

    priority = "LOW"

    def __init__(
        self,
        bank: dict,
        queries: dict,
        interval: int = 1,
        ks: Sequence[int] = (10, 20, 100),
        temperature: float = 0.07,
        pool: Literal["auto", "cls", "avg"] = "auto",
    ) -> None:
        if interval < 1:
            raise ConfigError(f"interval must be 1 or more, got {interval}", key="interval")
        if not ks or min(ks) < 1:
            raise ConfigError(f"ks must be numbers of 1 or more, got {list(ks)}", key="ks")
        self.bank: Any = bank
        self.queries: Any = queries
        self.interval = interval
        self.ks = tuple(ks)
        self.temperature = temperature
        self.pool: Literal["auto", "cls", "avg"] = pool

    def before_train(self, runner: Session) -> None:
        for name in ("bank", "queries"):
            if isinstance(getattr(self, name), dict):
                setattr(self, name, runner.build_dataloader(each_once(getattr(self, name))))
            check_labels(getattr(self, name), name)

    def after_train_epoch(self, runner: Session) -> None:
        if runner.state.by_epoch and self.every_n_epochs(runner, self.interval):
            self.judge(runner)

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        if not runner.state.by_epoch and self.every_n_train_iters(runner, self.interval):
            self.judge(runner)

    def judge(self, runner: Session) -> None:
        """Compute features, and log the accuracy for each number of neighbours."""
        model = unwrap(runner.model)
        bank, queries = (collect_features(model, loader, self.pool) for loader in (self.bank, self.queries))
        result = judge_by_neighbors(bank, queries, self.ks, self.temperature)[-1]
        for name, value in result.items():
            runner.message_hub.update_scalar(f"knn/{name}", value)
        text = ", ".join(f"{name}: {value:.2f}" for name, value in result.items())
        logger.info("Epoch(knn) [%d] %s", runner.epoch + 1, text)


@HOOKS.register_module()
class OnlineProbeHook(Hook):
    """Trains a linear classifier on the features of each batch while the backbone is pre-trained.

    No gradient goes to the backbone, and it runs no second time: the classifier sees what the backbone puts
    out for the first view, in training mode. Images without a label are left out.

    Args:
        num_classes: Number of classes.
        lr: Learning rate of the classifier.
        weight_decay: Its weight decay.
        momentum: How slowly the logged accuracy, ``probe/top1``, follows that of single batches.
        pool: How tokens become one vector: ``'cls'``, ``'avg'`` or ``'auto'``.
    """

    priority = "NORMAL"

    def __init__(
        self,
        num_classes: int,
        lr: float = 0.1,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        pool: Literal["auto", "cls", "avg"] = "auto",
    ) -> None:
        if num_classes < 2:
            raise ConfigError(f"num_classes must be 2 or more, got {num_classes}", key="num_classes")
        if not 0 <= momentum < 1:
            raise ConfigError(f"momentum must be from 0 and below 1, got {momentum}", key="momentum")
        self.num_classes = num_classes
        self.lr, self.weight_decay, self.momentum = lr, weight_decay, momentum
        self.pool: Literal["auto", "cls", "avg"] = pool
        self.classifier: nn.Module | None = None
        self.optimizer: torch.optim.Optimizer | None = None
        self.accuracy: float | None = None
        self._saved: dict[str, Any] = {}
        self._output: Any = None
        self._handle: Any = None
        self._told = False

    def before_train(self, runner: Session) -> None:
        backbone = getattr(unwrap(runner.model), "backbone", None)
        if not isinstance(backbone, nn.Module):
            raise ConfigError("OnlineProbeHook needs a model with a backbone")
        self._handle = backbone.register_forward_hook(self._keep)

    def after_train(self, runner: Session) -> None:
        if self._handle is not None:
            self._handle.remove()
        self._handle = self._output = None

    def before_train_iter(self, runner: Session, batch_idx: int, data_batch: DataBatch = None) -> None:
        self._output = None

    def _keep(self, module: nn.Module, args: Any, output: Any) -> None:
        if self._output is None and module.training:
            self._output = output

    def after_train_iter(
        self, runner: Session, batch_idx: int, data_batch: DataBatch = None, outputs: dict | None = None
    ) -> None:
        output, self._output = self._output, None
        labels = self._labels(data_batch)
        if output is None:
            self._tell()
            return
        backbone = unwrap(runner.model).backbone
        first = next((part for part in _flat(output) if part.is_floating_point()), None)
        if first is None:
            raise DataError("OnlineProbeHook: the backbone puts out no features")
        last = output[-1] if isinstance(output, (tuple, list)) and _all_features(output) else first
        extra = getattr(backbone, "num_extra_tokens", 0)
        features = pooled(last, extra, self.pool).detach().float()
        self._learn(runner, features, labels[: len(features)].to(features.device))

    def _learn(self, runner: Session, features: Tensor, labels: Tensor) -> None:
        known = labels >= 0
        if len(labels) and int(labels.max()) >= self.num_classes:
            raise DataError(
                f"OnlineProbeHook(num_classes={self.num_classes}) met the label {int(labels.max())}",
                hint="Set num_classes to the number of classes of the training data.",
            )
        with torch.enable_grad():
            classifier, optimizer = self._parts(features)
            scores = classifier(F.layer_norm(features[: len(labels)][known], features.shape[-1:]))
            loss = F.cross_entropy(scores, labels[known], reduction="sum")
            optimizer.zero_grad()
            loss.backward()
        hits = (scores.argmax(dim=1) == labels[known]).sum()
        # All processes take part, also one whose batch has no labels.
        totals = all_reduce(torch.stack([known.sum(), hits, loss.detach()]).double())
        gradients = [p.grad for p in classifier.parameters() if p.grad is not None]
        all_reduce_params(gradients)
        count, right, total = totals.tolist()
        if not count:
            self._tell()
            return
        for gradient in gradients:
            gradient.div_(count)
        optimizer.step()
        accuracy = 100 * right / count
        before = accuracy if self.accuracy is None else self.accuracy
        self.accuracy = self.momentum * before + (1 - self.momentum) * accuracy
        runner.message_hub.update_scalar("train/probe_top1", self.accuracy)
        runner.message_hub.update_scalar("train/probe_ce", total / count)

    def _tell(self) -> None:
        if not self._told:
            logger.warning("OnlineProbeHook found no labels in a batch: it learns from labelled images only")
        self._told = True

    def _parts(self, features: Tensor) -> tuple[nn.Module, torch.optim.Optimizer]:
        if self.classifier is None or self.optimizer is None:
            # No random number is drawn, so that the backbone is trained as without the hook.
            self.classifier = nn.utils.skip_init(
                nn.Linear, features.shape[1], self.num_classes, device=features.device
            )
            for parameter in self.classifier.parameters():
                nn.init.zeros_(parameter)
            self.optimizer = torch.optim.SGD(
                self.classifier.parameters(), lr=self.lr, momentum=0.9, weight_decay=self.weight_decay
            )
            if self._saved:
                self.classifier.load_state_dict(self._saved["classifier"])
                self.optimizer.load_state_dict(self._saved["optimizer"])
        return self.classifier, self.optimizer

    def _labels(self, data_batch: Any) -> Tensor:
        samples = data_batch.get("data_samples") if isinstance(data_batch, dict) else None
        packed = PackedSamples.behind(samples)
        if packed is not None and (labels := packed.single_labels) is not None:
            return labels.cpu()  # one look at the device, not one for each sample
        return torch.tensor(
            [label_of(sample, "train_dataloader.dataset") for sample in samples or ()] or [-1]
        )

    def state_dict(self) -> dict[str, Any]:
        """The classifier, its optimizer and the accuracy so far."""
        if self.classifier is None or self.optimizer is None:
            return {}
        parts = {"classifier": self.classifier, "optimizer": self.optimizer}
        return {name: part.state_dict() for name, part in parts.items()} | {"accuracy": self.accuracy}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        self._saved = state
        self.accuracy = state.get("accuracy")


def check_labels(loader: Any, name: str) -> None:
    """Fail before training if images have no label or several, or all the same.

    Args:
        loader: A data loader; the records of its data set are looked at, of a large one only some.
        name: The argument that it was given as.

    Raises:
        DataError: If features cannot be judged by the labels.
    """
    ask = getattr(loader.dataset, "get_data_info", None)
    count = len(loader.dataset)
    if ask is None:
        return
    labels = [ask(i).get("gt_label") for i in range(0, count, max(1, count // LOOKS))]
    several = next((x for x in labels if isinstance(x, Collection) and len(x) > 1), None)
    if several is not None:
        raise DataError(
            f"the images have several labels, such as {list(several)}, and KNNHook judges features by one",
            where=f"custom_hooks.{name}.dataset",
            hint="Use a data set with a single label.",
        )
    found = {int(np.asarray(x).reshape(-1)[0]) for x in labels if x is not None and np.size(x)}
    if len(labels) == count and len(found) < (2 if name == "bank" else 1):
        raise DataError(
            f"the images have {'one class' if found else 'no labels'}, so KNNHook has nothing to tell apart",
            where=f"custom_hooks.{name}.dataset",
            hint="Put the images into one folder per class, or list them with labels.",
        )


def each_once(loader: dict) -> dict:
    """A data loader's config that gives each image to one process; by default, some come twice to fill up."""
    sampler = loader.get("sampler")
    if not isinstance(sampler, dict) or sampler.get("type") != "DefaultSampler":
        return loader
    return {**loader, "sampler": {"round_up": False, **sampler}}


def _flat(output: Any) -> list[Tensor]:
    if isinstance(output, Tensor):
        return [output]
    return [part for item in output for part in _flat(item)] if isinstance(output, (tuple, list)) else []


def _all_features(output: Any) -> bool:
    """Whether all that a backbone puts out are features; masked ones put out a mask, too."""
    return all(part.is_floating_point() and part.requires_grad for part in _flat(output))
