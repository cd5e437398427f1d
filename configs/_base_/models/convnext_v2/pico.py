_base_ = 'atto.py'

model = dict(
    backbone=dict(arch='pico'),
    head=dict(in_channels=512, loss=dict(label_smooth_val=0.1)),
)
