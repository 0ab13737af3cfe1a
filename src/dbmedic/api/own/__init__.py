"""dbmedic's own API, for what no customer's API has a place for; its screens are clients of it."""
