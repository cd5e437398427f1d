_base_ = 'mobilevit-small_8xb128_in1k.py'

model = dict(backbone=dict(arch='xx_small'), head=dict(in_channels=320))
