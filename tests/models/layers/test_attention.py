"""Attention, windows and relative positions against their definitions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from mmpretrain.models.layers import (
    GRN,
    HybridEmbed,
    LayerNorm2d,
    LayerScale,
    MultiheadAttention,
    PatchEmbed,
    PatchMerging,
    ShiftWindowMSA,
    WindowMSA,
    drop_path,
    drop_path_rates,
    resize_relative_position_bias_table,
)
from mmpretrain.models.layers.patch_embed import AdaptivePadding
from mmpretrain.models.layers.relative_position import relative_position_index
from mmpretrain.models.layers.window_attention import shifted_window_mask, window_partition, window_reverse


def by_definition(attn: MultiheadAttention, x: torch.Tensor, scale: float) -> torch.Tensor:
    batch, tokens, _ = x.shape
    q, k, v = attn.qkv(x).view(batch, tokens, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-1, -2) * scale).softmax(-1)
    return attn.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, -1))


def test_attention():
    attn, x = MultiheadAttention(16, 4, layer_scale_init_value=0.5), torch.rand(2, 5, 16)
    torch.testing.assert_close(attn(x), 0.5 * by_definition(attn, x, 4**-0.5))


def test_qk_scale():
    attn, x = MultiheadAttention(16, 4, qk_scale=0.1), torch.rand(2, 5, 16)
    torch.testing.assert_close(attn(x), by_definition(attn, x, 0.1))


def test_value_shortcut():
    attn, x = MultiheadAttention(8, 1, input_dims=6, v_shortcut=True), torch.rand(2, 5, 6)
    torch.testing.assert_close(attn(x), by_definition(attn, x, 8**-0.5) + attn.qkv(x)[..., 16:])


def test_relative_position_index():
    expected = [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    assert relative_position_index((2, 2)).tolist() == expected
    with_cls = relative_position_index((2, 2), with_cls_token=True)
    assert with_cls[1:, 1:].tolist() == expected
    assert with_cls[0].tolist() == [11, 9, 9, 9, 9]
    assert with_cls[1:, 0].tolist() == [10] * 4


def test_windows_there_and_back():
    x = torch.arange(2 * 4 * 6 * 3).view(2, 4, 6, 3)
    windows = window_partition(x, 2)
    assert windows.shape == (12, 2, 2, 3)
    assert windows[1, 0, 0].equal(x[0, 0, 2])
    assert window_reverse(windows, 4, 6, 2).equal(x)


def test_shifted_windows_do_not_see_across_the_border():
    """Position by position: two may attend to each other if they are neighbours in the unshifted map."""
    size, window, shift = 6, 3, 1
    place = torch.arange(size).roll(-shift)
    mask = shifted_window_mask((size, size), window, shift)
    rows = window_partition(place.view(1, size, 1, 1).expand(1, size, size, 1), window).flatten(1)
    columns = window_partition(place.view(1, 1, size, 1).expand(1, size, size, 1), window).flatten(1)
    near = [(t[:, None] - t[:, :, None]).abs() < window for t in (rows, columns)]
    assert mask.eq(0).equal(near[0] & near[1])
    assert mask.min() == -100


def test_shifted_attention_is_a_permutation_of_regular_attention():
    """With a bias of zero, an inner window gives what attention on its tokens alone gives."""
    attn = ShiftWindowMSA(8, 2, window_size=4, shift_size=2).eval()
    x = torch.rand(2, 64, 8)
    out = attn(x, (8, 8)).view(2, 8, 8, 8)
    inner = x.view(2, 8, 8, 8)[:, 2:6, 2:6].reshape(2, 16, 8)
    torch.testing.assert_close(out[:, 2:6, 2:6].reshape(2, 16, 8), attn.w_msa(inner))


@pytest.mark.parametrize(("old", "new"), [(7, 9), (13, 23), (27, 47), (13, 11)])
def test_bias_tables_are_resized_by_a_bicubic_spline(old, new):
    interpolate = pytest.importorskip("scipy.interpolate")
    table = torch.rand(old * old, 2, generator=torch.Generator().manual_seed(0))
    ratio = growth(old // 2, new // 2)
    half = [sum(ratio**i for i in range(n + 1)) for n in range(old // 2)]
    grid = [-h for h in reversed(half)] + [0.0] + half
    wanted = [min(max(float(i), grid[0]), grid[-1]) for i in range(-(new // 2), new // 2 + 1)]
    expected = [
        torch.from_numpy(
            interpolate.RectBivariateSpline(grid, grid, head.view(old, old))(wanted, wanted)
        ).flatten()
        for head in table.T
    ]
    got = resize_relative_position_bias_table(old, new, table, 2)
    torch.testing.assert_close(got, torch.stack(expected, 1).float(), rtol=0, atol=1e-4)


def growth(terms: int, total: int) -> float:
    """The ratio between 1.01 and 1.5 of a geometric series with that sum, or the nearest."""
    ratios = torch.linspace(1.01, 1.5, 490001, dtype=torch.float64)
    return ratios[((1 - ratios**terms) / (1 - ratios) - total).abs().argmin()].item()


def test_patch_embed_and_its_size():
    embed = PatchEmbed(3, 8, kernel_size=4, stride=4, input_size=(30, 16))
    assert embed.init_out_size == (8, 4)
    tokens, hw = embed(torch.rand(2, 3, 30, 16))
    assert tokens.shape == (2, 32, 8)
    assert hw == (8, 4)
    overlapping = PatchEmbed(3, 8, kernel_size=7, stride=4, padding=3, input_size=32)
    assert overlapping(torch.rand(1, 3, 32, 32))[1] == overlapping.init_out_size == (8, 8)


@pytest.mark.parametrize(("padding", "place"), [("corner", (0, 0)), ("same", (1, 0))])
def test_adaptive_padding(padding, place):
    out = AdaptivePadding(kernel_size=4, stride=4, padding=padding)(torch.ones(1, 1, 6, 7))
    assert out.shape == (1, 1, 8, 8)
    rows, columns = out[0, 0].nonzero().T
    assert (rows.min(), columns.min()) == place


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_merging_reshapes_as_unfold_does(size):
    merge = PatchMerging(4, 8)
    x = torch.rand(2, size[0] * size[1], 4)
    out, hw = merge(x, size)
    image = F.pad(x.transpose(1, 2).view(2, 4, *size), (0, size[1] % 2, 0, size[0] % 2))
    expected = merge.reduction(merge.norm(F.unfold(image, 2, stride=2).transpose(1, 2)))
    torch.testing.assert_close(out, expected)
    assert hw == (3, 4)


def test_merging_of_overlapping_windows():
    merge = PatchMerging(4, 8, kernel_size=3, stride=2, padding=1, use_post_norm=True)
    out, hw = merge(torch.rand(2, 64, 4), (8, 8))
    assert hw == (4, 4)
    assert out.shape == (2, 16, 8)
    torch.testing.assert_close(out.mean(-1), torch.zeros(2, 16), atol=1e-5, rtol=0)


def test_hybrid_embed_finds_the_size_of_the_map():
    embed = HybridEmbed(torch.nn.Conv2d(3, 5, 3, 2, 1), img_size=16, embed_dims=8)
    assert embed.num_patches == 64
    assert embed(torch.rand(2, 3, 16, 16)).shape == (2, 64, 8)


@pytest.mark.parametrize("layer", [GRN(6), LayerNorm2d(6)])
def test_channels_first_and_last(layer):
    for parameter in layer.parameters():
        torch.nn.init.uniform_(parameter)
    x = torch.rand(2, 6, 4, 5)
    last = layer(x.permute(0, 2, 3, 1), data_format="channel_last")
    torch.testing.assert_close(layer(x), last.permute(0, 3, 1, 2))


def test_grn_by_definition():
    layer, x = GRN(6), torch.rand(2, 6, 4, 5)
    torch.testing.assert_close(layer(x), x)
    torch.nn.init.constant_(layer.gamma, 2)
    norm = x.square().sum((2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(layer(x), 2 * x * norm / norm.mean(1, keepdim=True) + x)


def test_layer_scale():
    x = torch.ones(2, 3, 4, 5)
    assert LayerScale(5, 0.5)(x).eq(0.5).all()
    assert LayerScale(3, torch.tensor([1.0, 2.0, 3.0]), data_format="channels_first")(x)[0, 2].eq(3).all()


def test_drop_path_keeps_the_mean():
    torch.manual_seed(0)
    out = drop_path(torch.ones(4000, 2, 3), 0.25, training=True)
    assert out.unique().tolist() == pytest.approx([0, 4 / 3])
    assert out.mean() == pytest.approx(1, abs=0.05)
    assert out.flatten(1).std(dim=1).eq(0).all()
    assert drop_path_rates(0.3, 4) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert math.isclose(drop_path_rates(0.3, 1)[0], 0)


def test_the_old_place_of_helpers():
    from mmpretrain.models import utils

    assert utils.MultiheadAttention is MultiheadAttention
    assert isinstance(utils.build_norm_layer({"type": "LN"}, 4), torch.nn.LayerNorm)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = utils.nonsense


def test_masked_windows_compile_under_autocast():
    attn, x = WindowMSA(8, (2, 2), 2), torch.rand(8, 4, 8)
    mask = shifted_window_mask((4, 4), 2, 1)
    compiled = torch.compile(attn, fullgraph=True, backend="aot_eager")
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(compiled(x, mask), attn(x, mask))
