"""What the tests of properties share."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

#: Names of attributes of Config, and names that mean something in a config file, are no keys here.
names = st.sampled_from(["a", "b", "type", "lambda", "not a name", "x1", "depth_2", "ünï"])

numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False)

scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)

values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=4)
    ),
    max_leaves=12,
)

dicts = st.dictionaries(names, values, max_size=4)

fast = settings(max_examples=60, deadline=None)


def same(a: Any, b: Any) -> bool:
    """Equal, of the same types, and in the same order."""
    if type(a) is not type(b) and not (isinstance(a, dict) and isinstance(b, dict)):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b
