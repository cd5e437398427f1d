"""The old name of ``mmpretrain convert-dataset inaturalist``; takes the same flags as ever."""

import sys

from mmpretrain.cli.main import entry_point

if __name__ == "__main__":
    entry_point(["convert-dataset", "inaturalist", *sys.argv[1:]])
