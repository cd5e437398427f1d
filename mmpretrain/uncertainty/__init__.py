"""When a model does not know: calibrated probabilities, sets of classes, and unlikeness to known images."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "calibration": ("Calibration", "Judgement"),
        "detectors": ("Detector",),
        "fitting": ("Settings", "Summary", "calibrate"),
        "evidence": ("Evidence", "Tap"),
        "intervals": ("IntervalCalibration", "IntervalSummary", "Intervals", "calibrate_values"),
        "outputs": ("Outputs", "check_task", "collect_outputs", "predicts_values"),
        "stored": ("find_calibration", "with_calibration"),
    },
)
