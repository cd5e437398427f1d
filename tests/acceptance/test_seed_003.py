"""Fine-tuning on a folder of thirty kinds of fruit with MMPretrain 1.x, ``mim`` and activation maps.

Names of tests say which part of the text a step stands in. The network is the text's ResNet-18 with weights
of our own making; images are 32 pixels wide, so that a run takes seconds.
"""

from __future__ import annotations

import hashlib
import io
import os
import re

import pytest
import torch

import mmpretrain
from mmpretrain.checkpoints import zoo
from mmpretrain.compat.mim.main import entry_point as mim_command
from mmpretrain.config import Config
from tests.acceptance.checkout import REPO, Checkout, folders
from tests.server import serve

NAME = "resnet18_8xb32_in1k"
FRUIT = tuple(f"fruit{number:02d}" for number in range(29)) + ("椰子",)

#: What the text changes in the dumped config.
EDITS = """
dataset_type = 'CustomDataset'
default_hooks = dict(
    checkpoint=dict(interval=5, save_best='auto', type='CheckpointHook'),
    logger=dict(interval=10, type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    visualization=dict(enable=False, type='VisualizationHook'))
default_scope = 'mmpretrain'
env_cfg = dict(
    cudnn_benchmark=False,
    dist_cfg=dict(backend='nccl'),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
load_from = './{weights}'
log_level = 'INFO'
model = dict(
    backbone=dict(
        depth=18,
        num_stages=4,
        out_indices=(3, ),
        style='pytorch',
        type='ResNet'),
    head=dict(
        in_channels=512,
        loss=dict(loss_weight=1.0, type='CrossEntropyLoss'),
        num_classes=30,
        topk=(
            1,
            5,
        ),
        type='LinearClsHead'),
    neck=dict(type='GlobalAveragePooling'),
    type='ImageClassifier')
optim_wrapper = dict(
    optimizer=dict(lr=0.1, momentum=0.9, type='SGD', weight_decay=0.0001))
param_scheduler = dict(
    by_epoch=True, gamma=0.1, milestones=[
        30,
        60,
        90,
    ], type='MultiStepLR')
randomness = dict(deterministic=False, seed=2023)
resume = False
test_cfg = dict()
test_dataloader = dict(
    batch_size=32,
    dataset=dict(
        data_root='./fruit30/val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(edge='short', scale=36, type='ResizeEdge'),
            dict(crop_size=32, type='CenterCrop'),
            dict(type='PackInputs'),
        ],
        type='CustomDataset'),
    num_workers=0,
    sampler=dict(shuffle=False, type='DefaultSampler'))
test_evaluator = dict(
    topk=(
        1,
        5,
    ), type='Accuracy')
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(edge='short', scale=36, type='ResizeEdge'),
    dict(crop_size=32, type='CenterCrop'),
    dict(type='PackInputs'),
]
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        data_root='./fruit30/train',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(scale=32, type='RandomResizedCrop'),
            dict(direction='horizontal', prob=0.5, type='RandomFlip'),
            dict(type='PackInputs'),
        ],
        type='CustomDataset'),
    num_workers=0,
    sampler=dict(shuffle=True, type='DefaultSampler'))
val_cfg = dict()
val_dataloader = test_dataloader
val_evaluator = dict(
    topk=(
        1,
        5,
    ), type='Accuracy')
vis_backends = [
    dict(type='LocalVisBackend'),
]
visualizer = dict(
    type='UniversalVisualizer', vis_backends=[
        dict(type='LocalVisBackend'),
    ])
work_dir='work_dirs/resnet18_fruit30/'
"""


