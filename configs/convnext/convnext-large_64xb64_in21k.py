_base_ = 'convnext-base_32xb128_in21k.py'

model = dict(backbone=dict(arch='large'), head=dict(in_channels=1536))
train_dataloader = dict(batch_size=64)
