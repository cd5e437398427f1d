_base_ = 'mobilevit-small_8xb128_in1k.py'

model = dict(backbone=dict(arch='x_small'), head=dict(in_channels=384))
