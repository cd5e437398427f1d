_base_ = 'eva-g-p14_headless.py'

model = dict(backbone=dict(arch='l', layer_cfgs=dict(bias=True)))
