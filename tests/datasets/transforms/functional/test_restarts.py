"""Parts of JPEGs with restart markers, against whole decodes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from mmpretrain.datasets.transforms.functional import restarts
from mmpretrain.errors import DataError
from tests.datasets.transforms.pipeline_cases import photo

#: Pillow's names of samplings.
SAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2, "grey": None}

#: An EXIF block that says: turn it by 90 degrees.
ROTATED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def encoded(height: int, width: int, sampling: str, blocks: int = 0, **options) -> bytes:
    image = Image.fromarray(photo(height, width))
    if sampling == "grey":
        image = image.convert("L")
    else:
        options["subsampling"] = SAMPLINGS[sampling]
    file = io.BytesIO()
    image.save(file, "JPEG", restart_marker_blocks=blocks, quality=85, **options)
    return file.getvalue()


def blocks_across(width: int, sampling: str) -> int:
    return -(-width // (8 if sampling in ("4:4:4", "grey") else 16))


def divisible(rng: np.random.RandomState, width: int, sampling: str) -> int:
    across = blocks_across(width, sampling)
    return int(rng.choice([n for n in range(1, across + 1) if across % n == 0]))


def compare(count: int, seed: int) -> None:
    rng = np.random.RandomState(seed)
    for number in range(count):
        if number % 20 == 0:
            height, width = rng.randint(1, 140, 2).tolist()
            sampling = list(SAMPLINGS)[number // 20 % 4]
            data = encoded(height, width, sampling, divisible(rng, width, sampling))
            whole = {reduce: simplejpeg.decode_jpeg(
                data, "BGR", fastdct=reduce > 1, fastupsample=reduce > 1,
                min_height=-(-height // reduce), min_width=-(-width // reduce),
            ) for reduce in (1, 2, 4)}  # fmt: skip
            found = restarts.find_intervals(data)
            assert found is not None, (height, width, sampling)
        top, left = rng.randint(height), rng.randint(width)
        box = (top, left, rng.randint(1, height - top + 1), rng.randint(1, width - left + 1))
        reduce = 1 if number % 4 else int(rng.choice([2, 4]))
        if min(height, width) < 16:
            reduce = 1
        part, shown = restarts.decode_part(data, *found, box, reduce=reduce, fast=reduce > 1)
        # Where the box is in the whole image, and in what was decoded.
        rows = slice(box[0] // reduce, -(-(box[0] + box[2]) // reduce))
        columns = slice(box[1] // reduce, -(-(box[1] + box[3]) // reduce))
        expected = whole[reduce][rows, columns]
        y, x = rows.start - shown[0] // reduce, columns.start - shown[1] // reduce
        got = part[y : y + expected.shape[0], x : x + expected.shape[1]]
        assert np.array_equal(got, expected), (height, width, sampling, box, reduce)


def test_parts_have_the_pixels_of_the_whole():
    compare(400, seed=0)


@pytest.mark.slow
def test_ten_thousand_parts_have_the_pixels_of_the_whole():
    compare(10_000, seed=1)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_narrow_last_interval(sampling):
    """The decoder treats images of up to four columns in another way."""
    for width in range(17, 24):
        data = encoded(49, width, sampling, 1)
        whole = simplejpeg.decode_jpeg(data, "BGR")
        for left in range(15, width):
            part, shown = restarts.decode_part(
                data, *restarts.find_intervals(data), (20, left, 9, width - left)
            )
            got = part[20 - shown[0] : 29 - shown[0], left - shown[1] :]
            assert np.array_equal(got, whole[20:29, left:])


def test_intervals_say_where_they_are():
    data = encoded(50, 70, "4:2:0", blocks=5)
    intervals, starts = restarts.find_intervals(data)
    assert (intervals.rows, intervals.columns) == (4, 1)
    assert (intervals.block_height, intervals.interval_width) == (16, 80)
    assert all(data[end - 2] == 0xFF for end in starts[1:].tolist())
    assert data[starts[-1] - 2 : starts[-1]] == b"\xff\xd9"
    assert [data[end - 1] - 0xD0 for end in starts[1:-1].tolist()] == [0, 1, 2]


@pytest.mark.parametrize(
    "data",
    [
        encoded(40, 40, "4:2:0"),  # no markers
        encoded(40, 80, "4:2:0", 3),  # intervals go on in the next row of blocks
        encoded(40, 80, "4:2:0", 5, progressive=True),
        encoded(40, 80, "4:2:0", 5)[:-2],
        encoded(40, 80, "4:2:0", 5, exif=ROTATED),
        encoded(40, 80, "4:2:0", 5).replace(b"\xff\xd1", b"\xff\xd2"),
        b"",
        b"\xff\xd8\xff",
    ],
)  # fmt: skip
def test_what_cannot_be_decoded_in_parts(data):
    assert restarts.find_intervals(data) is None


def test_cmyk_cannot_be_decoded_in_parts():
    file = io.BytesIO()
    Image.new("CMYK", (64, 64)).save(file, "JPEG", restart_marker_blocks=4)
    assert restarts.find_intervals(file.getvalue()) is None


def test_a_wrong_index_is_an_error():
    data = encoded(64, 64, "4:2:0", 2)
    intervals, starts = restarts.find_intervals(data)
    for wrong in (starts * 1000, starts[::-1].copy(), np.zeros_like(starts), starts + 7 * len(data)):
        with pytest.raises(DataError, match="does not fit"):
            restarts.decode_part(data, intervals, wrong, (0, 0, 20, 20))


def test_damage_inside_an_interval_is_an_error():
    data = bytearray(encoded(64, 64, "4:2:0", 2))
    intervals, starts = restarts.find_intervals(bytes(data))
    data[starts[0] : starts[1] - 2] = b"\0" * int(starts[1] - 2 - starts[0])
    data[starts[0] + 20 : starts[0] + 22] = b"\xff\xd3"
    with pytest.raises(DataError, match="damaged"):
        restarts.decode_part(bytes(data), intervals, starts, (0, 0, 20, 20), where="a.jpg")
