_base_ = 'twins-svt-large_16xb64_in1k.py'

model = dict(backbone=dict(type='PCPVT', norm_cfg=dict(eps=1e-06)), head=dict(in_channels=512))
