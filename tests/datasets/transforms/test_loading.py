"""Reading images: formats, damaged and hostile files, annotations."""

from __future__ import annotations

import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from mmpretrain.datasets.transforms import Compose, LoadAnnotations, LoadImageFromFile
from mmpretrain.datasets.transforms.functional import imfrombytes, imread, imwrite, jpeg
from mmpretrain.errors import ConfigError, DataError, MissingFileError

RGB = np.random.RandomState(0).randint(0, 256, (24, 32, 3), dtype=np.uint8)
RGB[4:20, 4:28] = (200, 100, 30)
BGR = RGB[..., ::-1]
CROP = [dict(type="LoadImageFromFile"), dict(type="RandomResizedCrop", scale=8)]


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, kind, **options)
    return buffer.getvalue()


def jpg(quality=90, **options):
    return encoded(RGB, "JPEG", quality=quality, **options)


@pytest.fixture
def load(tmp_path):
    """Write a file and load it, alone and through the step that decodes a part."""

    def run(data, name="x.jpg", **options):
        path = tmp_path / name
        path.write_bytes(data)
        results = {"img_path": str(path)}
        whole = LoadImageFromFile(**options)(dict(results))
        np.random.seed(0)
        part = Compose([dict(CROP[0], **options), CROP[1]])(dict(results))
        assert part["ori_shape"] == whole["ori_shape"] == whole["img"].shape[:2]
        assert part["img"].shape[:2] == (8, 8)
        return whole["img"]

    return run


