_base_ = 'hrnet-w18.py'

model = dict(
    backbone=dict(arch='w30'),
    neck=[
        dict(type='HRFuseScales', in_channels=(30, 60, 120, 240)),
        dict(type='GlobalAveragePooling'),
    ],
)
