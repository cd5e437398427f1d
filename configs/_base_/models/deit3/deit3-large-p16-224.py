_base_ = 'deit3-base-p16-224.py'

model = dict(backbone=dict(arch='l', drop_path_rate=0.45), head=dict(in_channels=1024))
