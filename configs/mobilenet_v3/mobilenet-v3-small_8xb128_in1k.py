_base_ = 'mobilenet-v3-large_8xb128_in1k.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=576, mid_channels=[1024]))
