_base_ = 'eva-g.py'

model = dict(backbone=dict(arch='l', layer_cfgs=dict(bias=True)), head=dict(in_channels=1024))
