_base_ = 'deit3-base-p16_64xb64_in1k.py'

model = dict(backbone=dict(arch='s', drop_path_rate=0.05), head=dict(in_channels=384))
