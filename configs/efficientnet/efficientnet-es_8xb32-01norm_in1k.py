_base_ = 'efficientnet-b0_8xb32_in1k.py'

model = dict(backbone=dict(arch='es', act_cfg=dict(type='ReLU')))
