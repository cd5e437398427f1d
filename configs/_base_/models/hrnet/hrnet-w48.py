_base_ = 'hrnet-w18.py'

model = dict(
    backbone=dict(arch='w48'),
    neck=[
        dict(type='HRFuseScales', in_channels=(48, 96, 192, 384)),
        dict(type='GlobalAveragePooling'),
    ],
)