def test_jpeg_equals_opencv_and_pillow(load):
    data = jpg()
    assert np.array_equal(load(data), cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(load(data, imdecode_backend="pillow"), np.asarray(image)[..., ::-1])
    assert np.array_equal(load(data, imdecode_backend="turbojpeg"), load(data, imdecode_backend="exact"))
    assert load(data, to_float32=True).dtype == np.float32
    grey = load(data, color_type="grayscale")
    assert grey.shape == (24, 32)
    assert np.array_equal(grey, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_turbojpeg_says_that_it_reads_nothing_else(load):
    with pytest.raises(DataError, match="imdecode_backend='turbojpeg' reads JPEG only"):
        load(encoded(RGB, "PNG"), imdecode_backend="turbojpeg")


#: Formats and the colours that come out, up to the loss of the format.
FORMATS = {
    "progressive jpeg": (jpg(progressive=True), "whole"),
    "subsampled jpeg": (jpg(subsampling=2), "whole"),
    "webp": (encoded(RGB, "WEBP", lossless=True), "same"),
    "png": (encoded(RGB, "PNG"), "same"),
    "bmp": (encoded(RGB, "BMP"), "same"),
    "alpha png": (encoded(np.dstack([RGB, np.full((24, 32), 9, np.uint8)]), "PNG"), "same"),
    "palette png": (encoded(Image.fromarray(RGB).quantize(4), "PNG"), "whole"),
    "grey png": (encoded(RGB[..., 0], "PNG"), "grey"),
    "grey jpeg": (encoded(RGB[..., 0], "JPEG", quality=95), "grey"),
    "16-bit png": (encoded(Image.fromarray(RGB[..., 0].astype(np.uint16) << 8), "PNG"), "grey"),
    "cmyk jpeg": (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=95), "whole"),
    "animated gif": (
        encoded(
            Image.fromarray(RGB).quantize(8), "GIF", save_all=True, append_images=[Image.fromarray(255 - RGB)]
        ),
        "whole",
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize("name", FORMATS)
def test_formats_come_out_as_8_bit_bgr(load, name, backend):
    data, quality = FORMATS[name]
    img = load(data, imdecode_backend=backend)
    assert img.shape == (24, 32, 3)
    assert img.dtype == np.uint8
    if quality == "same":
        assert np.array_equal(img, BGR)
    elif quality == "grey":
        assert np.abs(img - RGB[..., :1].astype(int)).mean() < 6
    else:  # the flat middle
        assert np.abs(img[8:16, 10:22] - BGR[8:16, 10:22].astype(int)).mean() < 12


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_exif_orientation_is_applied(load, backend):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = jpg(exif=exif)
    assert jpeg.read_header(data).orientation == 6
    upright = load(data, imdecode_backend=backend)
    assert upright.shape == (32, 24, 3)
    assert np.array_equal(upright, load(jpg(), imdecode_backend=backend).swapaxes(0, 1)[:, ::-1])
    ignored = load(data, imdecode_backend=backend, color_type="color_ignore_orientation")
    assert np.array_equal(ignored, load(jpg(), imdecode_backend=backend))


def png_bomb(height=60_000, width=60_000):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_bomb():
    data = bytearray(jpg())
    at = jpeg.read_header(bytes(data)).height_at
    data[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


BAD = {
    "empty": (b"", "empty"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
    "text": (b"this is a README", "no image"),
    "truncated": (jpg()[:-200], "cut off"),
    "truncated in the header": (jpg()[:100], "no image"),
    "truncated png": (encoded(RGB, "PNG")[:60], "cut off"),
    "png bomb": (png_bomb(), "limit"),
    "jpeg bomb": (jpeg_bomb(), "limit"),
}


@pytest.mark.parametrize("backend", ["cv2", "exact", "pillow"])
@pytest.mark.parametrize("name", BAD)
def test_bad_files_raise_an_error_that_names_them(tmp_path, name, backend):
    data, message = BAD[name]
    path = tmp_path / "the photo.jpg"
    path.write_bytes(data)
    loading = dict(type="LoadImageFromFile", imdecode_backend=backend)
    for pipeline in (Compose([loading]), Compose([loading, CROP[1]])):
        with pytest.raises(DataError, match=message) as caught:
            pipeline({"img_path": str(path)})
        assert "the photo.jpg" in str(caught.value)
    dropping = dict(loading, ignore_empty=True)
    assert Compose([dropping])({"img_path": str(path)}) is None
    assert Compose([dropping, CROP[1]])({"img_path": str(path)}) is None


def test_the_pixel_limit_can_be_moved(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(encoded(RGB, "PNG"))
    monkeypatch.setenv("MMPRETRAIN_MAX_PIXELS", "700")
    with pytest.raises(DataError, match="MMPRETRAIN_MAX_PIXELS"):
        imread(path)


@pytest.mark.parametrize("pipeline", [CROP[:1], CROP])
def test_paths_that_are_no_files(tmp_path, pipeline):
    (tmp_path / "x.jpg").mkdir()
    os.symlink(tmp_path / "loop.jpg", tmp_path / "loop.jpg")
    load = Compose(pipeline)
    with pytest.raises(DataError, match=r"x\.jpg.*folder"):
        load({"img_path": str(tmp_path / "x.jpg")})
    with pytest.raises(DataError, match=r"loop\.jpg.*link"):
        load({"img_path": str(tmp_path / "loop.jpg")})
    with pytest.raises(MissingFileError, match=r"none\.jpg"):
        load({"img_path": str(tmp_path / "none.jpg")})


def test_one_pixel(load):
    for kind in ("JPEG", "PNG"):
        assert load(encoded(RGB[:1, :1], kind)).shape == (1, 1, 3)


def test_a_line_of_pixels(tmp_path):
    path = str(tmp_path / "line.jpg")
    assert imwrite(np.zeros((1, 20_000, 3), np.uint8), path)
    cropped = Compose(CROP)({"img_path": path})
    assert cropped["ori_shape"] == (1, 20_000)
    assert cropped["img"].shape == (8, 8, 3)
    # The short edge at 256 would make it 5 120 000 pixels long.
    with pytest.raises(DataError, match=r"line\.jpg.*5120000 x 256"):
        Compose([CROP[0], dict(type="ResizeEdge", scale=256)])({"img_path": path})


def test_header_of_what_is_no_sound_jpeg():
    assert jpeg.read_header(b"\xff\xd8\xff") is None
    assert jpeg.read_header(b"\xff\xd8\xff\xe0\x00\x10JFIF") is None
    assert jpeg.read_header(encoded(RGB, "PNG")) is None
    header = jpeg.read_header(jpg(progressive=True))
    assert (header.height, header.width, header.baseline) == (24, 32, False)
    broken = Image.Exif()
    broken[0x010E] = "no orientation"
    assert jpeg.read_header(jpg(exif=broken)).orientation == 1


@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411", "Gray"])
@pytest.mark.parametrize("rows", [1, 8, 9, 33, 64, 100])
def test_the_first_rows_are_those_of_a_full_decode(subsampling, rows):
    img = np.ascontiguousarray(np.kron(RGB, np.ones((5, 5, 1), np.uint8)))
    if subsampling == "Gray":
        data = simplejpeg.encode_jpeg(np.ascontiguousarray(img[..., :1]), 90, "GRAY")
    else:
        data = simplejpeg.encode_jpeg(img, 90, "RGB", subsampling)
    header = jpeg.read_header(data)
    full = jpeg.decode(data, header)
    part = jpeg.decode(data, header, rows=rows)
    assert np.array_equal(part[:rows], full[:rows])
    if rows < 60:
        assert len(part) < len(full)


def test_reduction():
    assert jpeg.reduction(375, 500, 224, 224) == 1
    assert jpeg.reduction(896, 2000, 224, 224) == 2
    assert jpeg.reduction(3000, 4000, 256, 341) == 8
    assert jpeg.reduction(1500, 2000, 224, 224) == 4
    assert jpeg.reduction(9000, 9000, 224, 224) == 8


def test_0x_records(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpg())
    load = LoadImageFromFile(file_client_args=dict(backend="disk"))
    record = dict(img_prefix=str(tmp_path), img_info=dict(filename="a.jpg"))
    assert load(record)["img"].shape == (24, 32, 3)
    assert load(dict(img_prefix=None, img_info=dict(filename=str(tmp_path / "a.jpg"))))["img"].shape == (
        24,
        32,
        3,
    )


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="Did you mean 'pillow'"):
        LoadImageFromFile(imdecode_backend="pilow")
    with pytest.raises(ConfigError, match="color_type"):
        LoadImageFromFile(color_type="colour")
    with pytest.raises(ConfigError, match="same thing"):
        LoadImageFromFile(file_client_args=dict(backend="disk"), backend_args=dict(backend="disk"))


def test_channel_order_and_unchanged():
    data = encoded(RGB, "PNG")
    for backend in ("cv2", "pillow"):
        assert np.array_equal(imfrombytes(data, channel_order="rgb", backend=backend), RGB)
        assert np.array_equal(imfrombytes(data, "unchanged", backend=backend), BGR)
    deep = encoded(Image.fromarray(RGB[..., 0].astype(np.uint16) << 8), "PNG")
    assert imfrombytes(deep, "unchanged").dtype == np.uint16
    alpha = encoded(np.dstack([RGB, RGB[..., :1]]), "PNG")
    assert imfrombytes(alpha, "unchanged").shape == (24, 32, 4)
    assert np.array_equal(imfrombytes(alpha, "unchanged", backend="pillow")[..., :3], BGR)
    grey_alpha = encoded(np.dstack([RGB[..., 0], np.zeros((24, 32), np.uint8)]), "PNG")
    # Transparent grey shows the mean colour of ImageNet behind it.
    assert imfrombytes(grey_alpha, backend="pillow")[0, 0].tolist() == [104, 117, 124]


def test_load_annotations(tmp_path):
    path = tmp_path / "seg.png"
    path.write_bytes(encoded(RGB[..., 0], "PNG"))
    record = dict(
        instances=[
            dict(bbox=[1, 2, 3, 4], bbox_label=5, keypoints=[[1, 2, 1], [3, 4, 2]]),
            dict(bbox=[5, 6, 7, 8], bbox_label=6, keypoints=[[5, 6, 0], [7, 8, 1]]),
        ],
        seg_map_path=str(path),
    )
    results = LoadAnnotations(with_seg=True, with_keypoints=True)(record)
    assert results["gt_bboxes"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert results["gt_bboxes_labels"].tolist() == [5, 6]
    assert results["gt_keypoints"].shape == (2, 2, 3)
    assert np.array_equal(results["gt_seg_map"], RGB[..., 0])
    empty = LoadAnnotations()(dict(instances=[]))
    assert empty["gt_bboxes"].shape == (0, 4)
