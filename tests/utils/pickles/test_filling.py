"""Tests of :mod:`mmpretrain.utils.pickles.filling`."""

from __future__ import annotations

import collections

import pytest

from mmpretrain.utils.pickles.filling import add_elements, check_keys, extend, set_items
from mmpretrain.utils.pickles.objects import PickleError, Placeholder


@pytest.mark.parametrize(
    "keys", [["a", b"b", None, True], [1, 2.5, (1, "a"), frozenset({3})], [float("nan")]]
)
def test_keys_whose_hash_a_file_cannot_choose(keys):
    check_keys(keys)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (2**61 + 1, "a key of a dict is a int"),  # collides with 2
        (1e300, "is a float"),
        ([1], "is a list"),
        ((1, [2]), "is a list"),
        (tuple(range(100)), "is a nest of tuples"),
    ],
)
def test_other_keys_are_refused(key, message):
    with pytest.raises(PickleError, match=message):
        check_keys([key])


def test_dicts_are_filled_in_their_own_way():
    ordered, counter, plain = collections.OrderedDict(), collections.Counter(a=1), {}
    for target in (ordered, counter, plain):
        set_items(target, ["a", 5, "b", 6])
    assert list(ordered) == ["a", "b"]
    assert counter["a"] == 5  # set, and not added
    assert plain == {"a": 5, "b": 6}
    with pytest.raises(PickleError, match="a key without a value"):
        set_items({}, ["a"])


def test_a_placeholder_keeps_what_it_is_given():
    stand_in = Placeholder("a_package.A")
    set_items(stand_in, ["a", 1])
    extend(stand_in, [2])
    add_elements(stand_in, [3])
    assert (vars(stand_in)["items"], vars(stand_in)["elements"]) == ([("a", 1)], [2, 3])


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda: set_items([], ["a", 1]), "sets items of a list"),
        (lambda: extend({}, [1]), "appends to a dict"),
        (lambda: add_elements([], [1]), "adds elements to a list"),
    ],
)
def test_nothing_else_is_filled(fill, message):
    with pytest.raises(PickleError, match=message):
        fill()


def test_lists_and_sets():
    queue, elements = collections.deque([1]), {1}
    extend(queue, [2, 3])
    add_elements(elements, [2])
    assert (list(queue), elements) == ([1, 2, 3], {1, 2})
