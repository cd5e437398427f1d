_base_ = 'deit-base-distilled_16xb64_in1k.py'

model = dict(
    backbone=dict(type='VisionTransformer', drop_path_rate=0.1),
    head=dict(type='VisionTransformerClsHead'),
)

custom_hooks = [dict(type='EMAHook', momentum=4e-05, priority='ABOVE_NORMAL')]
