_base_ = 'densenet121_4xb256_in1k.py'

model = dict(backbone=dict(arch='201'), head=dict(in_channels=1920))
