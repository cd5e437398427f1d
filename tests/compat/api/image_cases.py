"""Calls of image functions, for MMCV 2.2 and for what stands in its place."""

from __future__ import annotations

import numpy as np

IMAGE = np.random.RandomState(0).randint(0, 256, (6, 8, 3)).astype(np.uint8)
FLOAT = IMAGE.astype(np.float32) / 255
GREY = IMAGE[..., 0]

#: Name of a function, its image, its other arguments.
CASES = [
    *((name, "IMAGE", {}) for name in ("bgr2rgb", "rgb2bgr", "bgr2hsv", "hsv2bgr", "bgr2hls", "hls2bgr")),
    ("bgr2gray", "IMAGE", {}),
    ("bgr2gray", "IMAGE", {"keepdim": True}),
    ("rgb2gray", "IMAGE", {}),
    ("gray2bgr", "GREY", {}),
    ("gray2rgb", "GREY", {}),
    ("imconvert", "FLOAT", {"src": "bgr", "dst": "hsv"}),
    ("imresize", "IMAGE", {"size": (5, 3), "return_scale": True}),
    ("imresize", "IMAGE", {"size": (5, 3), "backend": "pillow", "interpolation": "bicubic"}),
    ("imrescale", "IMAGE", {"scale": 0.5, "return_scale": True}),
    ("imrescale", "IMAGE", {"scale": (12, 7)}),
    ("imcrop", "IMAGE", {"bboxes": [1, 2, 4, 5]}),
    ("imcrop", "IMAGE", {"bboxes": [[1, 2, 4, 5], [0, 0, 7, 5]], "scale": 1.4}),
    ("imcrop", "IMAGE", {"bboxes": [-2, 2, 4, 8], "pad_fill": 7}),
    ("impad", "IMAGE", {"shape": (9, 8)}),
    ("impad", "IMAGE", {"padding": (1, 2), "pad_val": 3}),
    ("impad", "IMAGE", {"padding": (1, 2, 3, 0), "padding_mode": "reflect"}),
    ("impad", "IMAGE", {"padding": 2, "pad_val": (1, 2, 3)}),
    ("impad_to_multiple", "IMAGE", {"divisor": 5, "pad_val": 9}),
    ("imrotate", "IMAGE", {"angle": 30}),
    ("imrotate", "IMAGE", {"angle": 30, "auto_bound": True, "border_value": 5}),
    ("imrotate", "IMAGE", {"angle": -75, "center": (1, 2), "scale": 1.2, "border_mode": "replicate"}),
    ("adjust_color", "IMAGE", {"alpha": 0.5}),
    ("adjust_color", "IMAGE", {"alpha": 0.5, "beta": 0.2, "gamma": 3}),
    ("adjust_sharpness", "IMAGE", {"factor": 1.7}),
    ("clahe", "GREY", {"clip_limit": 10.0, "tile_grid_size": (2, 2)}),
    ("imnormalize_", "FLOAT", {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}),
    ("imflip_", "IMAGE", {"direction": "diagonal"}),
    ("rescale_size", (20, 30), {"scale": (18, 25), "return_scale": True}),
    ("color_val", "green", {}),
    ("color_val", (1, 2, 3), {}),
]


def prepare(name: str, image: object, options: dict) -> tuple[object, dict]:
    """Return the first argument and the others."""
    first = (
        {"IMAGE": IMAGE, "FLOAT": FLOAT, "GREY": GREY}.get(image, image) if isinstance(image, str) else image
    )
    if "bboxes" in options or "mean" in options:
        options = {k: np.array(v) if isinstance(v, list) else v for k, v in options.items()}
    return (first.copy() if isinstance(first, np.ndarray) else first), options


def plain(value: object) -> object:
    """Return a result as JSON can hold it."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return np.round(value.astype(float), 5).tolist()
    return float(value) if isinstance(value, (int, float, np.number)) else value
