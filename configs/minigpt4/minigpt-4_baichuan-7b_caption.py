_base_ = ['../_base_/datasets/coco_vg_vqa.py', '../_base_/default_runtime.py']

runner_type = 'FlexibleRunner'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='CleanCaption', keys='chat_content', lowercase=False, remove_chars=''),
    dict(type='PackInputs', algorithm_keys=['chat_content', 'lang'], meta_keys=['image_id']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

model = dict(
    type='MiniGPT4',
    end_sym='###',
    lang_encoder=dict(
        type='AutoModelForCausalLM',
        name_or_path='baichuan-inc/baichuan-7B',
        trust_remote_code=True,
    ),
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
    tokenizer=dict(
        type='AutoTokenizer',
        name_or_path='baichuan-inc/baichuan-7B',
        trust_remote_code=True,
    ),
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

train_dataloader = dict(
    _delete_=True,
    drop_last=False,
    batch_size=2,
    num_workers=4,
    dataset=dict(
        type='MiniGPT4Dataset',
        data_root='YOUR_DATA_DIRECTORY',
        ann_file='YOUR_DATA_FILE',
        pipeline=train_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)

test_dataloader = dict(
    _delete_=True,
    batch_size=1,
    dataset=dict(
        type='COCOCaption',
        data_root='data/coco',
        ann_file='annotations/coco_karpathy_val.json',
        pipeline=test_pipeline,
    ),
)

test_evaluator = dict(
    _delete_=True,
    type='COCOCaption',
    ann_file='data/coco/annotations/coco_karpathy_val_gt.json',
)

optim_wrapper = dict(
    type='DeepSpeedOptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
)

strategy = dict(
    type='DeepSpeedStrategy',
    fp16=dict(
        auto_cast=False,
        enabled=True,
        fp16_master_weights_and_grads=False,
        hysteresis=1,
        initial_scale_power=16,
        loss_scale=0,
        loss_scale_window=1000,
        min_loss_scale=1,
    ),
    inputs_to_half=[0],
    zero_optimization=dict(
        allgather_bucket_size=200000000.0,
        allgather_partitions=True,
        contiguous_gradients=True,
        overlap_comm=True,
        reduce_bucket_size='auto',
        reduce_scatter=True,
        stage=2,
    ),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=2e-06, by_epoch=False, begin=0, end=500),
    dict(type='CosineAnnealingLR', eta_min=0.0002, by_epoch=False, begin=500),
]

train_cfg = dict(max_epochs=6, by_epoch=True)
test_cfg = dict()
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1, save_last=True, by_epoch=True))
