_base_ = 't2t-vit-t-14_8xb64_in1k.py'

embed_dims = 448

model = dict(
    backbone=dict(
        embed_dims=448,
        layer_cfgs=dict(feedforward_channels=1344, num_heads=7),
        num_layers=19,
    ),
    head=dict(in_channels=448),
)

optim_wrapper = dict(optimizer=dict(weight_decay=0.065))
