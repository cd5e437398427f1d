_base_ = 'swinv2-base-w12_8xb128_in21k-192px.py'

model = dict(backbone=dict(arch='large'), head=dict(in_channels=1536))
