_base_ = 'pyramid_vig_base.py'

model = dict(
    backbone=dict(type='Vig', relative_pos=False, use_dilation=True),
    head=dict(in_channels=640),
)
