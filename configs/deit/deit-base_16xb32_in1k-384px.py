_base_ = 'deit-base-distilled_16xb32_in1k-384px.py'

model = dict(backbone=dict(type='VisionTransformer'), head=dict(type='VisionTransformerClsHead'))
