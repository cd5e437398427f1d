_base_ = 'mvitv2-base.py'

model = dict(
    backbone=dict(arch='large', dim_mul_in_attention=False, drop_path_rate=0.5),
    head=dict(in_channels=1152),
)
