_base_ = ['../_base_/datasets/coco_caption.py', '../_base_/default_runtime.py']

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

model = dict(
    type='MiniGPT4',
    end_sym='###',
    lang_encoder=dict(type='AutoModelForCausalLM', name_or_path='YOUR_PATH_TO_VICUNA'),
    max_txt_len=160,
    prompt_template=dict(en='###Ask: {} ###Answer: ', zh='###问：{} ###答：'),
    q_former_model=dict(
        type='Qformer',
        add_cross_attention=True,
        cross_attention_freq=2,
        model_style='bert-base-uncased',
        num_query_token=32,
        pretrained='https://download.openmmlab.com/mmpretrain/v1.0/minigpt4/minigpt-4_qformer_20230615-1dfa889c.pth',
        vision_model_width=1408,
    ),
    raw_prompts=dict(
        en=[
            '<Img><ImageHere></Img> Describe this image in detail.',
            '<Img><ImageHere></Img> Take a look at this image and describe what you notice.',
            '<Img><ImageHere></Img> Please provide a detailed description of the picture.',
            '<Img><ImageHere></Img> Could you describe the contents of this image for me?',
        ],
        zh=[
            '<Img><ImageHere></Img> 详细描述这张图片。', '<Img><ImageHere></Img> 浏览这张图片并描述你注意到什么。',
            '<Img><ImageHere></Img> 请对这张图片进行详细的描述。', '<Img><ImageHere></Img> 你能为我描述这张图片的内容吗？',
        ],
    ),
    task='caption',
    tokenizer=dict(type='LlamaTokenizer', name_or_path='YOUR_PATH_TO_VICUNA'),
    vision_encoder=dict(
        type='BEiTViT',
        arch=dict(embed_dims=1408, feedforward_channels=6144, num_heads=16, num_layers=39),
        img_size=224,
        patch_size=14,
        final_norm=False,
        frozen_stages=39,
        layer_scale_init_value=0.0,
        out_type='raw',
        pretrained='https://download.openmmlab.com/mmpretrain/v1.0/minigpt4/minigpt-4_eva-g-p14_20230615-e908c021.pth',
        use_abs_pos_emb=True,
        use_rel_pos_bias=False,
        use_shared_rel_pos_bias=False,
    ),
)

val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-05, weight_decay=0.05))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=5)]
train_cfg = dict(max_epochs=5, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
