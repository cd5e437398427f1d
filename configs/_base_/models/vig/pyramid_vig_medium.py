_base_ = 'pyramid_vig_base.py'

model = dict(backbone=dict(arch='medium'), head=dict(in_channels=768))
