_base_ = 'mobilenet_v3_large_imagenet.py'

model = dict(backbone=dict(arch='small_075'), head=dict(in_channels=432, mid_channels=[1024]))
