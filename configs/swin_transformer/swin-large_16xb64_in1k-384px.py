_base_ = 'swin-base_16xb64_in1k-384px.py'

model = dict(backbone=dict(arch='large'), head=dict(in_channels=1536))
