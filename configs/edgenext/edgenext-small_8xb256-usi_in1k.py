_base_ = 'edgenext-base_8xb256-usi_in1k.py'

model = dict(backbone=dict(arch='small'), head=dict(in_channels=304))
