"""Metrics as functions of tensors, without a data set or a run."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "agreement": (
            "balanced_accuracy",
            "cohen_kappa",
            "matthews_correlation",
            "sensitivity",
            "specificity",
        ),
        "resampling": ("bootstrap",),
        "calibration": (
            "brier_score",
            "classwise_calibration_error",
            "expected_calibration_error",
            "negative_log_likelihood",
            "reliability",
        ),
        "classwise": ("multi_label_scores", "precision_recall_f1_support", "single_label_scores"),
        "conformal": ("conformal_quantile", "conformal_scores", "prediction_sets", "tuned_penalty"),
        "confusion": ("confusion_matrix",),
        "curves": ("auroc", "precision_recall_area", "precision_recall_curve", "roc_curve"),
        "inputs": ("to_tensor",),
        "neighbors": ("knn_scores",),
        "label_quality": ("find_label_suspects", "label_suspicion"),
        "ood": ("energy_score", "fit_gaussians", "knn_distance", "mahalanobis_score"),
        "pooling": ("pooled",),
        "probe": ("LinearProbe", "logistic_regression", "sgd_probe"),
        "ranking": ("average_precision", "retrieval_average_precision", "retrieval_recall"),
        "regression": ("mean_absolute_error", "r2_score", "root_mean_squared_error"),
        "scaling": ("temperature_scaling", "vector_scaling"),
        "thresholds": ("select_thresholds",),
        "representation": ("alignment", "entropy", "rank_me", "spread", "uniformity"),
        "topk": ("accuracy", "accuracy_of_best", "as_topk", "limit_topk"),
    },
)
