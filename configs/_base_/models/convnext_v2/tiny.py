_base_ = 'base.py'

model = dict(
    backbone=dict(arch='tiny', drop_path_rate=0.2),
    head=dict(in_channels=768, loss=dict(label_smooth_val=0.2)),
)
