"""Tests of :mod:`mmpretrain.models.selfsup.memory`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.selfsup.memory import add_queue, enqueue, similarities


def test_the_oldest_entries_are_overwritten():
    module = nn.Module()
    add_queue(module, "queue", 2, 5)
    assert torch.allclose(module.queue.norm(dim=0), torch.ones(5))
    enqueue(module, "queue", torch.full((3, 2), 1.0))
    enqueue(module, "queue", torch.full((4, 2), 2.0))  # goes around the end
    assert module.queue[0].tolist() == [2.0, 2.0, 1.0, 2.0, 2.0]
    assert module.queue_ptr.item() == 2


def test_similarities_are_those_of_the_moment():
    module = nn.Module()
    add_queue(module, "queue", 2, 3)
    module.queue.copy_(torch.eye(2, 3))
    query = torch.tensor([[2.0, 3.0]], requires_grad=True)
    scores = similarities(query, module.queue)
    assert scores.tolist() == [[2.0, 3.0, 0.0]]
    enqueue(module, "queue", torch.ones(2, 2))
    scores.sum().backward()  # the queue has changed, and the gradient is that of the old one
    assert query.grad.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda m: add_queue(m, "q", 2, 0), "queue_len must be positive, got 0"),
        (lambda m: similarities(torch.ones(1, 3), m.queue), "puts out 3 channels, and the queue has 2"),
        (lambda m: enqueue(m, "queue", torch.ones(6, 2)), "A queue of 5 is shorter than a batch of 6 images"),
    ],
)
def test_sizes_that_do_not_fit(act, message):
    module = nn.Module()
    add_queue(module, "queue", 2, 5)
    with pytest.raises(ConfigError, match=message):
        act(module)
