"""Tests of :mod:`mmpretrain.models.layers.window_attention`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers import (
    ShiftWindowMSA,
    WindowMSA,
)
from mmpretrain.models.layers.window_attention import shifted_window_mask, window_partition, window_reverse


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


def test_masked_windows_compile_under_autocast():
    attn, x = WindowMSA(8, (2, 2), 2), torch.rand(8, 4, 8)
    mask = shifted_window_mask((4, 4), 2, 1)
    compiled = torch.compile(attn, fullgraph=True, backend="aot_eager")
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(compiled(x, mask), attn(x, mask))