def run_mim(capfd, *words):
    """Do what ``mim WORDS`` does, and return what it prints."""
    code = 0
    try:
        mim_command([str(word) for word in words])
    except SystemExit as stop:
        code = stop.code or 0
    out, err = capfd.readouterr()
    assert code == 0, out + err
    return out + err


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The folder with the fruit, and a server that has the weights; tests build on each other, in order."""
    made = Checkout(tmp_path_factory.mktemp("fruit"))
    for split, each in (("train", 2), ("val", 1)):
        folders(made.folder / "fruit30" / split, each, FRUIT)
    patch = pytest.MonkeyPatch()
    patch.chdir(made.folder)
    patch.setenv("MMPRETRAIN_CACHE", str(made.folder / "cache"))
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save({"state_dict": mmpretrain.get_model(NAME).state_dict()}, buffer)
    content = buffer.getvalue()
    made.weights = f"{NAME}_20210831-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    with serve() as server:
        server.files[f"/v0/{made.weights}"] = content
        info = zoo.find_model(NAME)
        patch.setitem(
            zoo._added, NAME, zoo.ModelInfo(NAME, "ResNet", info.config, f"{server.url}/v0/{made.weights}")
        )
        yield made
    patch.undo()


def test_1_install_and_download(checkout, capfd):
    """``mim install "mmpretrain>=1.0.0rc8"``, ``mim download mmpretrain --config ... --dest .``."""
    assert "mmpretrain" in run_mim(capfd, "install", "mmpretrain>=1.0.0rc8")
    text = run_mim(capfd, "download", "mmpretrain", "--config", NAME, "--dest", ".")
    assert f"processing {NAME}..." in text
    assert f"Successfully dumped {NAME}.py to " in text
    assert (checkout.folder / checkout.weights).is_file()
    dumped = Config.fromfile(str(checkout.folder / f"{NAME}.py"))
    assert dumped.auto_scale_lr.base_batch_size == 256
    assert dumped.model.head.num_classes == 1000


def test_1_names_of_models():
    names = mmpretrain.list_models()
    for name in ("barlowtwins_resnet50_8xb256-coslr-300e_in1k", "beit-base-p16_beit-in21k-pre_3rdparty_in1k",
                 "convnext-base_3rdparty_in1k", "convnext-v2-nano_3rdparty-fcmae_in1k", NAME):  # fmt: skip
        assert name in names


def test_1_inference_without_weights():
    """A model without weights answers, with the names of ImageNet."""
    from mmpretrain import get_model, inference_model
    from mmpretrain.datasets import ImageNet

    model = get_model(NAME, device="cpu")
    result = inference_model(model, str(REPO / "demo/dog.jpg"))
    assert 0 <= result["pred_label"] < 1000
    assert result["pred_class"] in ImageNet.METAINFO["classes"]


def test_1_inferencer_with_weights(checkout):
    from mmpretrain import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(f"{NAME}.py", pretrained=checkout.weights)
    assert "pred_class" in inferencer(str(REPO / "demo/dog.jpg"))[0]


def test_2_training(checkout, capfd):
    """The edited config, ``mim train mmpretrain resnet18_8xb32_in1k.py``."""
    file = checkout.folder / f"{NAME}.py"
    kept = Config.fromfile(str(file))
    head = {key: kept[key] for key in ("auto_scale_lr", "data_preprocessor")}
    file.write_text(Config(head).pretty_text + "\n" + EDITS.replace("{weights}", checkout.weights))
    run_mim(capfd, "train", "mmpretrain", f"{NAME}.py")
    work = checkout.folder / "work_dirs/resnet18_fruit30"
    assert (work / "epoch_2.pth").is_file()
    (log,) = work.glob("*/*.log")
    text = log.read_text()
    values = "  ".join(rf"{name}: [\d.]+" for name in ("accuracy/top1", "accuracy/top5", "data_time", "time"))
    assert re.search(rf"Epoch\(val\) \[2\]\[1/1\]    {values}", text)
    assert "1000 -> 30" in text, "the head is a new one"


METHODS = ("GradCAM", "GradCAM++", "XGradCAM", "EigenCAM", "EigenGradCAM", "LayerCAM")


@pytest.mark.parametrize("method", METHODS)
def test_3_activation_maps(checkout, method):
    """``python vis_cam.py 山竹.jpg CONFIG CHECKPOINT --method LayerCAM --eigen-smooth --aug-smooth``."""
    image = checkout.folder / "山竹.jpg"
    image.write_bytes((REPO / "demo/dog.jpg").read_bytes())
    smooth = ("--eigen-smooth", "--aug-smooth") if method == "LayerCAM" else ()
    checkout.python(
        "tools/visualization/vis_cam.py", "山竹.jpg", f"{NAME}.py", "work_dirs/resnet18_fruit30/epoch_2.pth",
        "--method", method, *smooth, "--device", "cpu", "--save-path", f"cam_{method}.jpg",
    )  # fmt: skip
    assert (checkout.folder / f"cam_{method}.jpg").stat().st_size > 0


def test_3_a_layer_and_a_category(checkout):
    checkout.python(
        "tools/visualization/vis_cam.py", "demo/cat-dog.png", f"{NAME}.py",
        "work_dirs/resnet18_fruit30/epoch_2.pth",
        "--target-layers", "backbone.layer4.1", "--method", "GradCAM", "--target-category", "23",
        "--device", "cpu", "--save-path", "cam_category.jpg",
    )  # fmt: skip
    assert (checkout.folder / "cam_category.jpg").is_file()


def test_4_inference_with_the_tuned_model(checkout):
    from mmpretrain import ImageClassificationInferencer

    inferencer = ImageClassificationInferencer(
        f"{NAME}.py", pretrained="work_dirs/resnet18_fruit30/epoch_2.pth"
    )
    result = inferencer(os.path.join("demo", "dog.jpg"))[0]
    assert result["pred_class"] in FRUIT
