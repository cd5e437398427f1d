"""Vision Transformers and their kin: what the contracts over all backbones do not cover."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.backbones import (
    PCPVT,
    BEiTViT,
    ConvNeXt,
    DeiT3,
    DistilledVisionTransformer,
    HiViT,
    MlpMixer,
    PoolFormer,
    RIFormer,
    SwinTransformer,
    SwinTransformerV2,
    VisionTransformer,
    ViTEVA02,
    XCiT,
)
from mmpretrain.models.backbones.twins import LocallyGroupedSelfAttention
from mmpretrain.models.layers import DropPath, MultiheadAttention, resize_pos_embed

PLAIN = {"embed_dims": 32, "num_layers": 3, "num_heads": 2, "feedforward_channels": 64}
STAGES = {"embed_dims": 16, "depths": [2, 2], "num_heads": [1, 2]}


def vit(cls: type = VisionTransformer, **kwargs):
    return cls(**{"arch": PLAIN, "img_size": 32, "patch_size": 8, **kwargs}).eval()


def swin(**kwargs):
    options = {"arch": STAGES, "img_size": 64, "window_size": 4, "out_indices": -1}
    return SwinTransformer(**{**options, **kwargs}).eval()


def trainable(model: nn.Module) -> set[str]:
    """First part, or two where the first is a list, of the names of parameters that are not frozen."""
    return {
        ".".join(name.split(".")[: 2 if name.startswith(("layers", "stages", "downsample")) else 1])
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


# -- outputs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out_type", "shape"),
    [("cls_token", (2, 32)), ("featmap", (2, 32, 4, 4)), ("avg_featmap", (2, 32)), ("raw", (2, 17, 32))],
)
@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_out_type(cls, out_type, shape):
    (out,) = vit(cls, out_type=out_type)(torch.rand(2, 3, 32, 32))
    assert out.shape == shape


def test_distilled_tokens():
    cls, dist = vit(DistilledVisionTransformer)(torch.rand(2, 3, 32, 32))[-1]
    (raw,) = vit(DistilledVisionTransformer, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert cls.shape == dist.shape == (2, 32)
    assert raw.shape == (2, 18, 32)


@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_without_class_token(cls):
    (out,) = vit(cls, with_cls_token=False, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert out.shape == (2, 16, 32)
    with pytest.raises(ArgumentError, match="needs with_cls_token=True"):
        vit(cls, with_cls_token=False, out_type="cls_token")


def test_unknown_out_type_names_the_known_ones():
    with pytest.raises(ArgumentError, match="'avg_featmap', 'cls_token', 'featmap', 'raw'"):
        vit(out_type="mean")


@pytest.mark.parametrize(
    ("make", "last"),
    [
        (vit, 2),
        (lambda **kw: vit(BEiTViT, **kw), 2),
        (lambda **kw: vit(MlpMixer, **MIXER, **kw), 1),
        (swin, 1),
    ],
)
def test_negative_out_indices_count_from_the_end(make, last):
    wanted = [0, -1]
    assert make(out_indices=wanted).out_indices == (0, last)
    assert wanted == [0, -1]


MIXER = {"arch": {"embed_dims": 32, "num_layers": 2, "tokens_mlp_dims": 16, "channels_mlp_dims": 64}}


def test_mixer_takes_one_image_size():
    model = vit(MlpMixer, **MIXER, out_indices=(0, 1))
    assert [out.shape for out in model(torch.rand(2, 3, 32, 32))] == [(2, 32, 16)] * 2
    with pytest.raises(ValueError, match=r"images of \(32, 32\), got \(40, 32\)"):
        model(torch.rand(2, 3, 40, 32))


def test_swin_outputs_before_or_after_merging():
    image = torch.rand(1, 3, 64, 64)
    before = swin(out_indices=(0, 1))(image)
    after = swin(out_indices=(0, 1), out_after_downsample=True)(image)
    assert [out.shape[1:] for out in before] == [(16, 16, 16), (32, 8, 8)]
    assert [out.shape[1:] for out in after] == [(32, 8, 8), (32, 8, 8)]


def test_swin_needs_padding_for_maps_smaller_than_a_window():
    with pytest.raises(ValueError, match="pad_small_map=True"):
        swin()(torch.rand(1, 3, 24, 24))
    assert swin(pad_small_map=True)(torch.rand(1, 3, 24, 40))[0].shape == (1, 32, 3, 5)


def test_convnext_linear_layers_and_convolutions_are_the_same():
    arch = {"depths": [1, 1, 1, 1], "channels": [4, 6, 8, 10]}
    options = {"arch": arch, "use_grn": True, "layer_scale_init_value": 0.5, "gap_before_final_norm": False}
    linear = ConvNeXt(**options).eval()
    conv = ConvNeXt(**options, linear_pw_conv=False).eval()
    for parameter in linear.parameters():
        nn.init.uniform_(parameter, -1, 1)
    conv.load_state_dict({k: v.view_as(conv.state_dict()[k]) for k, v in linear.state_dict().items()})
    image = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(linear(image), conv(image), rtol=1e-4, atol=1e-4)


def test_deit3_and_eva02_layers():
    """Layer scale; a first norm for both branches; rotated queries and keys."""
    state = vit(DeiT3).state_dict()
    assert state["layers.0.attn.gamma1.weight"].eq(1e-5).all()
    assert state["pos_embed"].shape == (1, 16, 32)
    assert "layers.0.attn.gamma1.weight" not in vit(DeiT3, use_layer_scale=False).state_dict()
    eva = vit(ViTEVA02, out_type="featmap")
    assert eva(torch.rand(2, 3, 32, 32))[0].shape == (2, 32, 4, 4)
    assert eva(torch.rand(2, 3, 48, 24))[0].shape == (2, 32, 6, 3)


def test_deit3_averages_its_patches():
    """With a norm after the mean, as the other Vision Transformers have it."""
    model, x = vit(DeiT3, out_type="avg_featmap"), torch.rand(2, 3, 32, 32)
    nn.init.normal_(model.ln2.weight)
    (mean,) = model(x)
    model.out_type = "featmap"
    (patches,) = model(x)
    torch.testing.assert_close(mean, model.ln2(patches.mean(dim=(2, 3))))


# -- position embeddings ----------------------------------------------------------------------------


def test_other_image_sizes():
    model = vit(out_type="featmap")
    assert model(torch.rand(1, 3, 48, 24))[0].shape == (1, 32, 6, 3)


@pytest.mark.parametrize("cls", [VisionTransformer, DistilledVisionTransformer, DeiT3])
def test_position_embeddings_are_resized_on_load(cls):
    small, large = vit(cls), vit(cls, img_size=48, interpolate_mode="bilinear")
    nn.init.normal_(small.pos_embed)
    large.load_state_dict(small.state_dict())
    expected = resize_pos_embed(small.pos_embed, (4, 4), (6, 6), "bilinear", small.num_extra_positions)
    torch.testing.assert_close(large.pos_embed, expected)


def test_the_class_tokens_position_is_dropped_on_load():
    model = vit(with_cls_token=False, out_type="raw")
    state = vit().state_dict()
    del state["cls_token"]
    nn.init.normal_(state["pos_embed"])
    model.load_state_dict(state)
    torch.testing.assert_close(model.pos_embed, state["pos_embed"][:, 1:])


def test_resize_pos_embed_checks_the_grid():
    with pytest.raises(ValueError, match="Check img_size"):
        resize_pos_embed(torch.zeros(1, 17, 8), (5, 5), (6, 6))


def test_swin_loads_a_checkpoint_of_another_window_and_layout():
    small, large = swin(use_abs_pos_embed=True), swin(window_size=8, img_size=96, use_abs_pos_embed=True)
    state = small.state_dict()
    for name in ("weight", "bias"):
        state[f"norm.{name}"] = state.pop(f"norm1.{name}")
    state["stages.0.blocks.1.attn_mask"] = torch.zeros(4, 16, 16)
    state = {f"backbone.{key}": value for key, value in state.items()}
    nn.ModuleDict({"backbone": large}).load_state_dict(state)
    table = large.stages[0].blocks[0].attn.w_msa.relative_position_bias_table
    assert table.shape == (15 * 15, 1)
    assert large.absolute_pos_embed.shape == (1, 24 * 24, 16)
    assert large.stages[0].blocks[0].attn.w_msa.relative_position_index.max() == 15 * 15 - 1


def test_swin_v2_keeps_its_own_window_on_load():
    arch = {**STAGES, "extra_norm_every_n_blocks": 0}
    options = {"arch": arch, "img_size": 64, "out_indices": -1, "pretrained_window_sizes": (0, 0)}
    small, large = (SwinTransformerV2(**options, window_size=size) for size in (4, 8))
    large.load_state_dict(small.state_dict())
    assert large.stages[0].blocks[0].attn.w_msa.relative_coords_table.shape == (1, 15, 15, 2)


def test_beit_shares_out_a_shared_table_and_resizes_it():
    shared = vit(BEiTViT, use_rel_pos_bias=False, use_shared_rel_pos_bias=True)
    nn.init.normal_(shared.rel_pos_bias.relative_position_bias_table)
    own = vit(BEiTViT)
    own.load_state_dict(shared.state_dict())
    image = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(own(image), shared(image))
    larger = vit(BEiTViT, img_size=48)
    larger.load_state_dict(own.state_dict())
    table = larger.layers[2].attn.relative_position_bias_table
    torch.testing.assert_close(table[-3:], own.layers[2].attn.relative_position_bias_table[-3:])
    larger(torch.rand(2, 3, 48, 48))


def test_tokens_start_random():
    model = vit(DistilledVisionTransformer)
    model.init_weights()
    for token in (model.cls_token, model.dist_token, model.pos_embed):
        assert 0.01 < token.std() < 0.03


# -- freezing, depth, stochastic depth --------------------------------------------------------------


@pytest.mark.parametrize("cls", [VisionTransformer, BEiTViT])
def test_frozen_stages_stay_frozen(cls):
    model = vit(cls, frozen_stages=0, out_type="avg_featmap", final_norm=True)
    assert trainable(model.train()) == {"layers.0", "layers.1", "layers.2", "ln1", "ln2"}
    model = vit(cls, frozen_stages=2, out_type="avg_featmap", final_norm=True, drop_rate=0.5)
    assert trainable(model.train()) == {"layers.2", "ln1", "ln2"}
    assert not model.drop_after_pos.training
    assert [layer.training for layer in model.layers] == [False, False, True]
    assert trainable(vit(cls, frozen_stages=3, out_type="avg_featmap", final_norm=True).train()) == set()


def test_frozen_stages_of_hierarchies_count_as_in_1x():
    assert trainable(swin(frozen_stages=0).train()) == {"stages.1", "norm1"}
    arch = {"depths": [1, 1, 2, 1], "channels": [4, 6, 8, 10]}
    names = {f"{kind}.{i}" for kind in ("stages", "downsample_layers") for i in (1, 2, 3)}
    assert trainable(ConvNeXt(arch, frozen_stages=1).train()) == {*names, "norm3"}
    assert "stages.0" in trainable(ConvNeXt(arch))


def test_xcit_freezes_as_many_layers_as_it_says():
    options = {"embed_dims": 16, "num_heads": 2, "depth": 2, "cls_attn_layers": 1, "patch_size": 8}
    model = XCiT(**options, frozen_stages=2).train()
    assert [layer.training for layer in model.xca_layers] == [False, False]
    assert trainable(model) == {"cls_token", "ca_layers", "norm"}
    with pytest.raises(ArgumentError, match="Earlier layers have no class token"):
        XCiT(**options, out_indices=(1, 2))


def test_hivit_counts_the_blocks_of_its_main_stage():
    arch = {"embed_dims": 32, "depths": [1, 1, 3], "num_heads": 2}
    model = HiViT(arch, img_size=64, out_indices=(0, -1)).eval()
    assert model.out_indices == (0, 2)
    assert [out.shape for out in model(torch.rand(1, 3, 96, 64))] == [(1, 32, 6, 4)] * 2
    assert model.get_layer_depth("backbone.blocks.6.norm1.weight", "backbone.") == (7, 11)
    small, large = (HiViT(arch, img_size=size, rpe=True) for size in (64, 96))
    large.load_state_dict(small.state_dict())
    assert large.blocks[8].attn.relative_position_bias_table.shape == (121, 2)


def test_poolformer_trains_its_stem():
    arch = {"layers": [1, 1, 1, 1], "embed_dims": [4, 6, 8, 10]}
    assert "patch_embed" in trainable(PoolFormer(arch).train())
    assert "patch_embed" not in trainable(PoolFormer(arch, frozen_stages=0).train())
    frozen = RIFormer(arch, frozen_stages=0, out_indices=(0, -1)).train()
    assert not {"patch_embed", "norm0"} & trainable(frozen)


@pytest.mark.parametrize(
    ("model", "depths"),
    [
        (
            vit(pre_norm=True),
            {"cls_token": 0, "pre_norm.weight": 0, "layers.2.ffn.layers.1.bias": 3, "ln1.bias": 4},
        ),
        (vit(DistilledVisionTransformer), {"dist_token": 0, "layers.0.ln1.weight": 1}),
        (
            swin(),
            {
                "patch_embed.norm.bias": 0,
                "stages.0.blocks.1.norm1.bias": 2,
                "stages.0.downsample.reduction.weight": 2,
                "stages.1.blocks.0.norm1.bias": 3,
                "norm1.bias": 5,
            },
        ),
        (
            ConvNeXt("atto"),
            {
                "downsample_layers.0.0.bias": 0,
                "stages.1.0.norm.bias": 2,
                "stages.2.5.norm.bias": 4,
                "downsample_layers.3.0.bias": 6,
                "norm3.bias": 7,
            },
        ),
    ],
)
def test_layer_depth(model, depths):
    last = max(
        model.get_layer_depth(f"backbone.{name}", "backbone.")[0] for name, _ in model.named_parameters()
    )
    for name, depth in depths.items():
        assert model.get_layer_depth(f"backbone.{name}", "backbone.") == (depth, last + 1)
    assert model.get_layer_depth("head.fc.weight", "backbone.") == (last, last + 1)


def test_stochastic_depth_grows_linearly():
    model = vit(drop_path_rate=0.2)
    assert [layer.attn.out_drop.drop_prob for layer in model.layers] == pytest.approx([0, 0.1, 0.2])
    assert [layer.ffn.dropout_layer.drop_prob for layer in model.layers] == pytest.approx([0, 0.1, 0.2])
    rates = [m.drop_prob for m in swin(drop_path_rate=0.3).modules() if isinstance(m, DropPath)]
    assert rates == pytest.approx([0, 0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3])


def test_each_branch_is_dropped_once():
    layer = vit(BEiTViT, drop_path_rate=0.5).layers[2]
    assert [m.drop_prob for m in layer.modules() if isinstance(m, DropPath)] == [0.5]
    layer = PCPVT("small", drop_path_rate=0.5).stages[3][2]
    assert [m.drop_prob for m in layer.modules() if isinstance(m, DropPath)] == [0.5]


def test_twins_keeps_padding_out_of_its_windows():
    attn = LocallyGroupedSelfAttention(8, 2, window_size=4).eval()
    x = torch.rand(1, 6 * 4, 8)  # of the second window, only two rows are in the map
    below = attn(x, (6, 4)).view(6, 4, 8)[4:].reshape(1, 8, 8)
    alone = MultiheadAttention(8, 2)
    alone.load_state_dict(attn.state_dict())
    torch.testing.assert_close(below, alone(x.view(1, 6, 4, 8)[:, 4:].reshape(1, 8, 8)))


# -- seams ------------------------------------------------------------------------------------------


def test_embed_is_the_seam_of_masked_image_methods():
    class HalfOfThePatches(VisionTransformer):
        def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
            tokens, hw = super().embed(x)
            return tokens[:, : 1 + hw[0] * hw[1] // 2], hw

    (out,) = vit(HalfOfThePatches, out_type="raw")(torch.rand(2, 3, 32, 32))
    assert out.shape == (2, 9, 32)


def test_giant_dinov2_has_a_gated_network():
    layers = {"ffn_type": "swiglu_fused"}
    model = vit(layer_cfgs=layers, layer_scale_init_value=1e-5)
    assert {"layers.0.ffn.w12.weight", "layers.0.ffn.gamma2.weight"} <= set(model.state_dict())
    with pytest.raises(ArgumentError, match="'origin' or 'swiglu_fused'"):
        vit(layer_cfgs={"ffn_type": "glu"})
    with pytest.raises(ArgumentError, match=r"3 dicts .*, got 2"):
        vit(layer_cfgs=[layers, layers])


def test_distilled_models_normalise_before_the_first_layer():
    model, image = vit(DistilledVisionTransformer, pre_norm=True), torch.rand(1, 3, 32, 32)
    before = model(image)[-1][0]
    nn.init.zeros_(model.pre_norm.weight)
    assert not torch.equal(model(image)[-1][0], before)
