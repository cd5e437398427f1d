"""Transforms whose pixels are compared with the reference environment (mmpretrain 1.2, mmengine 0.10.7).

This very file wrote the fixture there, with ``python cases.py data/reference.json.gz``: it runs every case
with whichever mmpretrain is installed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sys
from typing import Any

import numpy as np
import torch

HEIGHT, WIDTH = 61, 83
SEEDS = range(3)
#: For policies, which have many branches.
MANY_SEEDS = range(25)


def noise(height: int = HEIGHT, width: int = WIDTH, channels: int = 3) -> np.ndarray:
    """Noise over a slope: all values, and no two channels alike."""
    rng = np.random.RandomState(7)
    slope = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.2, 1, channels)
    return (slope + rng.uniform(0, 55, (height, width, channels))).astype(np.uint8)


def dark(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """An image of few values: the special cases of contrast and equalisation."""
    img = np.full((height, width, 3), 40, np.uint8)
    img[10:20, 5:9, 1] = 90
    img[30:40, :, 2] = 3
    return img


def annotations() -> dict[str, Any]:
    return {
        "gt_bboxes": np.array([[3, 5, 40, 50], [60, 10, 80, 60]], dtype=np.float32),
        "gt_keypoints": np.array([[[4, 5, 1], [70, 55, 2]]], dtype=np.float32),
        "gt_seg_map": (noise()[..., 0] // 60).astype(np.uint8),
    }


def ranged(kind: str, low: float, high: float, **kwargs: Any) -> dict[str, Any]:
    return dict(
        type=kind, magnitude_range=(low, high), magnitude_level=7, magnitude_std=0.5, prob=1.0, **kwargs
    )


EIGEN = dict(
    eigval=[55.4625, 4.794, 1.1475],
    eigvec=[[-0.5836, -0.6948, 0.4203], [-0.5808, -0.0045, -0.814], [-0.5675, 0.7192, 0.4009]],
)
# The reference fails on negative shifts of the hue (NumPy 2), and on NumPy numbers as radii (Pillow 13).
JITTER = dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4, hue=(0, 0.3))
ERASE = dict(type="RandomErasing", erase_prob=0.8)
RANDAUG = dict(type="RandAugment", num_policies=2, magnitude_level=9, total_level=10)

#: Name -> config. Names that start with "resample" may differ by 1 where OpenCV is another version.
CASES: dict[str, dict[str, Any]] = {
    "resample_resize": dict(type="Resize", scale=(40, 30)),
    "resample_resize_int": dict(type="Resize", scale=37, interpolation="area"),
    "resample_resize_factor": dict(type="Resize", scale_factor=1.7, interpolation="bicubic"),
    "resample_resize_ratio": dict(type="Resize", scale=(50, 90), keep_ratio=True, interpolation="lanczos"),
    "resample_resize_pillow": dict(type="Resize", scale=(40, 30), backend="pillow", interpolation="bicubic"),
    "resample_resize_hamming": dict(type="Resize", scale=(40, 30), backend="pillow", interpolation="hamming"),
    "resize_nearest": dict(type="Resize", scale=(40, 30), interpolation="nearest"),
    "resample_edge_short": dict(type="ResizeEdge", scale=48),
    "resample_edge_long": dict(type="ResizeEdge", scale=48, edge="long", backend="pillow"),
    "resample_edge_width": dict(type="ResizeEdge", scale=31, edge="width", interpolation="bicubic"),
    "resample_edge_height": dict(type="ResizeEdge", scale=31, edge="height", backend="pillow"),
    "resample_random_resize": dict(type="RandomResize", scale=(60, 40), ratio_range=(0.5, 1.5)),
    "resample_random_resize_two": dict(type="RandomResize", scale=[(30, 20), (70, 50)], keep_ratio=True),
    "resample_choice_resize": dict(type="RandomChoiceResize", scales=[(30, 20), (40, 33), (20, 55)]),
    "resample_random_resize_options": dict(
        type="RandomResize", scale=(60, 40), ratio_range=(0.5, 1.5), resize_type="Resize", backend="pillow"
    ),
    "resample_choice_resize_options": dict(
        type="RandomChoiceResize", scales=[(30, 20), (40, 33)], resize_type="Resize", keep_ratio=True
    ),
    "center_crop": dict(type="CenterCrop", crop_size=32),
    "center_crop_odd": dict(type="CenterCrop", crop_size=(30, 45)),
    "center_crop_large": dict(type="CenterCrop", crop_size=70),
    "center_crop_pad": dict(
        type="CenterCrop", crop_size=90, auto_pad=True, pad_cfg=dict(type="Pad", pad_val=9)
    ),
    "random_crop": dict(type="RandomCrop", crop_size=32),
    "random_crop_padding": dict(type="RandomCrop", crop_size=(60, 80), padding=4, pad_val=17),
    "random_crop_needed": dict(type="RandomCrop", crop_size=90, pad_if_needed=True, padding_mode="reflect"),
    "random_crop_larger": dict(type="RandomCrop", crop_size=(90, 40)),
    "resample_random_resized_crop": dict(type="RandomResizedCrop", scale=32),
    "resample_random_resized_crop_hw": dict(
        type="RandomResizedCrop", scale=(20, 40), backend="pillow", interpolation="bicubic"
    ),
    "resample_random_resized_crop_area": dict(type="RandomResizedCrop", scale=24, interpolation="area"),
    "resample_random_resized_crop_fallback": dict(
        type="RandomResizedCrop", scale=24, crop_ratio_range=(5.0, 6.0), aspect_ratio_range=(0.5, 0.8)
    ),
    "resample_random_resized_crop_attempts": dict(
        type="RandomResizedCrop", scale=24, aspect_ratio_range=(2.0, 3.0), max_attempts=1
    ),
    "resample_mae_crop": dict(
        type="Compose",
        transforms=[
            dict(type="ToPIL", to_rgb=True),
            dict(type="MAERandomResizedCrop", size=(24, 32), scale=(0.2, 1.0), interpolation=3),
            dict(type="ToNumpy", to_bgr=True),
        ],
    ),
    "resample_efficientnet_random": dict(type="EfficientNetRandomCrop", scale=32),
    "resample_efficientnet_random_pillow": dict(type="EfficientNetRandomCrop", scale=32, backend="pillow"),
    "resample_efficientnet_random_padding": dict(
        type="EfficientNetRandomCrop", scale=32, crop_padding=8, interpolation="bilinear"
    ),
    "resample_efficientnet_fallback": dict(type="EfficientNetRandomCrop", scale=32, min_covered=3.0),
    "resample_efficientnet_center": dict(type="EfficientNetCenterCrop", crop_size=32),
    "resample_efficientnet_center_pillow": dict(
        type="EfficientNetCenterCrop",
        crop_size=48,
        crop_padding=8,
        backend="pillow",
        interpolation="bilinear",
    ),
    "flip": dict(type="RandomFlip", prob=0.5),
    "flip_vertical": dict(type="RandomFlip", prob=1.0, direction="vertical"),
    "flip_diagonal": dict(type="RandomFlip", prob=1.0, direction="diagonal", swap_seg_labels=[(0, 1)]),
    "flip_choice": dict(
        type="RandomFlip", prob=[0.3, 0.3, 0.3], direction=["horizontal", "vertical", "diagonal"]
    ),
    "pad": dict(type="Pad", size=(100, 70), pad_val=dict(img=(1, 2, 3), seg=4)),
    "pad_divisor": dict(type="Pad", size_divisor=32),
    "pad_square": dict(type="Pad", pad_to_square=True, padding_mode="symmetric"),
    "translate_pad": dict(type="RandomTranslatePad", size=100),
    "translate_pad_random": dict(type="RandomTranslatePad", size=100, aug_translate=True),
    "jitter": JITTER,
    "jitter_cv2": dict(JITTER, backend="cv2"),
    "jitter_brightness": dict(type="ColorJitter", brightness=(0.2, 1.9)),
    "jitter_hue": dict(type="ColorJitter", hue=(0, 0.5)),
    "jitter_hue_cv2": dict(type="ColorJitter", hue=(0, 0.5), backend="cv2"),
    "lighting": dict(type="Lighting", **EIGEN, alphastd=0.1),
    "lighting_rgb": dict(type="Lighting", **EIGEN, alphastd=0.3, to_rgb=True),
    "grey": dict(
        type="RandomGrayscale", prob=0.5, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)
    ),
    "grey_single": dict(type="RandomGrayscale", prob=1.0),
    "grey_hsv": dict(type="RandomGrayscale", prob=0.0, color_format="hsv"),
    "normalize": dict(type="Normalize", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    "normalize_bgr": dict(type="Normalize", mean=[103.53, 116.28, 123.675], std=[57, 58, 59], to_rgb=False),
    "erase": ERASE,
    "erase_rand": dict(ERASE, mode="rand"),
    "erase_normal": dict(
        ERASE,
        mode="rand",
        fill_color=[103.53, 116.28, 123.675],
        fill_std=[57.375, 57.12, 58.395],
        max_area_ratio=1 / 3,
    ),
    "erase_aspect": dict(ERASE, aspect_range=0.3, fill_color=(1, 20, 250)),
    "simmim": dict(type="SimMIMMaskGenerator", input_size=192, mask_patch_size=32, model_patch_size=4),
    "simmim_ratio": dict(
        type="SimMIMMaskGenerator", input_size=192, mask_patch_size=32, model_patch_size=4, mask_ratio=0.3
    ),
    "beit_aspect": dict(
        type="BEiTMaskGenerator", input_size=14, num_masking_patches=75, min_aspect=0.5, max_aspect=2.0
    ),
    "beit": dict(type="BEiTMaskGenerator", input_size=(14, 14), num_masking_patches=75, max_num_patches=None),
    "beit_min": dict(
        type="BEiTMaskGenerator", input_size=(14, 14), num_masking_patches=75, min_num_patches=16
    ),
    "resample_two_pic": dict(
        type="RandomResizedCropAndInterpolationWithTwoPic", size=32, second_size=16, interpolation="bicubic"
    ),
    "resample_two_pic_random": dict(
        type="RandomResizedCropAndInterpolationWithTwoPic", size=(32, 24), interpolation="random"
    ),
    "resample_two_pic_ratio": dict(
        type="RandomResizedCropAndInterpolationWithTwoPic",
        size=32,
        second_size=16,
        second_interpolation="bicubic",
        scale=(0.3, 0.6),
        ratio=(0.5, 2),
    ),
    "resample_shear": ranged("Shear", 0, 0.3),
    "resample_shear_fixed": dict(
        type="Shear", magnitude=0.2, direction="vertical", pad_val=(1, 2, 3), prob=0.7
    ),
    "resample_shear_signs": ranged("Shear", 0, 0.3, interpolation="bicubic", random_negative_prob=0.3),
    "resample_translate": ranged("Translate", 0, 0.45, interpolation="bilinear"),
    "translate_signs": ranged("Translate", 0, 0.45, pad_val=(5, 6, 7), random_negative_prob=0.9),
    "translate_fixed": dict(type="Translate", magnitude=0.25, direction="vertical", prob=1.0),
    "resample_rotate": ranged("Rotate", 0, 30, interpolation="bicubic", pad_val=[104, 116, 124]),
    "rotate_signs": ranged("Rotate", 0, 30, random_negative_prob=0.1),
    "resample_rotate_fixed": dict(type="Rotate", angle=30.0, center=(10.0, 20.0), scale=1.3, prob=1.0),
    "auto_contrast": dict(type="AutoContrast", prob=1.0),
    "invert": dict(type="Invert", prob=1.0),
    "equalize": dict(type="Equalize", prob=1.0),
    "solarize": ranged("Solarize", 256, 0),
    "solarize_fixed": dict(type="Solarize", thr=100, prob=1.0),
    "solarize_add": ranged("SolarizeAdd", 0, 110),
    "solarize_add_fixed": dict(type="SolarizeAdd", magnitude=40, thr=90, prob=1.0),
    "posterize": ranged("Posterize", 4, 0),
    "posterize_fixed": dict(type="Posterize", bits=3, prob=1.0),
    "contrast": ranged("Contrast", 0, 0.9),
    "contrast_inf": dict(type="Contrast", magnitude_range=(0, 0.9), magnitude_std="inf", prob=1.0),
    "contrast_fixed": dict(type="Contrast", magnitude=0.4, prob=0.5, random_negative_prob=0.0),
    "color_fixed": dict(type="ColorTransform", magnitude=0.4, prob=0.5, random_negative_prob=1.0),
    "brightness_fixed": dict(type="Brightness", magnitude=0.4, prob=0.5),
    "sharpness_fixed": dict(type="Sharpness", magnitude=0.4, prob=0.5),
    "color": ranged("ColorTransform", 0, 0.9),
    "brightness": ranged("Brightness", 0, 0.9),
    "sharpness": ranged("Sharpness", 0, 0.9),
    "cutout": ranged("Cutout", 1, 41, pad_val=(9, 8, 7)),
    "cutout_fixed": dict(type="Cutout", shape=20, prob=1.0),
    "blur": dict(type="GaussianBlur", magnitude_range=(0.1, 2.0), magnitude_std="inf", prob=0.7),
    "blur_fixed": dict(type="GaussianBlur", radius=1.5, prob=0.5),
    "auto_augment": dict(type="AutoAugment", policies="imagenet"),
    "rand_augment_timm": dict(RANDAUG, policies="timm_increasing", magnitude_std=0.5),
    "rand_augment_hparams": dict(
        RANDAUG,
        policies="timm_increasing",
        magnitude_std=0.5,
        hparams=dict(pad_val=[104, 116, 124], interpolation="bicubic"),
    ),
    "rand_augment_simple": dict(RANDAUG, policies="simple_increasing", magnitude_std="inf"),
    "random_apply": dict(type="RandomApply", transforms=[dict(type="Invert", prob=1.0)], prob=0.5),
    "random_choice": dict(
        type="RandomChoice",
        transforms=[[dict(type="Invert", prob=1.0)], [dict(type="RandomCrop", crop_size=30)]],
        prob=[0.4, 0.6],
    ),
    "multi_view": dict(
        type="MultiView",
        num_views=[1, 2],
        transforms=[[dict(type="RandomCrop", crop_size=30)], [dict(type="RandomCrop", crop_size=20), JITTER]],
    ),
    "key_mapper": dict(
        type="KeyMapper",
        transforms=[dict(type="Invert", prob=1.0)],
        mapping=dict(img="img"),
        remapping=dict(img="other"),
    ),
    "transpose": dict(type="Transpose", keys=["img"], order=[2, 0, 1]),
    "image_to_tensor": dict(type="ImageToTensor", keys=["img"]),
    "to_pil": dict(type="ToPIL", to_rgb=True),
}

#: Cases that also carry boxes, key points and a segmentation map.
ANNOTATED = (
    "resample_resize", "resample_resize_ratio", "center_crop", "center_crop_odd", "flip", "flip_diagonal",
    "pad", "translate_pad_random",
)  # fmt: skip

#: Cases that are also run on an image of few values, and on a grey one.
DARK = (
    "auto_contrast", "equalize", "contrast", "color", "brightness", "sharpness", "solarize_fixed", "jitter",
    "jitter_cv2", "blur_fixed",
)  # fmt: skip


def describe(value: Any) -> Any:
    """A JSON description that is equal for equal values."""
    if hasattr(value, "detach"):
        value = value.numpy()
    if hasattr(value, "getbands"):  # a PIL image
        value = np.array(value)
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value).ravel()
        places = np.linspace(0, len(flat) - 1, 40).astype(int) if len(flat) else []
        digest = hashlib.sha1(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
        return [list(value.shape), str(value.dtype), digest, [round(float(flat[i]), 4) for i in places]]
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in sorted(value.items())}
    if isinstance(value, (np.bool_, bool)):
        return bool(value)
    if isinstance(value, (np.integer, np.floating, float)):
        return round(float(value), 6)
    return value


def run(build: Any) -> dict[str, Any]:
    """Results of all cases: name -> keys -> description."""
    found = {}
    for name, config in CASES.items():
        transform = build(config)
        images = {"": noise}
        if name in DARK:
            images["/dark"] = dark
        for suffix, image in images.items():
            for seed in MANY_SEEDS if "augment" in name else SEEDS:
                np.random.seed(seed)
                random.seed(seed)
                torch.manual_seed(seed)
                results: dict[str, Any] = {"img": image()}
                if name in ANNOTATED:
                    results.update(annotations())
                found[f"{name}{suffix}/{seed}"] = describe(transform(results))
    return found


if __name__ == "__main__":
    import importlib.util

    import mmpretrain.datasets  # noqa: F401
    from mmpretrain.registry import TRANSFORMS

    if importlib.util.find_spec("mmengine"):  # the reference
        importlib.import_module("mmengine.registry").init_default_scope("mmpretrain")
    with gzip.GzipFile(sys.argv[1], "wb", mtime=0) as file:
        file.write(json.dumps(run(TRANSFORMS.build)).encode())
