"""What the gateway costs, measured against nginx under the same load in the same run. See `python -m bench --help`."""
