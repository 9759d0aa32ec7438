"""A reference server for all three dialects, honest unless told otherwise: each way to be wrong is a defect that can be switched on.

It proves the conformance suite. Without defects every live case passes; with one of them the case that the defect names fails.
"""
