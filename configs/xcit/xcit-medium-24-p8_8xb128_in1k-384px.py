_base_ = 'xcit-small-12-p8_8xb128_in1k-384px.py'

model = dict(
    backbone=dict(depth=24, embed_dims=512, layer_scale_init_value=1e-05),
    head=dict(in_channels=512),
)
