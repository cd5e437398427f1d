_base_ = 'regnetx_1.6gf.py'

model = dict(backbone=dict(arch='regnetx_12gf'), head=dict(in_channels=2240))
