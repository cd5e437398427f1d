_base_ = 'efficientnetv2_b0.py'

model = dict(backbone=dict(arch='xl'))
