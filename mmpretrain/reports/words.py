"""The words of the pages in English and Chinese."""

from __future__ import annotations

from typing import Literal

from markupsafe import Markup

Language = Literal["en", "zh"]

#: Key -> English, Chinese.
WORDS: dict[str, tuple[str, str]] = {
    "report": ("Evaluation report", "评估报告"),
    "comparison": ("Comparison", "模型对比"),
    "summary": ("Summary", "概览"),
    "samples": ("samples", "个样本"),
    "classes": ("classes", "个类别"),
    "accuracy": ("Accuracy", "准确率"),
    "top5": ("Top-5 accuracy", "Top-5 准确率"),
    "balanced_accuracy": ("Balanced accuracy", "平衡准确率"),
    "f1_macro": ("Macro F1", "宏平均 F1"),
    "auroc": ("AUROC", "AUROC"),
    "auprc": ("AP", "AP"),
    "map": ("Mean AP", "平均 AP"),
    "kappa": ("Cohen's kappa", "Cohen's kappa"),
    "ece": ("Calibration error", "校准误差"),
    "interval": (
        "In brackets: 95 % confidence intervals. Without one where it would take too long.",
        "方括号内为 95% 置信区间；计算过久的指标不给出区间。",
    ),
    "values": ("values", "个数值"),
    "mae": ("Mean absolute error", "平均绝对误差"),
    "rmse": ("Root mean squared error", "均方根误差"),
    "r2": ("R²", "R²"),
    "bias": ("Mean error", "平均误差"),
    "value": ("Value", "数值"),
    "error": ("Error", "误差"),
    "right_value": ("Right value", "真实值"),
    "predicted_value": ("Predicted value", "预测值"),
    "against_truth": ("Prediction and truth", "预测值与真实值"),
    "against_truth_hint": (
        "On the line, the prediction is right; above it, it is too high.",
        "落在线上表示预测正确，线上方表示预测偏高。",
    ),
    "errors": ("Distribution of the errors", "误差分布"),
    "errors_hint": ("Predicted less right value.", "预测值减真实值。"),
    "largest_errors": ("Largest errors", "误差最大的样本"),
    "largest_errors_hint": (
        "By the error relative to the deviation of the right values.",
        "按误差相对于真实值标准差排序。",
    ),
    "training": ("Training", "训练过程"),
    "per_class": ("Per class", "各类别"),
    "sort": ("Click a heading to sort.", "点击表头可排序。"),
    "class": ("Class", "类别"),
    "support": ("Samples", "样本数"),
    "predicted": ("Predicted", "预测数"),
    "precision": ("Precision", "精确率"),
    "recall": ("Recall", "召回率"),
    "confusion": ("Confusion matrix", "混淆矩阵"),
    "confusion_hint": (
        "Rows are the truth, columns the prediction. Click a cell to see its images.",
        "行为真实类别，列为预测类别。点击单元格查看其中的图像。",
    ),
    "zoom": ("Zoom", "缩放"),
    "confused": ("Most confused pairs", "最易混淆的类别对"),
    "truth": ("Truth", "真实类别"),
    "prediction": ("Prediction", "预测类别"),
    "count": ("Count", "数量"),
    "curves": ("ROC and precision-recall", "ROC 与 PR 曲线"),
    "curves_hint": (
        "All classes together, and the classes with the lowest AUROC.",
        "所有类别合计，以及 AUROC 最低的类别。",
    ),
    "together": ("all classes", "所有类别"),
    "false_rate": ("False positive rate", "假阳性率"),
    "true_rate": ("True positive rate", "真阳性率"),
    "reliability": ("Reliability", "可靠性图"),
    "reliability_hint": (
        "Bars below the line: the model is surer than it is right.",
        "柱低于对角线：模型过于自信。",
    ),
    "confidence": ("Confidence", "置信度"),
    "surest_mistakes": ("Surest mistakes", "最自信的错误"),
    "label_suspects": ("Labels to check", "可疑标签"),
    "label_suspects_hint": (
        "The model contradicts these labels, and is as sure as it usually is of the class that it predicts.",
        "模型与这些标签相矛盾，且其置信度不低于该类别的平均水平。",
    ),
    "least_sure": ("Least sure", "最不确定的样本"),
    "best_and_worst": ("Best and worst of each class", "各类别最好与最差的样本"),
    "best": ("Best", "最好"),
    "worst": ("Worst", "最差"),
    "none": ("None.", "无。"),
    "slices": ("Groups that are worse", "表现较差的分组"),
    "slices_hint": (
        "Groups whose accuracy is lower than elsewhere, and hardly by chance (Fisher's exact test, corrected "
        "after Holm, p < 0.05).",
        "准确率显著低于其余样本的分组（Fisher 精确检验，Holm 校正，p < 0.05）。",
    ),
    "no_slices": ("No group is significantly worse.", "没有显著较差的分组。"),
    "group": ("Group", "分组"),
    "elsewhere": ("Elsewhere", "其余样本"),
    "size": ("image size", "图像尺寸"),
    "aspect": ("width / height", "宽高比"),
    "brightness": ("brightness", "亮度"),
    "sharpness": ("sharpness", "清晰度"),
    "format": ("file type", "文件类型"),
    "folder": ("folder", "文件夹"),
    "data": ("Data, model, versions", "数据、模型与版本"),
    "repeat": ("How to repeat it", "如何复现"),
    "unreadable": (
        "images could not be read: they have no picture here, and are in no group of their measurements.",
        "张图像无法读取：没有缩略图，也不计入按图像属性的分组。",
    ),
    "models": ("Models", "模型"),
    "differences": ("Whether the difference is chance", "差异是否偶然"),
    "mcnemar": (
        "McNemar's exact test on the samples that only one of two models gets right.",
        "对仅有一个模型预测正确的样本做 McNemar 精确检验。",
    ),
    "only_first": ("Only the first is right", "仅前者正确"),
    "only_second": ("Only the second is right", "仅后者正确"),
    "p_value": ("p value", "p 值"),
    "differ": ("Images on which they differ", "预测不一致的图像"),
}


def both(key: str) -> Markup:
    """Return a text in both languages; the page shows one of them."""
    english, chinese = WORDS[key]
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)
