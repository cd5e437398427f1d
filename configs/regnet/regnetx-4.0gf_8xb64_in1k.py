_base_ = 'regnetx-12gf_8xb64_in1k.py'

model = dict(backbone=dict(arch='regnetx_4.0gf'), head=dict(in_channels=1360))
