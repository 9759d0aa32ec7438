# Generated from specs/control (sha256 47596356eba5). DO NOT EDIT.
# Regenerate: nox -s generate
"""Where the fields of a control request stand that are ignored or rejected."""

from typing import Final

from triglot.support import Lossy, Node, SupportTable

_NODES: Final[dict[str, Node]] = {
}
CANCEL_INFERENCE: Final = SupportTable(_NODES, "CancelInference")
CANCEL_LOAD: Final = SupportTable(_NODES, "CancelLoad")
ENGINE_OPTIONS: Final = SupportTable(_NODES, "EngineOptions")
GENERATE_TEXT: Final = SupportTable(_NODES, "GenerateText")
GET_ENGINE_PROGRESS_QUERY: Final = SupportTable(_NODES, "GetEngineProgressQuery")
LOAD_ENGINE: Final = SupportTable(_NODES, "LoadEngine")
