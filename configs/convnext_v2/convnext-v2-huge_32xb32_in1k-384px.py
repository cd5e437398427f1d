_base_ = 'convnext-v2-base_32xb32_in1k-384px.py'

model = dict(backbone=dict(arch='huge'), head=dict(in_channels=2816))
