"""What a batch cannot be used for is said in one sentence, with the key of the config to change."""

from __future__ import annotations

import copy

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError, MMPretrainError
from mmpretrain.structures import DataSample
from tests.models.selfsup.facts import build, recorded
from tests.models.selfsup.test_dino import MODELS_OF
from tests.models.selfsup.test_two_processes import config

PIPELINE = "train_dataloader.dataset.pipeline: "
PAIRS = ("BYOL", "BarlowTwins", "DenseCL", "MoCo", "MoCoV3", "NNCLR", "SimCLR", "SimSiam", "VICReg")
CROPS = {"SwAV": 5, "DINO": 4, "iBOT": 4, "DINOv2": 4}
VIEWS = {**dict.fromkeys(PAIRS, 2), **CROPS}
#: Methods whose backbone hides patches itself.
HIDING = ("MAE", "MFF", "MILAN", "EVA", "MAEHiViT", "iTPN", "MixMIM")
GIVEN_MASKS = ("BEiT", "BEiTv2", "CAE", "MaskFeat", "SimMIM")
CONTINUED = {
    "type": "ContinuedPretraining",
    "backbone": {"type": "ResNet", "depth": 18, "base_channels": 4, "stem_channels": 4},
    "neck": {"type": "FeaturePredictor", "in_channels": 32, "hid_channels": 8},
    "head": {"type": "MIMHead", "loss": {"type": "CosineSimilarityLoss"}},
}


def case(name: str) -> dict:
    return copy.deepcopy(recorded("algorithms")[name]["case"])


def views(count: int, size: int = 32, batch: int = 2) -> list[torch.Tensor]:
    return [torch.rand(batch, 3, size, size) for _ in range(count)]


def refused(model, inputs, message: str, samples=None) -> None:
    with pytest.raises(MMPretrainError, match=message) as caught:
        model.train()(inputs, samples or [], mode="loss")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", VIEWS)
def test_the_number_of_views(name):
    model, count = build(config(name)), VIEWS[name]
    start = f"^{PIPELINE}{name} compares {count} views of each image, but the batch has "
    refused(model, views(1)[0], f"{start}one. Make them with MultiView")
    refused(model, views(count - 1), f"{start}{count - 1}.")
    refused(model, views(count + 1), f"{start}{count + 1}.")
    uneven = [*views(count - 1), *views(1, batch=3)]
    refused(model, uneven, f"^{PIPELINE}The views of a batch differ in number of images: ")


@pytest.mark.parametrize("name", ["DenseCL", "SimCLR", *MODELS_OF])
def test_views_that_have_to_be_of_one_size(name):
    crops = [*views(1, 32), *views(1, 64), *views(VIEWS[name] - 2, 16)]
    refused(
        build(config(name)), crops, f"^{PIPELINE}{name} needs views of one size, but they are 32 x 32 and"
    )


@pytest.mark.parametrize("name", ["SimCLR", "DINOv2"])
def test_a_batch_of_one(name):
    size = {"SimCLR": 32}.get(name)
    crops = views(2, 32, 1) if size else [*views(2, 32, 1), *views(2, 16, 1)]
    refused(build(config(name)), crops, r"^train_dataloader.batch_size: .* a batch needs two or more$")


@pytest.mark.parametrize("ratio", [1, 1.0, 1.3, -0.2, "half"])
@pytest.mark.parametrize("name", [*HIDING, "SparK", "continued"])
def test_ratios_that_hide_all_or_are_none(name, ratio):
    model = copy.deepcopy(CONTINUED) if name == "continued" else case(name)["model"]
    owner = model if name in ("SparK", "continued") else model["backbone"]
    owner["mask_ratio"] = ratio
    with pytest.raises((MMPretrainError, TypeError), match="mask_ratio") as caught:
        build(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HIDING)
def test_a_ratio_that_hides_nothing(name):
    model = case(name)["model"]
    model["backbone"]["mask_ratio"] = 0
    found = build(model)
    pictures = torch.rand(2, 3, 64, 64)
    refused(found, pictures, "^model.backbone.mask_ratio: mask_ratio=0 hides no patch, so there is nothing")


@pytest.mark.parametrize("name", [name for name in HIDING if name != "MixMIM"])
def test_images_of_another_size_than_the_decoder_is_for(name):
    start = f"^{PIPELINE}The images have 36 patches, and model.(neck|backbone) is made for 16. Let the crops"
    refused(build(case(name)["model"]), torch.rand(2, 3, 96, 96), start)


def test_images_of_another_size_for_mixmim_and_spark():
    mixmim = build(case("MixMIM")["model"])
    message = f"^{PIPELINE}MixMIM takes images whose edges are multiples of 32, got 80 x 80"
    refused(mixmim, torch.rand(2, 3, 80, 80), message)
    spark = build(case("SparK")["model"])
    refused(spark, torch.rand(2, 3, 64, 64), "set to images of 128 x 128, got 64 x 64")


@pytest.mark.parametrize("name", GIVEN_MASKS)
def test_masks_that_are_missing_or_of_another_size(name):
    found = case(name)
    model = build(found["model"])
    size = 112 if name == "MaskFeat" else 64
    pictures = torch.rand(2, 3, size, size)
    other = torch.rand(2, 3, 64 if name == "BEiTv2" else 32, 64 if name == "BEiTv2" else 32)
    inputs = [pictures, other] if name.startswith(("BEiT", "CAE")) else pictures
    refused(model, inputs, f"^{PIPELINE}The samples have no mask. Add BEiTMaskGenerator", [DataSample()] * 2)
    samples = [DataSample(mask=torch.ones(3, 3).bool().triu()) for _ in range(2)]
    refused(model, inputs, f"^{PIPELINE}The masks have 9 entries, but the images", samples)


@pytest.mark.parametrize(
    ("backbone", "changes"),
    [
        ({"strides": (1, 2, 2, 1)}, {"downsample_raito": 16}),
        ({"depth": 50}, {}),
        ({}, {"enc_dec_norm_dim": 32}),
    ],
)
def test_spark_names_maps_of_another_shape(backbone, changes):
    spark = case("SparK")
    cfg = spark["model"] | changes
    model = build({**cfg, "backbone": {**cfg["backbone"], **backbone}})
    with pytest.raises(
        ConfigError, match=r"a map of the backbone has the shape .*, and SparK is set to"
    ) as error:
        model(torch.zeros(2, 3, 128, 128), mode="loss")
    assert error.value.key == "backbone"


@pytest.mark.parametrize("mode", ["tensor", "loss"])
def test_mixmim_names_maps_that_are_no_whole_windows(mode):
    model = build(case("MixMIM")["model"])
    with pytest.raises(
        DataError, match=r"map of stage 2 is 6 x 6, .* no whole windows of 4.*Take images of \(64"
    ):
        model(torch.zeros(2, 3, 96, 96), mode=mode)
