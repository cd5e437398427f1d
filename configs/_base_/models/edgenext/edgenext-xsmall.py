_base_ = 'edgenext-base.py'

model = dict(backbone=dict(arch='xsmall'), head=dict(in_channels=192))
