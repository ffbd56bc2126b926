"""One installation: how it begins, lives and ends, its tokens, its fields, its pages."""
