"""Classifying images with a trained model."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import torch
from torch import Tensor

from mmpretrain.apis.base import BaseInferencer
from mmpretrain.apis.inputs import InputType
from mmpretrain.errors import ConfigError
from mmpretrain.uncertainty.evidence import Tap
from mmpretrain.uncertainty.intervals import Intervals

if TYPE_CHECKING:
    from mmpretrain.models.base import BaseModel
    from mmpretrain.structures import DataSample, MultiTaskDataSample
    from mmpretrain.uncertainty.calibration import Judgement
    from mmpretrain.uncertainty.stored import AnyCalibration

logger = logging.getLogger(__name__)


class Classification(TypedDict, total=False):
    """The result for one image."""

    pred_scores: np.ndarray  # (num_classes,), sums to 1
    pred_label: int
    pred_score: float
    pred_class: str
    pred_values: np.ndarray  # (D,), of a model for regression, without the above
    pred_value: float  # if D is 1
    pred_interval: np.ndarray  # (D, 2), of a calibrated model for regression: where the right values are
    pred_labels: list[int]  # of a model for several labels: those that the image has
    pred_classes: list[str]
    pred_set: list[int]  # of a calibrated model: the classes that the right one is among, likeliest first
    pred_set_classes: list[str]
    ood_score: float  # how unlike the images of calibration it is
    abstain: bool  # whether the model does not know


#: The result for one image: that of its task, or those of its tasks by name.
Result = Classification | dict[str, "Result"]


class ImageClassificationInferencer(BaseInferencer):
    """Classifies images.

    Args:
        model: A model, a checkpoint, the folder of a run, a config, or a name of the zoo.
        pretrained: Weights, where ``model`` is a config: a path or an address; True for those that belong to
            ``model`` (for a name, the published ones); False for none.
        device: Where to run; by default an accelerator if there is one.
        classes: Class names; by default those in the checkpoint, or else of the data set in the config.
        trust: Run the config inside of a checkpoint as code; otherwise it is data.
        **kwargs: Changes to the config of the model, where ``model`` is a name or a config.

    Example:
        >>> inferencer = ImageClassificationInferencer('work_dirs/lenet5_digits')
        >>> inferencer('seven.png')[0]['pred_class']
        '7'
    """

    task = "Image Classification"
    forward_options = frozenset({"coverage"})

    def __init__(
        self,
        model: BaseModel | str | os.PathLike[str],
        pretrained: bool | str | os.PathLike[str] | None = True,
        device: str | torch.device | None = None,
        classes: Sequence[str] | None = None,
        *,
        trust: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(model, pretrained, device, trust=trust, **kwargs)
        meta = getattr(self.model, "_dataset_meta", None) or {}
        self.meta: Mapping[str, Any] = meta
        self.classes = self._checked(classes, meta.get("classes"))
        #: What ``mmpretrain calibrate`` learned about the model; None for a model that is not calibrated.
        self.calibration: AnyCalibration | None = getattr(self.model, "_calibration", None)

    def _checked(self, given: Sequence[str] | None, stored: Sequence[str] | None) -> Sequence[str] | None:
        """Return the class names, which must be as many as the model has outputs.

        Raises:
            ConfigError: If those that were given are not.
        """
        outputs = count_outputs(self.model)
        if given is not None:
            if isinstance(given, (str, bytes)) or (outputs is not None and len(given) != outputs):
                number = f"{len(given)} class names" if not isinstance(given, (str, bytes)) else "One text"
                raise ConfigError(
                    f"{number} for a model of {outputs} outputs: classes={_shortened(given)}",
                    hint="Give one name for each output, in their order.",
                    key="classes",
                )
            return given
        if stored is not None and outputs is not None and len(stored) != outputs:
            logger.warning(
                "The checkpoint has %d class names for a model of %d outputs: labels stay without names. "
                "classes=[...] gives them.",
                len(stored),
                outputs,
            )
            return None
        return stored

    def forward(
        self, batch: dict[str, list[Any]], coverage: float | None = None, **kwargs: Any
    ) -> Sequence[Any]:
        """Return the predictions for a batch; those of a calibrated model with a judgement.

        Args:
            batch: Prepared images.
            coverage: The share of images whose set, or interval, shall contain what is right; by default the
                one that the model was calibrated for.
            **kwargs: None so far.

        Raises:
            ConfigError: If a coverage is asked of a model that is not calibrated.
        """
        if self.calibration is None:
            if coverage is not None:
                raise ConfigError(
                    "a coverage can be asked of calibrated models only, and this one is not",
                    hint="Calibrate it: mmpretrain calibrate CKPT --data VAL.",
                    key="coverage",
                )
            return super().forward(batch)
        detector = self.calibration.detector
        styles = detector is not None and detector.kind == "layers"
        # The layers of a folded copy put out something else, so that it cannot be asked for their styles.
        model = self.model if styles else self.folded.for_batch(batch)
        with Tap(model, styles=styles) as tap:
            samples = model.test_step(batch)
        judgement = self.calibration.judge(tap.evidence, coverage)
        for row, sample in enumerate(samples):
            _note(sample, judgement, row)
        return samples

    def postprocess(self, samples: Sequence[DataSample | MultiTaskDataSample], **kwargs: Any) -> list[Result]:
        """Return scores, label and names, or values, of each sample; of several tasks, by task."""
        return [self._result(sample, self.model) for sample in samples]

    def _result(self, sample: Any, owner: Any) -> Result:
        head = getattr(owner, "head", None)
        if "pred_value" in sample:
            values = sample.pred_value.cpu().numpy()
            measured = Classification(pred_values=values)
            if len(values) == 1:
                measured["pred_value"] = float(values[0])
            if "pred_interval" in sample:
                measured["pred_interval"] = sample.pred_interval.cpu().numpy()
            return _with_doubts(measured, sample)
        if "pred_score" not in sample:
            heads = dict(getattr(head, "task_heads", {}))
            return {
                task: self._result(inner, _Owner(heads.get(task)))
                for task, inner in sample.items()
                if hasattr(inner, "items")
            }
        scores = sample.pred_score.cpu().numpy()
        label = int(scores.argmax())
        result = Classification(pred_scores=scores, pred_label=label, pred_score=float(scores[label]))
        named: Sequence[str] | None = (
            self.classes if self.classes is not None and len(self.classes) == len(scores) else None
        )
        if named is not None:
            result["pred_class"] = named[label]
        if hasattr(head, "thr"):  # a head for several labels
            result["pred_labels"] = [int(item) for item in sample.pred_label]
            if named is not None:
                result["pred_classes"] = [named[item] for item in result["pred_labels"]]
        if "pred_set" in sample:
            result["pred_set"] = sample.pred_set.tolist()
            if named is not None:
                result["pred_set_classes"] = [named[int(item)] for item in result["pred_set"]]
        return _with_doubts(result, sample)

    def visualize(
        self,
        images: Sequence[InputType],
        samples: Sequence[DataSample],
        names: Sequence[str],
        show: bool = False,
        show_dir: str | os.PathLike[str] | None = None,
        wait_time: float = 0,
        draw_score: bool = True,
        resize: int | None = None,
        rescale_factor: float | None = None,
    ) -> list[np.ndarray]:
        """Write the predicted label on each image.

        Args:
            images: The inputs.
            samples: Their predictions.
            names: File names of the pictures.
            show: Show each picture in a window.
            show_dir: Folder to save the pictures in.
            wait_time: Seconds to show a picture.
            draw_score: Whether to write the score as well.
            resize: Shorter side of the pictures.
            rescale_factor: Scale the images by this factor first.

        Returns:
            The pictures, each ``(H, W, 3)``, RGB.
        """
        return self._draw(
            "visualize_cls",
            images,
            samples,
            names,
            show_dir,
            classes=self.classes,
            draw_gt=False,
            draw_score=draw_score,
            resize=resize,
            rescale_factor=rescale_factor,
            show=show,
            wait_time=wait_time,
        )


def _note(sample: DataSample, judgement: Judgement | Intervals, row: int) -> None:
    """Write what is judged of an image into its sample."""
    if isinstance(judgement, Intervals):
        sample.set_field(judgement.ends[row], "pred_interval")
    else:
        probs = judgement.probs[row].to(sample.pred_score.device)
        sample.set_pred_score(probs).set_pred_label(probs.argmax())
        sample.set_field(_by_score(judgement.sets[row], judgement.probs[row]), "pred_set")
    sample.set_field(bool(judgement.abstain[row]), "abstain")
    if judgement.ood_score is not None:
        sample.set_field(float(judgement.ood_score[row]), "ood_score")


def _with_doubts(result: Classification, sample: DataSample) -> Classification:
    """Add what a calibrated model says about the image as a whole."""
    if "ood_score" in sample:
        result["ood_score"] = sample.ood_score
    if "abstain" in sample:
        result["abstain"] = sample.abstain
    return result


def _by_score(chosen: Tensor, probs: Tensor) -> Tensor:
    """Return the classes of a set, the likeliest first."""
    order = probs.argsort(descending=True, stable=True)
    return order[chosen[order]]


class _Owner:
    """Stands for a model with the head of one task."""

    def __init__(self, head: Any) -> None:
        self.head = head


def count_outputs(model: Any) -> int | None:
    """Return how many classes a model has, if its head or backbone says so; several tasks have no number."""
    for part in (getattr(model, "head", None), getattr(model, "backbone", None)):
        count = getattr(part, "num_classes", None)
        if isinstance(count, int) and count > 0:
            return count
    return None


def _shortened(names: Any) -> str:
    text = repr(names)
    return text if len(text) < 80 else f"{text[:77]}..."
