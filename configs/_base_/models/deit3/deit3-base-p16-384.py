_base_ = 'deit3-base-p16-224.py'

model = dict(backbone=dict(img_size=384, drop_path_rate=0.15))
