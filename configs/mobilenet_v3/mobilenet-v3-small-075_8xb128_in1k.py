_base_ = 'mobilenet-v3-small-050_8xb128_in1k.py'

model = dict(backbone=dict(arch='small_075'), head=dict(in_channels=432))
