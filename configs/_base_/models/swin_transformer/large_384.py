_base_ = 'base_384.py'

model = dict(backbone=dict(arch='large'), head=dict(in_channels=1536))
