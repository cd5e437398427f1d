"""Figures are saved whole, and their options are checked."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.visualization import figures


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".jpg", b"\xff\xd8")],
)
def test_saved(tmp_path, suffix, beginning):
    figure = figures.new_figure((2, 2), "whitegrid")
    figure.subplots().plot([1, 2])
    figures.save(figure, tmp_path / "new" / f"a{suffix}")
    figures.close(figure)
    (path,) = (tmp_path / "new").iterdir()
    assert path.read_bytes().startswith(beginning)


def test_sizes():
    assert figures.parse_size("12*7") == (12, 7)
    assert figures.parse_size("8x4.5") == (8, 4.5)
    for text in ("12", "a*b", "0*3", "1*2*3", "1e9*2"):
        with pytest.raises(ConfigError, match="--window-size"):
            figures.parse_size(text)


def test_styles():
    with figures.styled("darkgrid"), figures.styled(None), figures.styled("ggplot"):
        pass
    with pytest.raises(ConfigError, match="no style 'whitgrid'"):
        figures.styled("whitgrid")
