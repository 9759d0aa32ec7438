# Generated from specs/control (sha256 af041321b349). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a control request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
}
CANCEL_INFERENCE: Final = SupportTable(_NODES, "CancelInference")
