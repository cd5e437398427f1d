_base_ = 'llava-7b-v1.5_vqa.py'

prompt_tmpl = "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. User: <image>\nDescribe the image in detail. ASSISTANT:"

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(336, 336), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

model = dict(
    generation_cfg=dict(length_penalty=-1.0, max_new_tokens=50, num_beams=3),
    prompt_tmpl="A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. User: <image>\nDescribe the image in detail. ASSISTANT:",
    task='caption',
)

test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
