"""Opening models to judge their features."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis import init_model, open_model
from mmpretrain.apis.features import DatasetFeatures
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.features import backbone_outputs, pooled
from tests.contracts.test_backbones import CASES
from tests.models.selfsup.small import write_images

ARCH = {"embed_dims": 32, "num_layers": 3, "num_heads": 4, "feedforward_channels": 64}
BACKBONES = {
    "resnet": ({"type": "ResNet", "depth": 18, "stem_channels": 8, "base_channels": 8}, [8, 16, 32, 64]),
    "vit": ({"type": "VisionTransformer", "arch": ARCH, "img_size": 32, "patch_size": 8}, [32] * 3),
    "mae": ({"type": "MAEViT", "arch": ARCH, "img_size": 32, "patch_size": 8}, [32] * 3),
    "swin": (
        {
            "type": "SwinTransformer",
            "arch": {"embed_dims": 8, "depths": [1] * 4, "num_heads": [1] * 4},
            "img_size": 32,
            "stage_cfgs": {"block_cfgs": {"window_size": 1}},
        },
        [8, 16, 32, 64],
    ),
}


def model_of(name: str):
    backbone, channels = BACKBONES[name]
    model = {"type": "ImageClassifier", "backbone": backbone}
    if name == "mae":
        decoder = {"num_patches": 16, "patch_size": 8, "embed_dim": 32, "decoder_embed_dim": 32}
        neck = {"type": "MAEPretrainDecoder", "decoder_depth": 1, "decoder_num_heads": 2, **decoder}
        head = {
            "type": "MAEPretrainHead",
            "patch_size": 8,
            "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"},
        }
        model = {"type": "MAE", "backbone": backbone, "neck": neck, "head": head}
    torch.manual_seed(0)
    return init_model(Config({"model": model}), device="cpu"), channels


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = write_images(tmp_path_factory.mktemp("images"), 5)
    return {"type": "CustomDataset", "data_prefix": str(folder), "with_label": False}


@pytest.mark.parametrize("name", BACKBONES)
def test_all_stages_in_one_pass(name, images):
    model, channels = model_of(name)
    last = DatasetFeatures(model, image_size=32)(images, workers=0)
    extractor = DatasetFeatures(model, stages="all", image_size=32)
    bank = extractor(images, batch_size=2, workers=0)
    assert [x.shape for x in bank.features] == [(5, width) for width in channels]
    assert extractor.stages == list(range(len(channels)))
    if name != "vit":  # which puts out its class token here, and the mean of patches there
        torch.testing.assert_close(bank.features[-1], last.features[-1])
    some = DatasetFeatures(model_of(name)[0], stages=[0, -1], image_size=32)(images, workers=0)
    torch.testing.assert_close(some.features[0], bank.features[0])


def test_what_it_refuses():
    model, _ = model_of("resnet")
    for stages in ([4], [-5], "first"):
        with pytest.raises(ConfigError, match="no stages"):
            DatasetFeatures(model, stages=stages)
    with pytest.raises(ConfigError, match="no backbone"):
        DatasetFeatures(torch.nn.Linear(1, 1))


def test_what_made_the_targets_is_not_needed(tmp_path):
    """CLIP's file may be elsewhere, and must not be opened because a stranger's checkpoint says so."""
    wanted, _ = model_of("mae")
    cfg = wanted._config.model.to_dict()
    cfg |= {"type": "EVA", "target_generator": {"type": "CLIPGenerator", "tokenizer_path": "gone.pt"}}
    path, text = str(tmp_path / "epoch_1.pth"), Config({"model": cfg}).pretty_text
    torch.save({"state_dict": wanted.state_dict(), "meta": {"cfg": text}}, path)
    with pytest.raises(ConfigError, match=r"gone.pt' is opened only for configs that are trusted"):
        open_model(path, device="cpu")
    images = torch.randn(2, 3, 32, 32)
    model = DatasetFeatures(path, device="cpu").model
    assert torch.equal(model(images, mode="tensor")[-1], wanted(images, mode="tensor")[-1])


#: Backbones whose outputs count from 1, or that another argument chooses, or of which there is one;
#: and some others.
STAGES = {"Conformer": 3, "RevVisionTransformer": 1, "InceptionV3": 1, "MixMIMTransformer": 1, "HRNet": 1}
STAGES |= {name: CASES[name].outputs for name in ("MViT", "SVT", "PoolFormer", "ShuffleNetV2", "XCiT")}


@pytest.mark.parametrize("name", STAGES)
def test_backbones_are_judged_at_all_their_stages(name):
    case = CASES[name]
    model = init_model(
        Config({"model": {"type": "ImageClassifier", "backbone": {"type": name, **case.args}}}), device="cpu"
    )
    last = DatasetFeatures(model).stages
    extractor = DatasetFeatures(model, stages="all")
    outputs = backbone_outputs(extractor.model, torch.rand(2, 3, case.size, case.size))
    assert all(len(pooled(output)) == 2 for output in outputs)
    assert len(extractor.stages) == STAGES[name]
    assert last[-1] == extractor.stages[-1]
    with pytest.raises(ConfigError, match=f"numbers from .* to {extractor.stages[-1]}"):
        DatasetFeatures(model, stages=[extractor.stages[-1] + 1])
