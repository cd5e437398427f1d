"""Metrics and the evaluator that runs them."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "evaluator": ("Evaluator", "get_metric_value"),
        "record": ("Record", "record_of"),
        "value_record": ("ValueRecord", "load_record", "value_record_of"),
    },
    reexports=["metrics", "functional"],
)
