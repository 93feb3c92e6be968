"""Folders of their own for these tests, and the real data where TFDS_DATA_DIR names them."""

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from data.sets import TfdsWriter

REAL_DATA_DIR = os.environ.get("TFDS_DATA_DIR")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's cache, home or TFDS folder, nor a proxy."""
    monkeypatch.setenv("JAXNORM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def real_data_dir() -> Path:
    if not REAL_DATA_DIR or not (Path(REAL_DATA_DIR) / "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR names no folder with a prepared MNIST")
    return Path(REAL_DATA_DIR)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty folder of TFDS sets."""
    folder = tmp_path / "tfds"
    folder.mkdir()
    return folder


@pytest.fixture
def write_tfds(data_dir: Path) -> TfdsWriter:
    return TfdsWriter(data_dir)


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[dict[str, bytes]], str]]:
    """Start a server on this machine that has the files; returns its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def start(files: dict[str, bytes]) -> str:
            for name, content in files.items():
                (folder / name).write_bytes(content)
            return f"http://127.0.0.1:{server.server_port}/"

        yield start
        server.shutdown()
        thread.join()
