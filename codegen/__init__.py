"""Turns `specs/` into `src/triglot/generated/`: `python -m codegen`, or `nox -s generate`.

One module a step: `source` reads and bundles, `keywords`, `unions`, `support`, `operations` and `order` check and extract, `models` calls
datamodel-code-generator, `render` fills the templates, `write` writes or compares the tree.
"""
