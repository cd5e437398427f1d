_base_ = 'pyramid_vig_base.py'

model = dict(backbone=dict(arch='tiny'), head=dict(in_channels=384))
