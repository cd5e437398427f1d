"""Masked image modelling: the numbers of the reference environment, and what differs on purpose."""

from __future__ import annotations

import copy

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.errors import ArgumentError, ConfigError, DataError
from mmpretrain.registry import MODELS
from tests.contracts.signatures import check_signature
from tests.models.selfsup.facts import batch_of, build, picture, play, recorded
from tests.models.selfsup.small import ZOO

ALGORITHMS = [
    *("MAE", "MAEHiViT", "MFF", "MILAN", "EVA", "MaskFeat", "SimMIM", "MixMIM", "BEiT", "BEiTv2", "CAE"),
    *("iTPN", "SparK"),
]

#: Aspects that differ from 1.x on purpose; each has a test below.
MENDED = {"MFF": ["feat"], "BEiT": ["frozen"], "CAE": ["frozen"], "BEiTv2": ["tokenizer1", "tokenizer2"]}

PARTS = [
    *("MAEPretrainDecoder", "MILANPretrainDecoder", "MixMIMPretrainDecoder", "BEiTV2Neck", "CAENeck"),
    *("iTPNPretrainDecoder.clip", "SparKLightDecoder", "HOGGenerator", "HOGGenerator.kernel", "VQKD"),
    *("VQKD.encode", "VQKD.kmeans", "CLIPGenerator", "NormEMAVectorQuantizer.train", "MAEViT.forward"),
    *("MAEViT.random_masking", "MAEHiViT.masking_id", "MILANViT.attention_masking"),
    *("MixMIMPretrainTransformer.random_masking", "SimMIMSwinTransformer.without_mask"),
    "build_2d_sincos_position_embedding",
]

SIGNATURES = [
    *("MAE", "BEiT", "VQKD", "CAE", "EVA", "iTPN", "MaskFeat", "MFF", "MILAN", "MixMIM", "SimMIM", "SparK"),
    *("MAEViT", "MAEHiViT", "BEiTPretrainViT", "MaskFeatViT", "MILANViT", "MFFViT", "SimMIMSwinTransformer"),
    *("iTPNHiViT", "MixMIMPretrainTransformer", "HOGGenerator", "CLIPGenerator", "CAENeck"),
    *("MAEPretrainDecoder", "MILANPretrainDecoder", "MixMIMPretrainDecoder", "BEiTV2Neck"),
    *("iTPNPretrainDecoder", "SparKLightDecoder"),
]


def case_of(name: str) -> dict:
    return copy.deepcopy(recorded("algorithms")[name]["case"])


def step_of(name: str, **changes) -> dict[str, torch.Tensor]:
    """The losses of a case whose model or batch was changed."""
    case = {**case_of(name), **changes}
    return build(case["model"])(*batch_of(case, 0), mode="loss")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_two_steps_as_recorded(name):
    differing = [line.split(":")[0] for line in play("algorithms", name)]
    assert differing == MENDED.get(name, [])


@pytest.mark.parametrize("name", PARTS)
def test_part_as_recorded(name):
    assert play("parts", name) == []


