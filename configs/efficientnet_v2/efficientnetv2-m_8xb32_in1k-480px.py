_base_ = 'efficientnetv2-l_8xb32_in1k-480px.py'

model = dict(backbone=dict(arch='m'))
