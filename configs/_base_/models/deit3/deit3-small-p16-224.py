_base_ = 'deit3-base-p16-224.py'

model = dict(backbone=dict(arch='s', drop_path_rate=0.05), head=dict(in_channels=384))
