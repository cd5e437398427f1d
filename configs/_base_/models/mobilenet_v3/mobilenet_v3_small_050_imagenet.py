_base_ = 'mobilenet_v3_large_imagenet.py'

model = dict(backbone=dict(arch='small_050'), head=dict(in_channels=288, mid_channels=[1024]))
