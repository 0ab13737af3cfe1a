"""AG-UI, the protocol between agents and the applications that show them: https://docs.ag-ui.com."""
