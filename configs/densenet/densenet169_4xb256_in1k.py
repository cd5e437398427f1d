_base_ = 'densenet121_4xb256_in1k.py'

model = dict(backbone=dict(arch='169'), head=dict(in_channels=1664))
