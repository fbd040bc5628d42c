"""Anthropic's Messages protocol in the shapes of ours: requests in, answers and streams out."""
