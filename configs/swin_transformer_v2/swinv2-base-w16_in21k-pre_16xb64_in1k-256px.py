_base_ = 'swinv2-tiny-w8_16xb64_in1k-256px.py'

model = dict(
    backbone=dict(
        arch='base',
        pretrained_window_sizes=[12, 12, 12, 6],
        window_size=[16, 16, 16, 8],
    ),
    head=dict(in_channels=1024),
)
