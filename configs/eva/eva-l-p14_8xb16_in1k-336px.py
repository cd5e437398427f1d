_base_ = 'eva-g-p14_8xb16_in1k-336px.py'

model = dict(backbone=dict(arch='l', layer_cfgs=dict(bias=True)), head=dict(in_channels=1024))
