_base_ = 'regnetx_1.6gf.py'

model = dict(backbone=dict(arch='regnetx_800mf'), head=dict(in_channels=672))
