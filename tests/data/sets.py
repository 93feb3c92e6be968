"""Tiny data sets, written as TFDS and the authors of MNIST write theirs, without TensorFlow."""

import dataclasses
import gzip
import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import tensorflow_datasets as tfds
from array_record.python.array_record_module import ArrayRecordWriter
from etils import epath
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.core.download.resource import get_dl_fname
from tensorflow_datasets.core.units import Size

from jaxnorm.data.dataset import Split
from jaxnorm.data.mnist import IdxSource

CLOSED_URL = "http://127.0.0.1:9/"
"""Port 9 (discard) of this machine, where nothing listens: the connection is refused at once."""


def make_split(count: int, shape: tuple[int, ...] = (4, 4, 1), num_classes: int = 3, seed: int = 0) -> Split:
    """Random images, uint8 ``(count, *shape)``, and labels that run through the classes."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    return Split(images, (np.arange(count) % num_classes).astype(np.int32))


def encode_png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "png")
    return buffer.getvalue()


@dataclasses.dataclass
class TfdsWriter:
    """Writes folders as TFDS does, without TensorFlow."""

    root: Path

    def __call__(self, name: str, splits: dict[str, Split], *, version: str = "1.0.0", num_classes: int = 3, num_shards: int = 1) -> Path:
        """An image classification set below ``root``; returns the folder of the version."""
        shape = next(iter(splits.values())).inputs.shape[1:]
        features = {"image": tfds.features.Image(shape=shape), "label": tfds.features.ClassLabel(num_classes=num_classes)}
        examples = {
            split: [{"image": encode_png(image), "label": int(label)} for image, label in zip(arrays.inputs, arrays.labels, strict=True)]
            for split, arrays in splits.items()
        }
        return self.write(name, features, examples, version=version, num_shards=num_shards)

    def write(
        self,
        name: str,
        features: dict[str, Any],
        examples: dict[str, list[dict[str, Any]]],
        *,
        version: str = "1.0.0",
        num_shards: int = 1,
        **info: Any,
    ) -> Path:
        """Any set: features by name and examples by split; ``info`` goes to TFDS's ``DatasetInfo``."""
        folder = self.root / name / version
        folder.mkdir(parents=True)
        connector = tfds.features.FeaturesDict(features)
        set_name = name.partition("/")[0]
        infos = []
        for split, rows in examples.items():
            template = tfds.core.ShardedFileTemplate(
                dataset_name=set_name, data_dir=epath.Path(folder), split=split, filetype_suffix="array_record"
            )
            size = -(-len(rows) // num_shards)
            records = [[connector.serialize_example(row) for row in rows[size * shard : size * (shard + 1)]] for shard in range(num_shards)]
            for index, shard in enumerate(records):
                _write_records(folder / f"{set_name}-{split}.array_record-{index:05d}-of-{num_shards:05d}", shard)
            infos.append(
                tfds.core.SplitInfo(
                    name=split,
                    shard_lengths=[len(shard) for shard in records],
                    num_bytes=sum(len(record) for shard in records for record in shard),
                    filename_template=template,
                )
            )
        tfds.folder_dataset.write_metadata(
            data_dir=folder, features=connector, split_infos=infos, version=version, check_data=False, **info
        )
        return folder


def _write_records(path: Path, records: list[bytes]) -> None:
    writer = ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
        writer.write(record)
    writer.close()


def encode_idx(values: np.ndarray) -> bytes:
    """Gzipped IDX file of bytes."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes(), mtime=0)


def idx_files(train: Split, test: Split) -> dict[str, bytes]:
    """The four files of a set in MNIST's format, by name."""
    files = {}
    for prefix, split in (("train", train), ("t10k", test)):
        files[f"{prefix}-images-idx3-ubyte.gz"] = encode_idx(split.inputs[..., 0])
        files[f"{prefix}-labels-idx1-ubyte.gz"] = encode_idx(split.labels)
    return files


def idx_source_of(files: dict[str, bytes], url: str, name: str = "mnist") -> IdxSource:
    """A source whose registered checksums are those of ``files``."""
    infos = {
        url + filename: UrlInfo(size=Size(len(content)), checksum=hashlib.sha256(content).hexdigest(), filename=filename)
        for filename, content in files.items()
    }
    return IdxSource(name, "3.0.1", url, infos)


def store_downloads(source: IdxSource, files: dict[str, bytes], data_dir: Path) -> list[Path]:
    """Put the files where TFDS keeps the downloads of the source."""
    folder = data_dir / "downloads" / source.name
    folder.mkdir(parents=True)
    paths = [folder / get_dl_fname(url, info.checksum) for url, info in source.url_infos.items()]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of everything in a folder."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}
