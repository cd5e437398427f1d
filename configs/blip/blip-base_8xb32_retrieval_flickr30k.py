_base_ = 'blip-base_8xb32_retrieval.py'

train_dataloader = dict(
    dataset=dict(
        type='Flickr30kRetrieval',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='train',
        data_prefix='images',
    ),
)

val_dataloader = dict(
    dataset=dict(
        type='Flickr30kRetrieval',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='val',
        data_prefix='images',
    ),
)

test_dataloader = dict(
    dataset=dict(
        type='Flickr30kRetrieval',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='test',
        data_prefix='images',
    ),
)
