_base_ = 'mvitv2-base.py'

model = dict(backbone=dict(arch='tiny', drop_path_rate=0.1))
