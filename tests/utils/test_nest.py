"""Nests of containers that hold tensors."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch

from mmpretrain.utils.nest import map_tensors


def test_places_and_kinds():
    places = []

    def double(tensor, place):
        places.append(place)
        return tensor * 2

    state: Any = {"a": torch.ones(2), "b": [1, (torch.zeros(1), "text")]}
    found = map_tensors(state, double)
    assert places == [("a",), ("b", 1, 0)]
    assert found["a"].tolist() == [2, 2]
    assert found["b"][0] == 1
    assert isinstance(found["b"][1], tuple)
    assert state["a"].tolist() == [1, 1]


def test_versions_of_modules_travel_along():
    state = torch.nn.BatchNorm1d(2).state_dict()
    copy = map_tensors(state, lambda tensor, _: tensor.clone())
    assert type(copy) is OrderedDict
    assert copy._metadata == state._metadata
