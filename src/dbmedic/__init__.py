"""dbmedic, the open AI DBA that runs on your own machine."""

__version__ = "0.1.0"
