_base_ = 'mobileone_s0.py'

model = dict(backbone=dict(arch='s2'), head=dict(in_channels=2048))
