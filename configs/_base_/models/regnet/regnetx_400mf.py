_base_ = 'regnetx_1.6gf.py'

model = dict(backbone=dict(arch='regnetx_400mf'), head=dict(in_channels=384))
