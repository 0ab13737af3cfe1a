"""The operations of RDS AI, one file each."""
