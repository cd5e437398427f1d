_base_ = 'revvit-base.py'

model = dict(backbone=dict(arch='deit-small'), head=dict(in_channels=768))
