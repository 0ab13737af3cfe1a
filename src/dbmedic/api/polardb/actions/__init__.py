"""The agent operations of PolarDB, one file each."""
