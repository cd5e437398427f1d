policy_imagenet = [
    [dict(type='Posterize', bits=4, prob=0.4), dict(type='Rotate', angle=30.0, prob=0.6)],
    [dict(type='Solarize', prob=0.6, thr=113.77777777777777), dict(type='AutoContrast', prob=0.6)],
    [dict(type='Equalize', prob=0.8), dict(type='Equalize', prob=0.6)],
    [dict(type='Posterize', bits=5, prob=0.6), dict(type='Posterize', bits=5, prob=0.6)],
    [dict(type='Equalize', prob=0.4), dict(type='Solarize', prob=0.2, thr=142.22222222222223)],
    [dict(type='Equalize', prob=0.4), dict(type='Rotate', angle=26.666666666666668, prob=0.8)],
    [dict(type='Solarize', prob=0.6, thr=170.66666666666666), dict(type='Equalize', prob=0.6)],
    [dict(type='Posterize', bits=6, prob=0.8), dict(type='Equalize', prob=1.0)],
    [
        dict(type='Rotate', angle=10.0, prob=0.2),
        dict(type='Solarize', prob=0.6, thr=28.444444444444443),
    ],
    [dict(type='Equalize', prob=0.6), dict(type='Posterize', bits=5, prob=0.4)],
    [
        dict(type='Rotate', angle=26.666666666666668, prob=0.8),
        dict(type='ColorTransform', magnitude=0.0, prob=0.4),
    ],
    [dict(type='Rotate', angle=30.0, prob=0.4), dict(type='Equalize', prob=0.6)],
    [dict(type='Equalize', prob=0.0), dict(type='Equalize', prob=0.8)],
    [dict(type='Invert', prob=0.6), dict(type='Equalize', prob=1.0)],
    [
        dict(type='ColorTransform', magnitude=0.4, prob=0.6),
        dict(type='Contrast', magnitude=0.8, prob=1.0),
    ],
    [
        dict(type='Rotate', angle=26.666666666666668, prob=0.8),
        dict(type='ColorTransform', magnitude=0.2, prob=1.0),
    ],
    [
        dict(type='ColorTransform', magnitude=0.8, prob=0.8),
        dict(type='Solarize', prob=0.8, thr=56.888888888888886),
    ],
    [dict(type='Sharpness', magnitude=0.7, prob=0.4), dict(type='Invert', prob=0.6)],
    [
        dict(type='Shear', direction='horizontal', magnitude=0.16666666666666666, prob=0.6),
        dict(type='Equalize', prob=1.0),
    ],
    [dict(type='ColorTransform', magnitude=0.0, prob=0.4), dict(type='Equalize', prob=0.6)],
    [dict(type='Equalize', prob=0.4), dict(type='Solarize', prob=0.2, thr=142.22222222222223)],
    [dict(type='Solarize', prob=0.6, thr=113.77777777777777), dict(type='AutoContrast', prob=0.6)],
    [dict(type='Invert', prob=0.6), dict(type='Equalize', prob=1.0)],
    [
        dict(type='ColorTransform', magnitude=0.4, prob=0.6),
        dict(type='Contrast', magnitude=0.8, prob=1.0),
    ],
    [dict(type='Equalize', prob=0.8), dict(type='Equalize', prob=0.6)],
]
