"""Callbacks are told of every finished arm; TensorBoard gets its mean curves."""

import importlib.util
import struct
import sys

import numpy as np
import pytest
from stats.synthetic import make_frame

from jaxnorm.experiments import study
from jaxnorm.experiments.architectures.study import ArchitectureArm
from jaxnorm.experiments.compare.__main__ import main
from jaxnorm.experiments.compare.study import CompareArm, CompareConfig
from jaxnorm.experiments.compare.train import INSTRUMENT
from jaxnorm.experiments.tracking import make_trackers, to_tensorboard
from jaxnorm.stats.table import tidy

ARM = CompareArm("batch", 16)
CONFIG = CompareConfig(norms=("batch",), batch_sizes=(16,), seeds=3, epochs=4)


class FakeWriter:
    """Remembers what it is told."""

    def __init__(self, path, written):
        self.path, self.written = path, written

    def add_scalar(self, tag, scalar_value, global_step):
        self.written[str(self.path), tag, global_step] = scalar_value

    def close(self):
        self.written["closed", str(self.path)] = True


def test_curves_are_means_over_seeds_by_epoch(tmp_path):
    written, rows = {}, make_frame(CONFIG)
    to_tensorboard(tmp_path, lambda path: FakeWriter(path, written))(ARM, rows)
    folder = str(tmp_path / "batch-16")
    assert written.pop(("closed", folder))
    for epoch in range(1, 5):
        chosen = rows[(rows.metric == "validation_loss") & (rows.epoch == epoch)]
        assert written[folder, "validation_loss", epoch] == pytest.approx(chosen.value.mean())
    assert {epoch for _, tag, epoch in written if tag == "test_accuracy"} == {4}
    assert len(written) == 4 * 4 + 2


def test_settings_within_an_arm_have_folders_of_their_own(tmp_path):
    written = {}
    columns = {"seed": [0, 1, 0, 1], "learning_rate": [0.1, 0.1, 0.01, 0.01]}
    rows = tidy(ArchitectureArm("none", "mlp"), columns, {"train_loss": np.array([[1.0], [2.0], [3.0], [5.0]])})
    to_tensorboard(tmp_path, lambda path: FakeWriter(path.relative_to(tmp_path), written))(ArchitectureArm("none", "mlp"), rows)
    assert written["none-mlp/learning_rate=0.1", "train_loss", 1] == 1.5
    assert written["none-mlp/learning_rate=0.01", "train_loss", 1] == 4.0


def test_callback_is_told_of_every_arm_once_it_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "draw_report", lambda *_args, **_options: None)
    config = CompareConfig(norms=("batch",), batch_sizes=(16,), seeds=2, epochs=1, hidden_sizes=(8,), out=tmp_path / "out")
    told = []

    def tell(arm, rows):
        assert (tmp_path / "out" / "arms" / f"{arm.key}.parquet").exists()
        told.append((arm.key, sorted(set(rows["seed"]))))

    assert study.run(config, INSTRUMENT, [tell]) == 0
    assert told == [("batch-16", [0, 1]), ("batch-16-control", [2, 3])]
    assert study.run(config, INSTRUMENT, [tell]) == 0  # arms of an earlier run are told of too
    assert told == 2 * told[:2]


def test_missing_package_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert main(["--tensorboard", str(tmp_path / "curves"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --tensorboard needs the package tensorboardX; pip install 'jaxnorm[tensorboard]'")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_file_in_place_of_the_folder_is_refused(tmp_path, capsys):
    (tmp_path / "curves").write_text("precious")
    assert main(["--tensorboard", str(tmp_path / "curves"), "--out", str(tmp_path / "out")]) == 2
    assert "is a file" in capsys.readouterr().err


def read_scalars(path):
    """Tag and step to value, out of a file of TFRecords: length (8 bytes), checksum (4), an event, checksum (4)."""
    from tensorboardX.proto.event_pb2 import Event

    content, scalars = path.read_bytes(), {}
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = Event.FromString(content[12 : 12 + length])
        scalars |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
        content = content[16 + length :]
    return scalars


@pytest.mark.skipif(importlib.util.find_spec("tensorboardX") is None, reason="needs tensorboardX (the extra tensorboard)")
def test_tensorboard_finds_the_curves_and_a_second_run_replaces_them(tmp_path):
    (write,) = make_trackers(CompareConfig(tensorboard=tmp_path), "mine")
    rows = make_frame(CONFIG)
    for _ in range(2):
        write(ARM, rows)
    (path,) = (tmp_path / "mine" / "batch-16").iterdir()
    scalars = read_scalars(path)
    assert len(scalars) == 4 * 4 + 2
    chosen = rows[(rows.metric == "train_loss") & (rows.epoch == 3)]
    assert scalars["train_loss", 3] == pytest.approx(chosen.value.mean(), rel=1e-6)
