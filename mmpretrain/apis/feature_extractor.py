"""Features of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmpretrain.apis.base import BaseInferencer
from mmpretrain.errors import ConfigError


class FeatureExtractor(BaseInferencer):
    """Gives the features that a model makes of images.

    Args:
        model: A model, a checkpoint, the folder of a run, a config, or a name of the zoo.
        pretrained: Weights, where ``model`` is a config or a name; see :class:`BaseInferencer`.
        device: Where to run; by default an accelerator if there is one.
        trust: Run the config inside of a checkpoint as code; otherwise it is data.
        **kwargs: Changes to the config of the model.

    A call takes ``stage``: ``'backbone'``, ``'neck'`` (the default) or ``'pre_logits'``, what the last layer
    of the head gets. Its result for an image is that of the model without the axis of the batch: a tensor, or
    a tuple with one for each output.

    Example:
        >>> extract = FeatureExtractor('resnet50_8xb32_in1k', backbone=dict(out_indices=(0, 1, 2, 3)))
        >>> [tuple(feat.shape) for feat in extract('cat.jpg', stage='backbone')[0]]
        [(256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]
    """

    forward_options = frozenset({"stage"})

    def forward(self, batch: dict[str, list[Any]], **kwargs: Any) -> Sequence[Any]:
        """Return the features of each image of a batch."""
        if not callable(getattr(self.model, "extract_feat", None)):
            raise ConfigError(f"{type(self.model).__name__} has no extract_feat(): it gives no features")
        inputs = self.model.data_preprocessor(batch, False)["inputs"]
        features = self.model.extract_feat(inputs, **kwargs)
        return [_of_image(features, number) for number in range(len(batch["inputs"]))]

    def postprocess(self, samples: Sequence[Any], **kwargs: Any) -> list[Any]:
        """Return the features as they are."""
        return list(samples)


def _of_image(features: Any, number: int) -> Any:
    """The part of features that belongs to an image: a copy, as the rest of the batch is not kept."""
    if isinstance(features, Tensor):
        return features[number].clone()
    if isinstance(features, dict):
        return {key: _of_image(value, number) for key, value in features.items()}
    if isinstance(features, (tuple, list)):
        return tuple(_of_image(item, number) for item in features)
    return features
