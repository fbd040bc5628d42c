"""Models of every other provider, by the adapter library litellm; loaded at the first call."""
