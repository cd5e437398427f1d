"""Pictures of files that have the same name."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmpretrain.engine.hooks.picture_names import PictureNames, distinct_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["d/ant/0.jpg", "d/bee/1.jpg"], ["0.jpg", "1.jpg"]),
        (["d/ant/0.jpg", "d/bee/0.jpg", "d/bee/1.jpg"], ["ant_0.jpg", "bee_0.jpg", "1.jpg"]),
        (["a/x/0.jpg", "b/x/0.jpg", "b/y/0.jpg"], ["a_x_0.jpg", "b_x_0.jpg", "b_y_0.jpg"]),
        (["a/b_c.jpg", "a_b/c.jpg", "x/c.jpg"], ["b_c.jpg", "a_b_c.jpg", "x_c.jpg"]),
        (["0.jpg", "/0.jpg"], ["0.jpg", "2_0.jpg"]),
        (["s3://k/ant/0.jpg", r"C:\\ant\\0.jpg"], ["k_ant_0.jpg", "C_ant_0.jpg"]),
        (["d/0.jpg", "d/0.jpg"], ["0.jpg", "0.jpg"]),  # one file
        (["..", "/"], ["picture", "2_picture"]),
    ],
)
def test_names_tell_files_apart(paths, names):
    found = distinct_names(paths)
    assert [found[path] for path in paths] == names


def test_files_that_a_data_set_does_not_list():
    names = PictureNames()
    data = SimpleNamespace()
    paths = ("d/ant/0.jpg", "d/bee/0.jpg", "d/ant/0.jpg", "e/bee/0.jpg")
    assert [names.of(path, data) for path in paths] == ["0.jpg", "bee_0.jpg", "0.jpg", "e_bee_0.jpg"]


def test_the_order_of_samples_does_not_matter():
    class Listed:
        paths = ("d/ant/0.jpg", "d/bee/0.jpg")

        def __len__(self):
            return 2

        def get_data_info(self, index):
            return {"img_path": self.paths[index]}

    for order in (Listed.paths, Listed.paths[::-1]):
        names, data = PictureNames(), Listed()
        assert {path: names.of(path, data) for path in order} == {
            "d/ant/0.jpg": "ant_0.jpg",
            "d/bee/0.jpg": "bee_0.jpg",
        }
