_base_ = 'mobilenet_v3_large_imagenet.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=576, mid_channels=[1024]))
