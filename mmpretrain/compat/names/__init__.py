"""Old import names: a table of modules, a table of where each name is now, and a finder for both.

``modules.txt`` lists the modules of MMPretrain 1.2, MMEngine 0.10, MMCV 1.7 and 2.2 and MMClassification 0.25
with their public names. :mod:`.where` says where a name is now, :mod:`.gone` what to do about one that has no
counterpart. :mod:`.finder` makes modules of them as they are imported.
"""
