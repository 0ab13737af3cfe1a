"""The Model Context Protocol: dbmedic's tools, pages and prompts for whatever speaks it.

`serving`, `tools`, `pages` and `prompts` import the `mcp` package, which takes a second: they are imported with the
first request, never at the start.
"""
