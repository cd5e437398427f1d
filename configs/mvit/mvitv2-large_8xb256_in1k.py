_base_ = 'mvitv2-tiny_8xb256_in1k.py'

model = dict(
    backbone=dict(arch='large', dim_mul_in_attention=False, drop_path_rate=0.5),
    head=dict(in_channels=1152),
)
