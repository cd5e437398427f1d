_base_ = 'convnext-base.py'

model = dict(backbone=dict(arch='xlarge'), head=dict(in_channels=2048))
