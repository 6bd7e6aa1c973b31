"""What the subcommands of ``holdfast`` do."""
