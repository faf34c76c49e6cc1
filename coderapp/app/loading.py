"""What a command imports while signals wait."""

from __future__ import annotations

import signal


def load_forms() -> None:
    """Imports what reads conversations. Meanwhile the signals that end a program wait: an exception that one of them
    raises while msgspec looks at types makes it crash.
    """
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM}) if mask else None
    from coderapp.storage import forms

    assert forms.decode_messages(b"[]") == []
    if mask:
        mask(signal.SIG_SETMASK, before)
