_base_ = 'hrnet-w18.py'

model = dict(
    backbone=dict(arch='w32'),
    neck=[
        dict(type='HRFuseScales', in_channels=(32, 64, 128, 256)),
        dict(type='GlobalAveragePooling'),
    ],
)
