_base_ = 'convmixer-1024-20.py'

model = dict(backbone=dict(arch='768/32', act_cfg=dict(type='ReLU')), head=dict(in_channels=768))
