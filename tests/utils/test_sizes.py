"""Numbers of bytes as people write them."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.utils.sizes import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * 10**9),
        ("512 MiB", 512 << 20),
        ("1.5k", 1500),
        (7, 7),
        ("7", 7),
        ("2tb", 2 * 10**12),
        ("1 B", 1),
    ],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "-1", "0", "1e9", "4 gigabytes", "iB", True, None, "9" * 40, "0.1"]
)
def test_no_sizes(text):
    with pytest.raises(ConfigError) as caught:
        parse_size(text, "cache_size")
    assert caught.value.key == "cache_size"


def test_sizes_are_shown_with_a_unit():
    assert [show_size(n) for n in (0, 999, 1000, 99_940, 250_000, 1.25e9, 5e15)] == [
        "0 bytes", "999 bytes", "1.0 KB", "99.9 KB", "250 KB", "1.2 GB", "5000 TB"
    ]  # fmt: skip
