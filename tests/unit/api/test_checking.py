"""What the test of a connection says where the server has nothing at the address, on real servers."""

from __future__ import annotations

from typing import Any

import pytest

from coderapp.api.client import CheckResult
from coderapp.api.http_client import HttpClient
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from tests.helpers.hostile_server import Exchange, answers, hostile_server
from tests.unit.api.scenes import completion, run

RIGHT = "right-key-1234"
WRONG = "wrong-key-5678"


async def _at_v1(exchange: Exchange) -> None:
    """A server whose API is below /v1 alone, and which looks at the key there only."""
    request = exchange.request
    if not request.target.startswith("/v1/"):
        await answers({"error": "Not Found"}, 404)(exchange)
    elif request.headers.get("authorization") != f"Bearer {RIGHT}":
        await answers({"error": "bad key"}, 401)(exchange)
    elif request.target == "/v1/models":
        await answers({"data": [{"id": "m-1"}]})(exchange)
    else:
        await answers(completion(content="x"))(exchange)


def check(path: str, key: str, behaviour: Any = _at_v1, **of: Any) -> tuple[CheckResult, str]:
    """The result, and the server's host and port."""

    async def scene() -> tuple[CheckResult, str]:
        async with hostile_server(behaviour) as server:
            client = HttpClient()
            try:
                profile = Profile("p", "Mine", of.get("kind", ProfileKind.OPENAI), server.url + path)
                return await client.check(profile, Secret(key)), server.host
            finally:
                await client.aclose()

    return run(scene())


@pytest.mark.parametrize("key", [WRONG, RIGHT])
@pytest.mark.parametrize(("path", "better"), [("", "/v1"), ("/", "/v1"), ("/api", "/api/v1")])
def test_an_address_without_its_version(path: str, better: str, key: str) -> None:
    result, host = check(path, key)
    assert (result.ok, result.reached, result.key_accepted) == (False, True, None)
    assert result.sentence == (
        f"{host} answers, but has nothing at {path.rstrip('/')}/chat/completions. "
        f"The address probably lacks /v1: try http://{host}{better}."
    )
    assert "key" not in result.sentence


def test_the_hint_is_right() -> None:
    assert check("/v1", RIGHT)[0].ok
    refused, _ = check("/v1", WRONG)
    assert (refused.ok, refused.key_accepted) == (False, False)


@pytest.mark.parametrize("path", ["/v2", "/v1beta/openai", "/api/v3/"])
def test_no_hint_where_the_address_has_a_version(path: str) -> None:
    result, host = check(path, WRONG)
    assert result.key_accepted is None
    assert result.sentence.startswith(f"{host} answers, but has nothing at {path.rstrip('/')}/chat/completions.")
    assert "/v1:" not in result.sentence


@pytest.mark.parametrize("body", [{}, {"detail": "Not Found"}, "<html>", "404 page not found"])
def test_whatever_a_server_says_with_its_404(body: Any) -> None:
    result, _ = check("", WRONG, answers(body, 404))
    assert result.key_accepted is None
    assert "probably lacks /v1" in result.sentence


def test_a_missing_model_is_not_a_missing_path() -> None:
    result, host = check("", WRONG, answers({"error": {"message": "model 'm-9' not found"}}, 404))
    assert result.key_accepted is None
    assert result.sentence == f"{host} answers, but refuses the test: model 'm-9' not found"


def test_another_method_than_post() -> None:
    result, host = check("", WRONG, answers({}, 405))
    assert result.key_accepted is None
    assert (
        result.sentence
        == f"{host} answers, but takes no prompts at /chat/completions. Check the address in the profile."
    )


def test_pixlab_has_no_version() -> None:
    result, host = check("/coder", WRONG, answers({}, 404), kind=ProfileKind.PIXLAB)
    assert result.key_accepted is None
    assert result.sentence == f"{host} answers, but has nothing at /coder. Check the address in the profile."
