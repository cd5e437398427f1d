_base_ = 'edgenext-base.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=304))
