"""The agent operations of DAS, one file each."""
