"""Which features of a TFDS set are the image and its label, and whether they can be used."""

from typing import Any, NamedTuple

import numpy as np

from jaxnorm.data.errors import DataError

_USABLE_CHANNELS = (1, 3, 4)


class Features(NamedTuple):
    """The two features that are read; a set may have others."""

    image: str
    """Name of the image feature."""

    label: str
    """Name of the label feature."""

    channels: int
    """C: 1, 3 or 4."""

    num_classes: int
    """K."""


def find_features(info: Any, origin: str) -> Features:
    """Find image and label: the supervised pair if the set names one, else the only candidates.

    Args:
        info: TFDS's ``DatasetInfo``.
        origin: The set or its folder, for the messages.

    Raises:
        DataError: it is no image classification set, or its images are not uint8 with 1, 3 or 4 channels.
    """
    import tensorflow_datasets as tfds

    features: dict[str, Any] = dict(info.features) if isinstance(info.features, tfds.features.FeaturesDict) else {}
    # Subclasses of Image are segmentation maps.
    images = [name for name, feature in features.items() if type(feature) is tfds.features.Image]
    labels = [name for name, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    supervised = info.supervised_keys or ()
    if len(supervised) == 2 and supervised[0] in images and supervised[1] in labels:
        images, labels = [supervised[0]], [supervised[1]]
    if len(images) != 1 or len(labels) != 1:
        raise DataError(
            f"{origin} is not an image classification set, which has one image and one class label: "
            f"its features are {', '.join(features) or 'unnamed'}, so choose another set."
        )
    return Features(images[0], labels[0], _channels(features[images[0]], origin), features[labels[0]].num_classes)


def _channels(image: Any, origin: str) -> int:
    dtype, shape = np.dtype(image.np_dtype), image.shape
    if dtype != np.uint8 or len(shape) != 3 or shape[-1] not in _USABLE_CHANNELS:
        raise DataError(
            f"The images of {origin} are {dtype} of shape {shape}: choose a set with uint8 images of 1, 3 or 4 channels, which can be used."
        )
    return shape[-1]
