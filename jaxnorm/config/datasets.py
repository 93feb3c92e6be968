"""What settings know of data sets without reading any: the names of those that need no TFDS folder."""

IMAGES = ("digits", "mnist", "fashion_mnist", "kmnist")
"""Images, each also read as sequences: ``mnist_rows``, ``mnist_pixels``."""
DATASETS = (
    *IMAGES,
    "synthetic_sequences",
    "synthetic_tokens",
    *(f"{images}_{arrangement}" for arrangement in ("rows", "pixels") for images in IMAGES),
    "characters",
    "tiny_shakespeare",
)
