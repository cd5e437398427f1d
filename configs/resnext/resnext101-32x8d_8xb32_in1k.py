_base_ = 'resnext50-32x4d_8xb32_in1k.py'

model = dict(backbone=dict(depth=101, width_per_group=8))
