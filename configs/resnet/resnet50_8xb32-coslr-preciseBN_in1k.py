_base_ = 'resnet50_8xb32-coslr_in1k.py'

custom_hooks = [dict(type='PreciseBNHook', interval=1, num_samples=8192, priority='ABOVE_NORMAL')]
