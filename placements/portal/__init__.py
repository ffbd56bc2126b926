"""A portal's own pages: the installer, its set-up and the views of its cards."""
