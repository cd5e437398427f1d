"""Evaluation as in MMClassification 0.x, where data sets evaluated their own results."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {},
    registered={"dataset_metric": ("DatasetEvaluate",)},
)
