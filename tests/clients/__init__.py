"""Real clients in front of the gateway, a scripted llama-server behind it. `nox -s clients -- NAME` runs test_NAME.py."""
