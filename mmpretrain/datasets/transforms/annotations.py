"""Boxes, key points and segmentation maps that follow the image through geometric transforms."""

from __future__ import annotations

import numpy as np


def scale(results: dict, factor: tuple[float, float], clip: bool) -> None:
    """Scale boxes (N, 4) and key points (N, K, 3) by the (width, height) ``factor``."""
    height, width = results["img_shape"][:2]
    if results.get("gt_bboxes") is not None:
        boxes = results["gt_bboxes"] * np.tile(np.array(factor), 2)
        results["gt_bboxes"] = _clip_boxes(boxes, height, width) if clip else boxes
    if results.get("gt_keypoints") is not None:
        points = results["gt_keypoints"]
        points[..., :2] = points[..., :2] * np.array(factor)
        if clip:
            points[..., :2] = np.clip(points[..., :2], 0, (width, height))


def crop(results: dict, top: int, left: int, height: int, width: int, clip: bool) -> None:
    """Move boxes and key points into a crop of the image; points outside of it become invisible."""
    if results.get("gt_seg_map") is not None:
        results["gt_seg_map"] = results["gt_seg_map"][top : top + height, left : left + width]
    if results.get("gt_bboxes") is not None:
        boxes = results["gt_bboxes"] - np.array([left, top, left, top])
        results["gt_bboxes"] = _clip_boxes(boxes, height, width) if clip else boxes
    if results.get("gt_keypoints") is not None:
        points = results["gt_keypoints"] - np.array([left, top, 0])
        inside = np.all((points[..., :2] >= 0) & (points[..., :2] < (width, height)), axis=-1)
        points[..., 2] = np.where(inside, points[..., 2], 0)
        points[..., :2] = np.clip(points[..., :2], 0, (width, height))
        results["gt_keypoints"] = points


def flip(results: dict, direction: str) -> None:
    """Mirror boxes and key points at the middle of the image."""
    height, width = results["img"].shape[:2]
    axes = {"horizontal": (0,), "vertical": (1,), "diagonal": (0, 1)}[direction]
    size = (width, height)
    if results.get("gt_bboxes") is not None:
        boxes = results["gt_bboxes"].copy()
        for axis in axes:
            boxes[..., axis::4] = size[axis] - results["gt_bboxes"][..., axis + 2 :: 4]
            boxes[..., axis + 2 :: 4] = size[axis] - results["gt_bboxes"][..., axis::4]
        results["gt_bboxes"] = boxes
    if results.get("gt_keypoints") is not None:
        points = results["gt_keypoints"].copy()
        for axis in axes:
            points[..., axis] = size[axis] - points[..., axis]
        results["gt_keypoints"] = points


def _clip_boxes(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.clip(boxes, 0, np.tile([width, height], 2))
