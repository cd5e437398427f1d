_base_ = 'efficientnetv2_b0.py'

model = dict(backbone=dict(arch='b2'), head=dict(in_channels=1408))
