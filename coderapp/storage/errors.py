"""The leaves of StorageError and KeyringError, and how an OSError becomes one.

StorageError
├── DiskFull              no room, a quota or a size limit
├── ReadOnly              the file system takes no writes
├── NoPermission          the folder or file belongs to somebody else
├── DiskFault             the disk reports an error (EIO)
├── FolderMissing         the folder went away, or stands on something that is not a folder
├── FolderInUse           another coderapp works in the data folder (storage.lock)
├── NewerVersion          the file is of a later version of the program; it is left as it is
└── UnknownConversation   there is no file of that name
KeyringError
├── KeyringAbsent         no keyring on this system, or no bus to reach it by
├── KeyringLocked         there is one, and it stays locked
└── KeyringSilent         there is one, and it does not answer or answers with a fault
"""

from __future__ import annotations

import errno
from pathlib import Path

from coderapp.core.errors import KeyringError, StorageError


class DiskFull(StorageError):
    default_advice = "Make room on the disk; what you see in the window is saved with the next change."


class ReadOnly(StorageError):
    default_advice = "Mount it writable, or start coderapp with --data-dir and another folder."


class NoPermission(StorageError):
    default_advice = "Make the folder yours, or start coderapp with --data-dir and another folder."


class DiskFault(StorageError):
    default_advice = "Look after the disk and make a copy of the data folder."


class FolderMissing(StorageError):
    default_advice = "Bring the folder back, or start coderapp with --data-dir and another folder."


class NewerVersion(StorageError):
    default_advice = "Change it with the newer coderapp; this one can show it, and leaves the file as it is."


class UnknownConversation(StorageError):
    default_advice = "It may have been deleted or moved by another program."


class KeyringAbsent(KeyringError):
    pass


class KeyringLocked(KeyringError):
    default_advice = "Unlock the keyring and try again. Until then the key is kept in memory for this run."


class KeyringSilent(KeyringError):
    pass


_CAUSES: dict[int, tuple[type[StorageError], str]] = {
    errno.ENOSPC: (DiskFull, "the disk is full"),
    errno.EDQUOT: (DiskFull, "your disk quota is used up"),
    errno.EFBIG: (DiskFull, "the file would become larger than is allowed here"),
    errno.EROFS: (ReadOnly, "the file system is read-only"),
    errno.EACCES: (NoPermission, "there is no permission"),
    errno.EPERM: (NoPermission, "there is no permission"),
    errno.EIO: (DiskFault, "the disk reports an error"),
    errno.ENOENT: (FolderMissing, "it is not there"),
    errno.ENOTDIR: (FolderMissing, "a file stands where its folder should be"),
}


def from_os(error: OSError, action: str, path: Path) -> StorageError:
    """`action` is what did not happen ("could not be saved"). The path is named in full: the user has to find it."""
    kind, cause = _CAUSES.get(error.errno or 0, (StorageError, (error.strerror or str(error)).lower()))
    return kind(f"{path} {action}: {cause}.")
