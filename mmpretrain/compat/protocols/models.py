"""Heads and classifiers of MMClassification 0.x: ``forward_train``, ``simple_test`` and ``post_process``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmpretrain.compat.evaluation.functions import accuracy
from mmpretrain.errors import ConfigError
from mmpretrain.models.classifiers.base import BaseClassifier
from mmpretrain.models.heads.base import with_predictions
from mmpretrain.models.heads.cls_head import ClsHead, single_label_target

OLD_METHODS = ("forward_train", "forward_test", "simple_test", "post_process")


def adapt(cls: type) -> None:
    """Let a head or a classifier train and predict through its methods of 0.x.

    Raises:
        ConfigError: If the class is neither, so that nothing would call them.
    """
    own = [name for name in OLD_METHODS if name in vars(cls)]
    if "train_step" in vars(cls):
        _adapt_train_step(cls)
    if not own:
        return
    if issubclass(cls, BaseClassifier):
        _adapt_classifier(cls)
    elif issubclass(cls, nn.Module) and ("forward_train" in own or hasattr(cls, "loss")):
        _adapt_head(cls)
    else:
        raise ConfigError(
            f"{cls.__name__}.{own[0]} would never be called: the class is neither a head nor a classifier",
            hint="Backbones, necks and losses have forward() only.",
        )


def _adapt_classifier(cls: Any) -> None:
    if "forward_train" in vars(cls) and "loss" not in vars(cls):

        def loss(self: Any, inputs: Tensor, data_samples: Sequence[Any]) -> dict[str, Tensor]:
            return flat(self.forward_train(inputs, gt_label=single_label_target(data_samples)))

        cls.loss = loss
    test = next((name for name in ("simple_test", "forward_test") if name in vars(cls)), None)
    if test is not None and "predict" not in vars(cls):

        def predict(self: Any, inputs: Tensor, data_samples: Any = None, **kwargs: Any) -> list[Any]:
            return samples_of(getattr(self, test)(inputs, **kwargs), data_samples)

        cls.predict = predict


def _adapt_train_step(cls: Any) -> None:
    """Let a ``train_step(data, optimizer)`` give its loss to the optimizer wrapper of today."""
    step = vars(cls)["train_step"]
    parameters = list(inspect.signature(step).parameters)
    if "optim_wrapper" in parameters or len(parameters) < 3 or parameters[2] != "optimizer":
        return

    @functools.wraps(step)
    def train_step(self: Any, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
        with optim_wrapper.optim_context(self):
            batch = self.data_preprocessor(data, True)
            labels = single_label_target(batch["data_samples"])
            old = {"img": batch["inputs"], "gt_label": labels}
            outputs = step(self, old, optim_wrapper.optimizer)
        optim_wrapper.update_params(outputs["loss"])
        return {**outputs.get("log_vars", {}), "loss": outputs["loss"]}

    cls.train_step = train_step


def _adapt_head(cls: Any) -> None:
    if "forward_train" in vars(cls):
        base = getattr(cls, "loss", None)
        cls.loss = _loss_of_both(cls, base)
    if not issubclass(cls, ClsHead):
        for name, method in (("simple_test", _simple_test), ("post_process", _post_process)):
            if not hasattr(cls, name) and name == "post_process":
                setattr(cls, name, method)
    if "simple_test" in vars(cls) and "predict" not in vars(cls):

        def predict(self: Any, feats: Any, data_samples: Any = None, **kwargs: Any) -> list[Any]:
            return samples_of(_on_features(self, self.simple_test, feats, **kwargs), data_samples)

        cls.predict = predict
    elif "post_process" in vars(cls) and "predict" not in vars(cls):

        def predict_through(self: Any, feats: Any, data_samples: Any = None) -> list[Any]:
            scores = self(feats)
            return samples_of(self.post_process(torch.softmax(scores, dim=1)), data_samples)

        cls.predict = predict_through
    if "simple_test" not in vars(cls) and "predict" not in vars(cls) and "forward" not in vars(cls):
        _predict_by_layer(cls)
    cls.compute_loss = property(lambda self: self.loss_module)
    if not hasattr(cls, "compute_accuracy"):
        cls.compute_accuracy = property(lambda self: partial(accuracy, topk=self.topk))


def _predict_by_layer(cls: Any) -> None:
    """Let a head without methods for testing use its layer ``fc``, as its ``forward_train`` does."""
    inherited = cls.forward

    @functools.wraps(inherited)
    def forward(self: Any, feats: Any) -> Any:
        layer = getattr(self, "fc", None)
        if isinstance(layer, nn.Module) and inherited is ClsHead.forward:
            return layer(self.pre_logits(feats))
        return inherited(self, feats)

    cls.forward = forward


def _loss_of_both(cls: Any, base: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a ``loss`` for features and samples (today), and for scores and labels (0.x)."""

    def loss(self: Any, first: Any, second: Any, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        if isinstance(second, Tensor):  # called by forward_train
            if base is not None and _takes_scores(base):
                return base(self, first, second, *args, **kwargs)
            return _scores_to_losses(self, first, second, *args, **kwargs)
        return flat(_on_features(self, self.forward_train, first, gt_label=_target(second)))

    return loss


def _takes_scores(method: Callable[..., Any]) -> bool:
    """Whether a ``loss`` is one of 0.x, by the names of its arguments."""
    return "data_samples" not in inspect.signature(method).parameters


def _target(data_samples: Sequence[Any]) -> Tensor:
    if "gt_label" in data_samples[0] and len({len(sample.gt_label) for sample in data_samples}) != 1:
        return torch.stack([sample.gt_score for sample in data_samples])
    return single_label_target(data_samples)


def _scores_to_losses(self: Any, cls_score: Tensor, gt_label: Tensor, **kwargs: Any) -> dict[str, Tensor]:
    losses = {"loss": self.loss_module(cls_score, gt_label, avg_factor=len(cls_score), **kwargs)}
    if getattr(self, "cal_acc", False):
        losses.update(self._accuracy(cls_score, gt_label))
    return losses


def _on_features(self: nn.Module, method: Callable[..., Any], feats: Any, **kwargs: Any) -> Any:
    """Call a method with the features of all stages, or of the last one, which early heads take."""
    if isinstance(feats, Tensor) or vars(self).get("_takes_last_stage"):
        return method(feats if isinstance(feats, Tensor) else feats[-1], **kwargs)
    try:
        return method(feats, **kwargs)
    except (TypeError, AttributeError):
        result = method(feats[-1], **kwargs)
        vars(self)["_takes_last_stage"] = True
        return result


def flat(losses: dict[str, Any]) -> dict[str, Any]:
    """Return losses by name; dicts such as ``accuracy={'top-1': ...}`` are spread out."""
    result: dict[str, Any] = {}
    for name, value in losses.items():
        if isinstance(value, dict):
            result.update({f"{name}_{inner}": item for inner, item in value.items()})
        else:
            result[name] = value
    return result


def samples_of(scores: Any, data_samples: Any) -> list[Any]:
    """Turn what ``simple_test`` returns, (B, C) or a list of (C,), into data samples."""
    if isinstance(scores, dict):
        scores = next(iter(scores.values()))
    rows = (
        scores if isinstance(scores, Tensor) else torch.from_numpy(np.stack([np.asarray(s) for s in scores]))
    )
    return with_predictions(data_samples, rows, rows.argmax(dim=1, keepdim=True))


def _simple_test(self: Any, x: Any, softmax: bool = True, post_process: bool = True) -> Any:
    scores = self(x)
    scores = torch.softmax(scores, dim=1) if softmax else scores
    return self.post_process(scores) if post_process else scores


def _post_process(self: Any, pred: Tensor) -> list[np.ndarray]:
    return list(pred.detach().cpu().numpy())
