_base_ = 'edgenext-base_8xb256_in1k.py'

model = dict(backbone=dict(arch='xxsmall'), head=dict(in_channels=168))
