"""Metrics as functions of tensors, without a data set or a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "classwise": ("multi_label_scores", "precision_recall_f1_support", "single_label_scores"),
        "confusion": ("confusion_matrix",),
        "inputs": ("to_tensor",),
        "ranking": ("average_precision", "retrieval_average_precision", "retrieval_recall"),
        "topk": ("accuracy", "limit_topk"),
    },
)
