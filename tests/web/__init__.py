"""The web client, without a browser."""
