"""Metrics over a data set."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "accuracy": ("Accuracy",),
        "agreement": ("AgreementMetric", "OrdinalMetric", "Sensitivity", "Specificity"),
        "base": ("BaseMetric",),
        "confusion": ("ConfusionMatrix",),
        "dump": ("DumpResults",),
        "interval": ("ConfidenceInterval",),
        "multi_label": ("AveragePrecision", "MultiLabelMetric"),
        "multi_task": ("MultiTasksMetric",),
        "record": ("RecordPredictions",),
        "regression": ("RegressionMetric",),
        "retrieval": ("RetrievalAveragePrecision", "RetrievalRecall"),
        "scored": ("AUPRC", "AUROC", "CalibrationMetric", "ThresholdSelection"),
        "shape_bias": ("ShapeBiasMetric",),
        "single_label": ("SingleLabelMetric",),
        "voc": ("VOCAveragePrecision", "VOCMultiLabelMetric"),
    },
)
