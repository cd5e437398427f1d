"""Did-you-mean."""

from __future__ import annotations

from mmpretrain.utils.suggest import close_matches, did_you_mean


def test_case_is_ignored_and_the_best_comes_first():
    assert close_matches("resnet", ["ResNeXt", "ResNet", "VGG"]) == ["ResNet", "ResNeXt"]


def test_what_was_typed_is_not_suggested():
    assert close_matches("ResNet", ["ResNet", "ResNeXt"]) == ["ResNeXt"]


def test_sentences():
    assert did_you_mean("lrr", ["lr"]) == "Did you mean 'lr'?"
    assert did_you_mean("abcd", ["abce", "abcf"]) == "Did you mean 'abcf' or 'abce'?"
    assert did_you_mean("momentum", ["x"]) is None
    assert did_you_mean(3, [3]) is None


def test_a_long_name_takes_no_time():
    assert close_matches("x" * 10**6, ["y" * 10**4]) == []
