_base_ = 'xcit-small-12-p8_8xb128_in1k-384px.py'

model = dict(
    backbone=dict(embed_dims=128, num_heads=4, tokens_norm=False),
    head=dict(in_channels=128),
)
