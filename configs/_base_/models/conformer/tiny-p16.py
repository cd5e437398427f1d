_base_ = 'base-p16.py'

model = dict(backbone=dict(arch='tiny'), head=dict(in_channels=[256, 384]))
