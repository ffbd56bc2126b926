"""Words and rules of news and its delivery, which every room may use."""
