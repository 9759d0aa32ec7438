"""The scorecard: several servers over the same engine and model, held against the suite by one command."""
