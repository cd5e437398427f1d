"""Several heads on the same features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.models.base import BaseModule, ModuleDict
from mmpretrain.models.heads.base import Features, InitCfg
from mmpretrain.registry import MODELS
from mmpretrain.structures import MultiTaskDataSample


@MODELS.register_module()
class MultiTaskHead(BaseModule):
    """One head per task; each learns from the samples that have labels for its task.

    Args:
        task_heads: Heads, or their configs, by the name of the task.
        init_cfg: How the weights are initialised.
        **kwargs: Arguments that all heads share.
    """

    def __init__(
        self, task_heads: Mapping[str, dict | nn.Module], init_cfg: InitCfg = None, **kwargs: Any
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(task_heads, Mapping):
            raise ConfigError(
                f"task_heads must be a dict from tasks to heads, got {task_heads!r}", key="task_heads"
            )
        self.task_heads = ModuleDict(
            {task: MODELS.build(head, default_args=kwargs) for task, head in task_heads.items()}
        )

    def forward(self, feats: Features) -> dict[str, Any]:
        """Return the output of each head by the name of its task."""
        return {task: head(feats) for task, head in self.task_heads.items()}

    def loss(
        self, feats: Features, data_samples: Sequence[MultiTaskDataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        """Return the losses of each head as ``'{task}_{name}'``, and the number of its samples.

        Args:
            feats: Output of the backbone, or of the neck.
            data_samples: The ground truth; a sample need not have all tasks.
            **kwargs: Passed on to the heads.
        """
        wrong = next((s for s in data_samples if not isinstance(s, MultiTaskDataSample)), None)
        if wrong is not None:
            raise DataError(
                f"MultiTaskHead needs samples with one field per task, got {type(wrong).__name__}",
                hint="Use a data set of type MultiTaskDataset and PackMultiTaskInputs.",
            )
        losses = {}
        for task, head in self.task_heads.items():
            for name, value in self._task_loss(task, head, feats, data_samples, **kwargs).items():
                losses[f"{task}_{name}"] = value
        return losses

    def _task_loss(
        self,
        task: str,
        head: Any,
        feats: Features,
        data_samples: Sequence[MultiTaskDataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        mask = torch.tensor([task in sample for sample in data_samples])
        samples = [sample.get(task) for sample in data_samples if task in sample]
        if samples:
            losses = head.loss(_select(feats, mask), samples, **kwargs)
        else:
            # Zero, but with a gradient, so that all processes of a run take part in the backward pass.
            losses = {"loss": (_first_tensor(feats) * 0).sum()}
        return {**losses, "mask_size": mask.sum().float()}

    def predict(
        self, feats: Features, data_samples: Sequence[MultiTaskDataSample | None] | None = None
    ) -> list[MultiTaskDataSample]:
        """Return samples with the predictions of each head in the field of its task.

        The metainfo ``eval_mask`` of each says whether the sample had labels for the task.

        Args:
            feats: Output of the backbone, or of the neck.
            data_samples: Samples to add the predictions to; new ones are made where there are none.
        """
        batch_size = len(_first_tensor(feats))
        given = data_samples if data_samples is not None else [None] * batch_size
        samples = [sample if sample is not None else MultiTaskDataSample() for sample in given]
        for task, head in self.task_heads.items():
            labelled = [task in sample for sample in samples]
            predictions = head.predict(feats, [sample.get(task) for sample in samples])
            for sample, prediction, has_labels in zip(samples, predictions, labelled):
                prediction.set_field(has_labels, "eval_mask", field_type="metainfo")
                sample.set_field(prediction, task)
        return samples


def _select(feats: Any, mask: Tensor) -> Any:
    if isinstance(feats, Tensor):
        return feats[mask.to(feats.device)]
    return type(feats)([_select(item, mask) for item in feats])


def _first_tensor(feats: Any) -> Tensor:
    return feats if isinstance(feats, Tensor) else _first_tensor(feats[0])
