"""What travels between data pipeline, model and evaluation."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base_data_element": ("BaseDataElement",),
        "data_sample": ("DataSample",),
        "multi_task_data_sample": ("MultiTaskDataSample",),
        "utils": (
            "batch_label_to_onehot",
            "cat_batch_labels",
            "format_label",
            "format_score",
            "label_to_onehot",
            "tensor_split",
            "value_names",
        ),
    },
)
