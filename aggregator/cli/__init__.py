"""The commands: the only place that names the real network, database and clock."""
