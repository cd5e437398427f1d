_base_ = 'edgenext-base.py'

model = dict(backbone=dict(arch='xxsmall'), head=dict(in_channels=168))
