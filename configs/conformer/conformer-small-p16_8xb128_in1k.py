_base_ = 'conformer-tiny-p16_8xb128_in1k.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=[1024, 384]))
