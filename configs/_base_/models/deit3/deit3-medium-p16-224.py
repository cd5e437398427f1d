_base_ = 'deit3-base-p16-224.py'

model = dict(backbone=dict(arch='m'), head=dict(in_channels=512))
