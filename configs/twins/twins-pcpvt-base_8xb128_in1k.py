_base_ = 'twins-svt-base_8xb128_in1k.py'

model = dict(backbone=dict(type='PCPVT', norm_cfg=dict(eps=1e-06)), head=dict(in_channels=512))
