"""The only place that wires: command line, settings, server, edge, problems."""
