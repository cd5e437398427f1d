_base_ = 'revvit-base_8xb256_in1k.py'

model = dict(backbone=dict(arch='deit-small'), head=dict(in_channels=768))
