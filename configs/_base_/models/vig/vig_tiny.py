_base_ = 'vig_base.py'

model = dict(backbone=dict(arch='tiny'), head=dict(in_channels=192))
