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
    "quadratic_kappa": ("Quadratic kappa", "二次加权 kappa"),
    "steps_off": ("Mean steps off", "平均偏差级数"),
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
    "matrix_picture_hint": (
        "Rows are the truth, columns the prediction; the darker, the larger the share of the row. Click a "
        "cell to see what it is; those of the most confused pairs open images.",
        "行为真实类别，列为预测类别，颜色越深表示占该行的比例越大。点击单元格查看详情；最易混淆的类别对可显示图像。",
    ),
    "off_by": ("Steps too high or too low", "偏差级数分布"),
    "off_by_hint": (
        "The classes have an order: how many predictions are how many classes too low (−) or too high (+).",
        "类别有顺序：预测偏低（−）或偏高（+）多少级的样本数。",
    ),
    "steps": ("Steps", "级数"),
    "share": ("Share", "占比"),
    "only_hardest": ("classes; only the hardest are listed.", "个类别；仅列出最难的类别。"),
    "no_pictures": (
        "The images are not where the record says: this page has no pictures.",
        "未能在记录的路径找到图像，页面不含缩略图。",
    ),
    "lowest": ("lowest", "最低"),
    "highest": ("highest", "最高"),
    "all_slices": ("All groups", "全部分组"),
    "class_sizes": ("samples of a class: fewest – median – most", "每类样本数：最少 – 中位 – 最多"),
    "image_sizes": ("image sizes: smallest – median – largest", "图像尺寸：最小 – 中位 – 最大"),
    "median_brightness": ("median brightness", "亮度中位数"),
    "file_types": ("file types", "文件类型"),
    "config": ("Config", "配置"),
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
    "least_sure_hint": (
        "The two best classes have nearly the same score.",
        "得分最高的两个类别几乎相同。",
    ),
    "surest_mistakes_hint": (
        "Wrong predictions with the highest scores: wrong labels, or what the model has not learned.",
        "得分最高的错误预测：可能是标签有误，或模型尚未学会。",
    ),
    "surest_mistakes_hint_several": (
        "A class that is missed or wrongly found, with a score far from its threshold: wrong labels, or what "
        "the model has not learned.",
        "漏报或误报且得分远离阈值的类别：可能是标签有误，或模型尚未学会。",
    ),
    "least_sure_hint_several": (
        "A class has a score close to its threshold.",
        "某个类别的得分接近阈值。",
    ),
    "least_sure": ("Least sure", "最不确定的样本"),
    "best_and_worst_hint": (
        "By the score of the right class; the classes with the lowest worst score first, at most 40.",
        "按真实类别的得分排序；最差得分最低的类别在前，最多 40 类。",
    ),
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
    "value_slices_hint": (
        "Groups whose mean absolute error is higher than elsewhere, and hardly by chance (Mann-Whitney U "
        "test, corrected after Holm, p < 0.05).",
        "平均绝对误差显著高于其余样本的分组（Mann-Whitney U 检验，Holm 校正，p < 0.05）。",
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
    "audit": ("Audit of a data set", "数据集审查"),
    "maps_hint": (
        "Below an image: where the predicted class was seen (Grad-CAM).",
        "图像下方：模型据以判断所预测类别的区域（Grad-CAM）。",
    ),
    "leaks_hint": (
        "Images of this test that are in training, too: equal files, or near-duplicates (scaled, compressed "
        "again, brighter).",
        "同时出现在训练集中的测试图像：相同文件，或近似重复（缩放、重新压缩、变亮）。",
    ),
    "leaked_hint": ("images of this test are in training, too.", "张测试图像也出现在训练集中。"),
    "without_leaks": ("Accuracy without them", "去除后的准确率"),
    "audit_basis": ("Labels and outliers rest on", "标签与离群判断依据"),
    "audit_unreadable": ("Unreadable", "无法读取"),
    "audit_leak": ("Leaks between parts", "训练与验证之间的泄漏"),
    "audit_duplicate": ("Duplicates", "重复图像"),
    "audit_label": ("Labels to check", "可疑标签"),
    "audit_outlier": ("Outliers", "离群图像"),
    "audit_dark": ("Dark", "过暗"),
    "audit_bright": ("Bright", "过亮"),
    "audit_flat": ("Without contrast", "没有内容"),
    "audit_blurred": ("Blurred", "模糊"),
    "audit_tiny": ("Tiny", "过小"),
    "audit_shape": ("Odd shape", "形状异常"),
    "audit_rotated": ("Rotated by EXIF", "EXIF 旋转"),
    "audit_grey": ("Grey among colour", "彩色中的灰度图"),
    "audit_list": ("All of them", "全部列表"),
    "audit_name": ("Image", "图像"),
    "audit_part": ("Part", "部分"),
    "audit_suggested": ("Probably", "可能是"),
    "audit_other": ("Same as", "等同于"),
    "audit_score": ("Score", "分数"),
    "audit_detail": ("Detail", "说明"),
    "audit_balance": ("Images of each class", "各类别的图像数"),
    "data": ("Data, model, versions", "数据、模型与版本"),
    "repeat": ("How to repeat it", "如何复现"),
    "unreadable": (
        "images could not be read: they have no picture here, and are in no group of their measurements.",
        "张图像无法读取：没有缩略图，也不计入按图像属性的分组。",
    ),
    "models": ("Models", "模型"),
    "differences": ("Whether the difference is chance", "差异是否偶然"),
    "mcnemar": (
        "McNemar's test on the samples that only one of two models gets right: the exact p value, the same "
        "corrected for the number of pairs (Holm), and chi-squared with the correction for continuity.",
        "对仅有一个模型预测正确的样本做 McNemar 检验：精确 p 值、"
        "按配对数校正（Holm）的 p 值，以及带连续性校正的卡方 p 值。",
    ),
    "several_labels_right": (
        "Of an image with several labels, a prediction counts as right if all of its labels are (scores from "
        "0.5).",
        "多标签图像的所有标签都预测正确（得分不低于 0.5）才算正确。",
    ),
    "sign_flip": (
        "Whether the absolute errors of two models differ on the same samples: a permutation test of the "
        "paired differences, and its p value corrected for the number of pairs (Holm).",
        "检验两个模型在相同样本上的绝对误差是否不同：配对差值的置换检验，以及按配对数校正（Holm）的 p 值。",
    ),
    "p_holm": ("p, Holm", "p（Holm）"),
    "p_chi": ("p, chi-squared", "p（卡方）"),
    "error_first": ("Error of the first", "前者误差"),
    "error_second": ("Error of the second", "后者误差"),
    "absolute_error": ("Absolute error", "绝对误差"),
    "error_curves": ("How many predictions are how close", "误差不超过给定值的样本比例"),
    "error_curves_hint": (
        "The share of samples whose error is no larger than the value across; higher is better.",
        "误差不超过横轴数值的样本占比，越高越好。",
    ),
    "value_differ": ("Images on which the errors differ most", "误差差异最大的图像"),
    "only_first": ("Only the first is right", "仅前者正确"),
    "only_second": ("Only the second is right", "仅后者正确"),
    "p_value": ("p value", "p 值"),
    "differ": ("Images on which they differ", "预测不一致的图像"),
}


def both(key: str) -> Markup:
    """Return a text in both languages; the page shows one of them."""
    english, chinese = WORDS[key]
    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)
