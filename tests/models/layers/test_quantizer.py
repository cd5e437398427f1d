"""Tests of :mod:`mmpretrain.models.layers.quantizer`."""

from __future__ import annotations

import torch

from mmpretrain.models.layers.quantizer import Codebook, NormEMAVectorQuantizer, kmeans


def test_kmeans_finds_directions():
    torch.manual_seed(0)
    centres = torch.eye(3)
    samples = torch.nn.functional.normalize(centres.repeat(20, 1) + 0.05 * torch.randn(60, 3), dim=-1)
    means = kmeans(samples, 3)
    assert means.shape == (3, 3)
    torch.testing.assert_close(means.norm(dim=-1), torch.ones(3))


def test_codes_come_from_the_first_batch_only():
    torch.manual_seed(0)
    book = Codebook(2, 4)
    assert not book.weight.any()
    first = torch.nn.functional.normalize(torch.randn(10, 4), dim=-1)
    book.init_from(first)
    codes = book.weight.clone()
    book.init_from(-first)
    assert torch.equal(book.weight, codes)
    assert torch.equal(book(torch.tensor([[1, 0]])), codes[[1, 0]][None])
    assert not book.weight.requires_grad


def test_vectors_are_replaced_by_the_nearest_code():
    torch.manual_seed(0)
    quantizer = NormEMAVectorQuantizer(4, 3, beta=1.0, kmeans_init=False).eval()
    z = torch.randn(2, 3, 5, 5, requires_grad=True)
    quantized, loss, numbers = quantizer(z)
    unit = torch.nn.functional.normalize(z, dim=1)
    codes = quantizer.embedding.weight
    expected = (unit.permute(0, 2, 3, 1).reshape(-1, 3) @ codes.T).argmax(1)
    assert torch.equal(numbers, expected)
    torch.testing.assert_close(quantized.permute(0, 2, 3, 1).reshape(-1, 3), codes[expected])
    quantized.sum().backward()  # straight through
    assert z.grad.abs().sum() > 0
    assert loss > 0
