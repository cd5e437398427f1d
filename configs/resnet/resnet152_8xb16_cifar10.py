_base_ = 'resnet50_8xb16_cifar10.py'

model = dict(backbone=dict(depth=152))
