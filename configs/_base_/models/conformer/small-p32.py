_base_ = 'base-p16.py'

model = dict(backbone=dict(arch='small', patch_size=32), head=dict(in_channels=[1024, 384]))
