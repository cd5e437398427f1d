_base_ = 'base_384.py'

model = dict(
    backbone=dict(_delete_=True, type='SwinTransformer', arch='large', img_size=224),
    head=dict(in_channels=1536),
)
