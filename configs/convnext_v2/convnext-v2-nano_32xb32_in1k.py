_base_ = 'convnext-v2-atto_32xb32_in1k.py'

model = dict(backbone=dict(arch='nano'), head=dict(in_channels=640))
