_base_ = 'cspresnet50_8xb32_in1k.py'

model = dict(backbone=dict(type='CSPDarkNet', depth=53))
