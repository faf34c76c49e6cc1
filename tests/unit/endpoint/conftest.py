"""A model over three small snippets, the model over the shipped library, and a server over it on loopback."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from coderapp.core.resources import resource_path
from coderapp.endpoint.app import EndpointSettings
from coderapp.endpoint.library import Snippet, load_library
from coderapp.endpoint.model import SampleModel
from tests.unit.endpoint.support import KEY, Running, Writer, run_server, write_library


@pytest.fixture
def library_folder(tmp_path: Path) -> Path:
    return write_library(tmp_path / "snippets")


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> SampleModel:
    return SampleModel(load_library(write_library(tmp_path_factory.mktemp("snippets"))))


@pytest.fixture(scope="session")
def library() -> tuple[Snippet, ...]:
    return load_library(resource_path("snippets"))


@pytest.fixture(scope="session")
def model(library: tuple[Snippet, ...]) -> SampleModel:
    return SampleModel(library)


@pytest.fixture(scope="session")
def write() -> Writer:
    return Writer()


@pytest.fixture(scope="session")
def endpoint(model: SampleModel) -> Generator[Running]:
    yield from run_server(model, EndpointSettings(KEY))


@pytest.fixture
def narrow(small_model: SampleModel) -> Generator[Running]:
    """A slow one with small limits: one answer at a time, 20 tokens a second, bodies of 2,000 bytes."""
    yield from run_server(small_model, EndpointSettings(KEY, tokens_per_second=20, max_body=2000, max_answers=1))
