"""Every reader, in the order in which progress is shown."""

from __future__ import annotations

from connector.sync.kinds.accounts import Accounts
from connector.sync.kinds.reader import Reader

READERS: tuple[Reader, ...] = (Accounts(),)
