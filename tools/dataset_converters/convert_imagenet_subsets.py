"""The old name of ``mmpretrain convert-dataset imagenet-subset``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["convert-dataset", "imagenet-subset", *sys.argv[1:]])
