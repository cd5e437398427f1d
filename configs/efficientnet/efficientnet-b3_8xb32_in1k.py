_base_ = 'efficientnet-b3_8xb32-01norm_in1k.py'

data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
