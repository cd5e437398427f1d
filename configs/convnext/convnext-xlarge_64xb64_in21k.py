_base_ = 'convnext-large_64xb64_in21k.py'

model = dict(backbone=dict(arch='xlarge'), head=dict(in_channels=2048))
