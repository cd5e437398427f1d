_base_ = 't2t-vit-t-14_8xb64_in1k.py'

embed_dims = 512

model = dict(
    backbone=dict(
        embed_dims=512,
        layer_cfgs=dict(feedforward_channels=1536, num_heads=8),
        num_layers=24,
    ),
    head=dict(in_channels=512),
)

optim_wrapper = dict(optimizer=dict(weight_decay=0.065))
