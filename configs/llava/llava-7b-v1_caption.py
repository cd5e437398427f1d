_base_ = 'llava-7b-v1.5_vqa.py'

image_size = 224
meta_prompt = 'You are LLaVA, a large language and vision assistant trained by UW Madison WAIV Lab.You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.Follow the instructions carefully and explain your answers in detail.'
prompt_tmpl = 'You are LLaVA, a large language and vision assistant trained by UW Madison WAIV Lab.You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.Follow the instructions carefully and explain your answers in detail. User: <im_start><image><im_end>\nDescribe the image in detail. ASSISTANT:'

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

model = dict(
    generation_cfg=dict(max_new_tokens=50),
    mm_proj_depth=1,
    prompt_tmpl='You are LLaVA, a large language and vision assistant trained by UW Madison WAIV Lab.You are able to understand the visual content that the user provides, and assist the user with a variety of tasks using natural language.Follow the instructions carefully and explain your answers in detail. User: <im_start><image><im_end>\nDescribe the image in detail. ASSISTANT:',
    task='caption',
    tokenizer=dict(name_or_path='liuhaotian/LLaVA-Lightning-7B-delta-v1-1'),
    use_im_start_end=True,
    vision_encoder=dict(
        img_size=224,
        pretrained='https://download.openmmlab.com/mmclassification/v0/clip/vit-large-p14_clip-openai-pre_3rdparty_20230517-95e2af0b.pth',
    ),
)

test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
