_base_ = 'convnext-tiny_32xb128_in1k-384px.py'

model = dict(backbone=dict(arch='xlarge', drop_path_rate=0.5), head=dict(in_channels=2048))
train_dataloader = dict(batch_size=64)
