_base_ = 'mobilevit_s.py'

model = dict(backbone=dict(arch='x_small'), head=dict(in_channels=384))
