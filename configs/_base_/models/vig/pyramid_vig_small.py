_base_ = 'pyramid_vig_base.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=640))
