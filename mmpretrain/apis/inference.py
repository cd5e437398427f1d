"""Inference with one function call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmpretrain.apis.image_classification import ImageClassificationInferencer
from mmpretrain.apis.inputs import InputType

if TYPE_CHECKING:
    from mmpretrain.models.base import BaseModel


def inference_model(model: BaseModel | str, image: InputType, **kwargs: Any) -> Any:
    """Run a model on one image.

    Args:
        model: A model, a checkpoint, the folder of a run, a config, or a name of the zoo.
        image: A path, an array ``(H, W, 3)`` in BGR, or a Pillow image.
        **kwargs: Passed to the inferencer's call, such as ``show_dir``.

    Returns:
        The result for that image: ``pred_label``, ``pred_score``, ``pred_scores``, ``pred_class``.
    """
    return ImageClassificationInferencer(model)(image, **kwargs)[0]