def test_dalle_as_recorded_but_for_gradients():
    assert [line.split(":")[0] for line in play("parts", "DALL-E")] == ["grads"]


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name not in ("MILAN", "EVA")])
def test_features_of_whole_images(name):
    """``mode='tensor'`` hides nothing: two calls agree, and an image's features do not depend on others."""
    case = case_of(name)
    model = build(case["model"]).eval()
    images = batch_of(case, 0)[0]
    images = images if isinstance(images, torch.Tensor) else images[0]
    with torch.no_grad():
        both, alone = model(images, mode="tensor"), model(images[:1], mode="tensor")
        model.train()
        again = model.eval()(images, mode="tensor")
    for x, y, z in zip(both, alone, again):
        torch.testing.assert_close(x[:1], y, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(x, z)


@pytest.mark.parametrize("name", ["MAE", "MFF", "MixMIM", "MAEHiViT", "iTPN"])
def test_no_mask_by_either_word(name):
    case = case_of(name)
    backbone = build(case["model"]).backbone.eval()
    images = batch_of(case, 0)[0]
    for a, b in zip(backbone(images, mask=False), backbone(images, mask=None)):
        assert torch.equal(a, b)


def test_spark_leaves_no_mask_behind():
    case = case_of("SparK")
    model = build(case["model"])
    model(*batch_of(case, 0), mode="loss")
    assert model.backbone.active.mask is None


def test_frozen_tokenizers():
    case = case_of("BEiTv2")
    model = build(case["model"]).train()
    codes = model.target_generator.quantize.embedding.weight
    before = codes.clone()
    model(*batch_of(case, 0), mode="loss")
    assert torch.equal(codes, before)
    dalle = build(case_of("BEiT")["model"]).target_generator
    assert not any(p.requires_grad for p in dalle.parameters())
    trained = build({**case_of("BEiT")["model"]["target_generator"], "requires_grad": True})
    assert all(p.requires_grad for p in trained.parameters())


@pytest.mark.parametrize("name", ["CAE", "BEiTv2"])
def test_no_layer_scale(name):
    case = case_of(name)
    for part in ("backbone", "neck"):
        case["model"][part]["layer_scale_init_value"] = None
    losses = step_of(name, model=case["model"])
    assert all(torch.isfinite(value) for value in losses.values())


def test_mixmim_leaves_the_config_alone():
    cfg = case_of("MixMIM")["model"]
    before = copy.deepcopy(cfg)
    assert build(cfg).head.patch_size == 32
    MODELS.get("MixMIM")(**{key: value for key, value in cfg.items() if key != "type"})
    assert cfg == before


def test_hivit_puts_out_its_last_block():
    model = build(case_of("MAEHiViT")["model"])
    assert model.backbone.out_indices == (1,)


@pytest.mark.parametrize("name", ["MAE", "MFF", "MAEHiViT", "iTPN", "MixMIM"])
@pytest.mark.parametrize("ratio", [1, 1.0, -0.1, 0.99])
def test_mask_ratio_that_leaves_nothing(name, ratio):
    cfg = case_of(name)["model"]
    with pytest.raises(ArgumentError, match="mask_ratio"):
        build({**cfg, "backbone": {**cfg["backbone"], "mask_ratio": ratio}})


def test_mask_ratio_of_spark():
    cfg = case_of("SparK")["model"]
    for ratio in (1.0, 0.0, 0.01):
        with pytest.raises(ArgumentError, match="mask_ratio"):
            build({**cfg, "mask_ratio": ratio})


@pytest.mark.parametrize("name", ["MAE", "MFF", "MAEHiViT", "iTPN"])
def test_nothing_hidden(name):
    case = case_of(name)
    case["model"]["backbone"]["mask_ratio"] = 0.0
    with pytest.raises(ConfigError, match="nothing to predict"):
        step_of(name, model=case["model"])


@pytest.mark.parametrize("name", ["BEiT", "MaskFeat", "SimMIM", "CAE"])
def test_masks_that_do_not_fit(name):
    case = case_of(name)
    inputs, _ = batch_of(case, 0)
    with pytest.raises(DataError, match="no mask"):
        build(case["model"])(inputs, [], mode="loss")
    case["mask"] = {**case["mask"], "shape": [3, 5], "n": 4}
    with pytest.raises((ConfigError, DataError), match=r"mask|patches"):
        step_of(name, mask=case["mask"])


def test_cae_wants_masks_alike():
    case = case_of("CAE")
    inputs, samples = batch_of(case, 0)
    samples[0].set_mask(torch.zeros_like(samples[0].mask))
    with pytest.raises(DataError, match="as many patches"):
        build(case["model"])(inputs, samples, mode="loss")


@pytest.mark.parametrize(
    ("part", "changes", "match"),
    [
        ("neck", {"num_patches": 15}, "square"),
        ("head", {"patch_size": 7}, "cut into patches"),
    ],
)
def test_mae_settings_that_do_not_fit(part, changes, match):
    case = case_of("MAE")
    case["model"][part].update(changes)
    with pytest.raises(ConfigError, match=match):
        step_of("MAE", model=case["model"])


def test_spark_settings_that_do_not_fit():
    case = case_of("SparK")
    with pytest.raises(DataError, match="128 x 128"):
        step_of("SparK", views=64)
    with pytest.raises(ConfigError, match="sparse backbone"):
        build({**case["model"], "backbone": {"type": "ResNet", "depth": 18}})


def test_hog_sizes():
    generator = MODELS.build({"type": "HOGGenerator"})
    with pytest.raises(DataError, match="gaussian_window"):
        generator(picture((1, 3, 100, 100), 0))
    with pytest.raises(DataError, match="14 x 14 patches"):
        generator(picture((1, 3, 64, 64), 0))
    small = MODELS.build({"type": "HOGGenerator", "pool": 4, "gaussian_window": 8, "grid": 4})
    assert small(picture((1, 3, 32, 32), 0)).shape == (1, 16, 3 * 9 * 4)
    drawn = small.generate_hog_image(small.out)
    assert drawn.shape == (32, 32)
    assert drawn.max() == 255


def test_itpn_has_three_levels():
    cfg = case_of("iTPN")["model"]
    for levels in (1, 2, 3):
        neck = {**cfg["neck"], "num_outs": levels}
        assert torch.isfinite(step_of("iTPN", model={**cfg, "neck": neck})["loss"])
    with pytest.raises(ArgumentError, match="num_outs"):
        build({**cfg, "neck": {**cfg["neck"], "num_outs": 4}})


def test_positions_of_a_grid_that_is_not_square():
    """Row by row, as the tokens are: 1.x goes column by column, which fits square grids only."""
    from mmpretrain.models.layers import build_2d_sincos_position_embedding

    wide = build_2d_sincos_position_embedding((2, 3), 8)[0]
    square = build_2d_sincos_position_embedding(3, 8)[0]
    assert torch.equal(wide, square[:6])


def test_recomputed_blocks_see_the_same_mask():
    """With ``with_cp``, the backward pass runs after the mask was taken away."""
    cfg = case_of("SparK")["model"]
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        model = build({**cfg, "backbone": {**cfg["backbone"], "with_cp": with_cp}}).train()
        torch.manual_seed(1)
        model(*batch_of(case_of("SparK"), 0), mode="loss")["loss"].backward()
        gradients.append([p.grad for p in model.backbone.parameters()])
    for plain, recomputed in zip(*gradients):
        torch.testing.assert_close(plain, recomputed)


@pytest.mark.parametrize(("levels", "hidden"), [(1, True), (2, False), (3, False)])
def test_lower_levels_of_itpn_with_clip_see_hidden_patches(levels, hidden):
    """As in 1.x: the mask is for the main stage, and the pyramid takes the stages before it too."""
    torch.manual_seed(0)
    arch = {"embed_dims": 16, "depths": [1, 1, 1], "num_heads": 2}
    backbone = {"type": "iTPNHiViT", "arch": arch, "img_size": 32, "reconstruction_type": "clip"}
    neck = {"type": "iTPNPretrainDecoder", "embed_dim": 16, "fpn_dim": 8, "fpn_depth": 1, "num_outs": levels}
    neck |= {"decoder_embed_dim": 16, "reconstruction_type": "clip"}
    backbone, neck = (MODELS.build(cfg).eval() for cfg in (backbone, neck))
    images = torch.randn(1, 3, 32, 32)
    other = images.clone()
    other[..., :16, :16] += 1
    mask = torch.tensor([[[1, 0], [0, 0]]])
    first, second = (neck(backbone(x, mask)) for x in (images, other))
    assert torch.equal(first[:, 1:], second[:, 1:])
    assert torch.equal(first[:, 0], second[:, 0]) == hidden


def test_itpn_with_clip_has_a_bounded_loss():
    loss = Config.fromfile(
        ZOO / "itpn/itpn-clip-b_hivit-base-p16_8xb256-amp-coslr-800e_in1k.py"
    ).model.head.loss
    head = MODELS.build({"type": "iTPNClipHead", "embed_dims": 8, "num_embed": 4, "loss": loss})
    mask = torch.ones(2, 3, 3)
    target = torch.randn(2, 9, 4) * 100
    with torch.no_grad():
        head.cls_head.weight.zero_()
        head.cls_head.bias.copy_(target[0, 0])
    value = head.loss(torch.randn(2, 9, 8), target[:1, :1].expand(2, 9, 4), mask)
    torch.testing.assert_close(value, torch.tensor(0.0), atol=1e-6, rtol=0)
    assert 0 <= head.loss(torch.randn(2, 9, 8), target, mask) <= 2


@pytest.mark.parametrize(
    "positions",
    [{"use_shared_rel_pos_bias": True}, {"use_rel_pos_bias": True}, {"use_abs_pos_emb": False}],
)
def test_cae_has_absolute_positions_only(positions):
    cfg = case_of("CAE")["model"]["backbone"]
    with pytest.raises(ArgumentError, match="works with absolute positions only"):
        MODELS.build({**cfg, **positions})
