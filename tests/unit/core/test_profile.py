from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.profile import (
    PIXLAB_URL,
    KeyPlacement,
    Profile,
    ProfileKind,
    Timeouts,
    address_fault,
    built_in_profile,
    pixlab_profile,
)


def openai(base_url: str) -> Profile:
    return Profile("o", "O", ProfileKind.OPENAI, base_url=base_url)


@pytest.mark.parametrize(
    ("base_url", "chat", "models"),
    [
        ("https://h/v1", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h/v1/", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h/v1//", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h/v1/chat/completions/", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1/chat/completions", "http://localhost:11434/v1/models"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions", "http://[::1]:8080/v1/models"),
        ("http://[fe80::1]", "http://[fe80::1]/chat/completions", "http://[fe80::1]/models"),
        ("HTTPS://Host/v1", "https://Host/v1/chat/completions", "https://Host/v1/models"),
        ("https://h/a/b?version=1", "https://h/a/b/chat/completions?version=1", "https://h/a/b/models?version=1"),
        (
            "https://h/v1/chat/completions?version=1/",
            "https://h/v1/chat/completions?version=1/",
            "https://h/v1/models?version=1/",
        ),
        ("https://h/v1#top", "https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h?", "https://h/chat/completions", "https://h/models"),
    ],
)
def test_where_an_openai_profile_talks(base_url: str, chat: str, models: str) -> None:
    assert openai(base_url).chat_url == chat
    assert openai(base_url).models_url == models


@pytest.mark.parametrize("kind", [ProfileKind.PIXLAB, ProfileKind.BUILT_IN])
@pytest.mark.parametrize(
    ("base_url", "chat"),
    [
        (PIXLAB_URL, PIXLAB_URL),
        ("https://h/coder/", "https://h/coder"),
        ("https://h/coder?key=1", "https://h/coder?key=1"),
        ("http://127.0.0.1:4000/coder", "http://127.0.0.1:4000/coder"),
    ],
)
def test_where_prompts_of_pixlab_s_dialect_go(kind: ProfileKind, base_url: str, chat: str) -> None:
    assert Profile("p", "P", kind, base_url=base_url).chat_url == chat


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        (PIXLAB_URL, "https://llm.pixlab.io"),
        ("http://127.0.0.1:4000/coder?x=1#y", "http://127.0.0.1:4000"),
        ("http://[::1]:80/a/b/c", "http://[::1]:80"),
        ("https://h", "https://h"),
    ],
)
def test_the_tools_stand_on_the_same_host(base_url: str, host: str) -> None:
    profile = Profile("p", "P", ProfileKind.PIXLAB, base_url=base_url)
    assert profile.tools_address == f"{host}/tools"
    assert profile.toolcall_address == f"{host}/toolcall"
    assert profile.beside("/v1/models") == f"{host}/v1/models"


def test_the_tools_addresses_of_a_profile_win() -> None:
    profile = Profile(
        "p", "P", ProfileKind.PIXLAB, PIXLAB_URL, tools_url="https://t/list", toolcall_url="https://t/call"
    )
    assert profile.tools_address == "https://t/list"
    assert profile.toolcall_address == "https://t/call"


@pytest.mark.parametrize("base_url", ["", "http://[::1", "localhost:11434/v1", "//h/v1", "http://", "nonsense"])
@pytest.mark.parametrize("kind", ProfileKind)
def test_an_unusable_address_stays_as_it_is_and_has_a_fault(base_url: str, kind: ProfileKind) -> None:
    profile = Profile("p", "P", kind, base_url=base_url)
    for address in (profile.chat_url, profile.models_url, profile.tools_address, profile.toolcall_address):
        assert address == base_url
        assert address_fault(address)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://llm.pixlab.io/coder", None),
        ("http://localhost:11434/v1", None),
        ("HTTP://LOCALHOST", None),
        ("http://[::1]:8080/", None),
        ("https://bücher.example/v1?x=1", None),
        ("", "The address must begin with http:// or https://."),
        ("llm.pixlab.io", "The address must begin with http:// or https://."),
        ("localhost:80", "The address must begin with http:// or https://."),
        ("ftp://h/", "The address must begin with http:// or https://."),
        ("file:///etc/passwd", "The address must begin with http:// or https://."),
        ("javascript:alert(1)", "The address must begin with http:// or https://."),
        ("http://", "The address names no host."),
        ("http:///v1", "The address names no host."),
        ("http://:80/", "The address names no host."),
        ("http://h:99999/", "The address can't be read: Port out of range 0-65535."),
        ("http://[::1", "The address can't be read: Invalid IPv6 URL."),
        ("http://u@h/", "The address must not hold a user name or password; enter the key in its own field."),
        ("http://u:p@h/", "The address must not hold a user name or password; enter the key in its own field."),
        ("http://:p@h/", "The address must not hold a user name or password; enter the key in its own field."),
    ],
)
def test_faults(url: str, fault: str | None) -> None:
    assert address_fault(url) == fault


@pytest.mark.parametrize("bad", [" ", "\n", "\t", "\x00", "\x7f", "\u200b", "\u00a0", "\u202e", "\ud800"])
@pytest.mark.parametrize("form", ["http://ho{}st/v1", "http://host/v{}1", "http://host/v1{}", "http://host/?a={}"])
def test_what_can_t_be_seen_is_refused_anywhere(bad: str, form: str) -> None:
    fault = address_fault(form.format(bad))
    assert fault is not None
    assert fault.endswith(".")


def test_a_password_is_not_repeated() -> None:
    assert "hunter2" not in str(address_fault("https://me:hunter2@h/v1"))


junk = st.text(st.characters(), max_size=40) | st.text("htps:/[]@#?%.:0189af \n\\\u2100\ud800", max_size=30)


@given(junk | junk.map("http://{}".format) | junk.map("https://h:{}".format) | junk.map("http://h/{}".format))
def test_any_text_is_an_address_or_has_a_fault(url: str) -> None:
    fault = address_fault(url)
    addresses = [openai(url).chat_url, openai(url).models_url, openai(url).tools_address]
    if fault is not None:
        assert fault.startswith("The address ")
        assert fault.endswith(".")
        return
    parts = urlsplit(url)
    for address in addresses:
        assert address_fault(address) is None
        assert urlsplit(address).netloc == parts.netloc
        assert urlsplit(address).scheme == parts.scheme


def test_the_profiles_of_the_first_start() -> None:
    built_in, pixlab = built_in_profile(), pixlab_profile()
    assert (built_in.kind, built_in.stream, built_in.needs_key) == (ProfileKind.BUILT_IN, True, False)
    assert built_in.starts_with == {"format": "markdown"}
    assert (pixlab.kind, pixlab.stream, pixlab.needs_key) == (ProfileKind.PIXLAB, False, True)
    assert pixlab.chat_url == "https://llm.pixlab.io/coder"
    assert pixlab.tools_address == "https://llm.pixlab.io/tools"
    assert pixlab.toolcall_address == "https://llm.pixlab.io/toolcall"
    assert pixlab.key_placement is KeyPlacement.HEADER
    assert pixlab.timeouts == Timeouts(connect=10, first_byte=300, between_bytes=120)
    assert not openai("https://h/v1").needs_key
    assert [kind.label for kind in ProfileKind] == ["Built-in", "PixLab CODER", "OpenAI-compatible"]
