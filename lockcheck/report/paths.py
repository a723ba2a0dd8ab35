"""Names of files as those see them who know only the checkout: code scanning, annotations on a pull request.

Is: names put together. Is not: a look at the disk.
"""

from __future__ import annotations

import posixpath

from lockcheck.report.view import View


def in_checkout(file: str, view: View) -> str | None:
    """``file`` from the top of the checkout; None when it is not in it: a shipped model, or one from elsewhere."""
    if not file or file in view.shipped or posixpath.isabs(file):
        return None
    path = posixpath.normpath(view.prefix + file)
    return None if path.startswith("../") or path == ".." else path
