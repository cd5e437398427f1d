_base_ = 'convnext-base.py'

model = dict(backbone=dict(arch='tiny', drop_path_rate=0.1), head=dict(in_channels=768))
