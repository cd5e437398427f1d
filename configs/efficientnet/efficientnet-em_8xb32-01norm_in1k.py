_base_ = 'efficientnet-b1_8xb32-01norm_in1k.py'

model = dict(backbone=dict(arch='em', act_cfg=dict(type='ReLU')))
