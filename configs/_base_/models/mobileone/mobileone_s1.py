_base_ = 'mobileone_s0.py'

model = dict(backbone=dict(arch='s1'), head=dict(in_channels=1280))
