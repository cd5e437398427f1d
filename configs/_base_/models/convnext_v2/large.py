_base_ = 'base.py'

model = dict(backbone=dict(arch='large'), head=dict(in_channels=1536))
