_base_ = 'base.py'

model = dict(backbone=dict(arch='huge'), head=dict(in_channels=2816))
